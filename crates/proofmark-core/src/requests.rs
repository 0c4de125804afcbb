//! What a policy asks of prediction tables, so that whoever reads them computes that and no more.

use crate::config::{Limits, Procedure, Table};
use crate::evidence::selector_columns;
use crate::gate::{BEST, WINDOW};
use crate::key::Key;
use crate::policy::{CompiledRule, Policy};

/// One metric of one table on some rows.
#[derive(Debug, Clone, PartialEq)]
pub struct TableRequest {
    /// The metric as the policy writes it: `accuracy`, `quantile(0.95, latency)`.
    pub metric: String,
    /// A value for each of some columns, `*` for each value in turn; none is all rows.
    pub selector: Vec<(String, String)>,
    /// What the head is compared with, where that is not the base: a name of `[baselines]`.
    pub against: Option<String>,
    /// The procedure that the rule insists on.
    pub procedure: Procedure,
    /// One-sided error probability of the verdict.
    pub alpha: f64,
    /// Differences, head less base, at which a verdict turns; a resampling has to be precise there.
    pub decide_at: Vec<f64>,
    /// The same as shares of the base's size.
    pub decide_at_shares: Vec<f64>,
}

impl Policy {
    /// What all rules ask of one table, and what it shows beside them. Requests that differ only in their margins are one.
    pub fn requests(&self, table: &Table) -> Vec<TableRequest> {
        let mut requests: Vec<TableRequest> = Vec::new();
        for rule in self.rules.iter().filter(|rule| rule.table.as_deref() == Some(&table.name)) {
            for metric in metrics_of(rule, table) {
                let named = |name: &&String| *name != BEST && *name != WINDOW;
                add(&mut requests, self.request(rule, &metric, rule.baseline.as_ref().filter(named), rule.limits));
                if rule.baseline.is_some() {
                    // The plain comparison says which slices there are, and gives the head's value.
                    add(&mut requests, self.request(rule, &metric, None, Limits::default()));
                }
                if let Some((name, budget)) = rule.anchor.as_ref().filter(|(name, _)| name != BEST) {
                    let limits = Limits { max_regression_abs: Some(*budget), ..Limits::default() };
                    add(&mut requests, self.request(rule, &metric, Some(name), limits));
                }
            }
        }
        for (metric, selector) in self.composite_metrics(&table.name) {
            add(&mut requests, self.shown(metric, selector));
        }
        let parts: Vec<Vec<(String, String)>> = table.slices.iter().map(|slice| each_value(slice)).collect();
        for metric in &table.metrics {
            for selector in std::iter::once(Vec::new()).chain(parts.iter().cloned()) {
                add(&mut requests, self.shown(metric.clone(), selector));
            }
        }
        requests
    }

    fn request(&self, rule: &CompiledRule, metric: &str, against: Option<&String>, limits: Limits) -> TableRequest {
        let told = rule.direction.or_else(|| self.orient_alone(&Key::from_canonical(metric)).map(|oriented| oriented.direction));
        // Both ways where only the metric's own definition says which way is better.
        let turns = |margin: f64| match told {
            Some(direction) => vec![0.0 - direction.improvement(margin)],
            None => vec![-margin, margin],
        };
        let limits: Vec<Limits> = [Some(limits), rule.warn].into_iter().flatten().collect();
        TableRequest {
            metric: metric.to_owned(),
            selector: rule.selector.clone(),
            against: against.cloned(),
            procedure: rule.judging.procedure,
            alpha: rule.judging.alpha,
            decide_at: limits.iter().filter_map(|limits| limits.max_regression_abs).flat_map(turns).collect(),
            decide_at_shares: limits.iter().filter_map(|limits| limits.max_regression_rel).flat_map(turns).collect(),
        }
    }

    /// A metric that no rule judges by itself.
    fn shown(&self, metric: String, selector: Vec<(String, String)>) -> TableRequest {
        TableRequest {
            metric,
            selector,
            against: None,
            procedure: Procedure::Auto,
            alpha: self.situations.alpha,
            decide_at: Vec::new(),
            decide_at_shares: Vec::new(),
        }
    }
}

/// Every value of each column in turn: `country*device`.
pub(crate) fn each_value(columns: &str) -> Vec<(String, String)> {
    selector_columns(columns).into_iter().map(|column| (column.to_owned(), "*".to_owned())).collect()
}

fn metrics_of(rule: &CompiledRule, table: &Table) -> Vec<String> {
    if rule.metric.is_literal() {
        return vec![rule.metric.as_str().to_owned()];
    }
    table.metrics.iter().filter(|metric| rule.metric.matches(metric)).cloned().collect()
}

/// One evaluation serves all requests for the same rows, unless they ask for another procedure.
fn add(requests: &mut Vec<TableRequest>, new: TableRequest) {
    let same = |old: &&mut TableRequest| old.metric == new.metric && old.selector == new.selector && old.against == new.against;
    match requests.iter_mut().find(same) {
        Some(old) => {
            old.decide_at.extend(new.decide_at);
            old.decide_at_shares.extend(new.decide_at_shares);
            old.alpha = old.alpha.min(new.alpha);
            if old.procedure == Procedure::Auto {
                old.procedure = new.procedure;
            }
        }
        None => requests.push(new),
    }
}
