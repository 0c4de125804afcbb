//! Rules over the slices of one metric: how far apart they may be, and how bad the worst may get.

use std::collections::BTreeSet;

use proofmark_stats::Verdict as Interval;
use proofmark_stats::multiple::holm;

use super::estimate::{Estimate, NameError, finite, of_metric};
use super::forms::{is_pass, missing, pair};
use super::{CompositeOutcome, Measure, Slices, exceeds};
use crate::direction::Direction;
use crate::evidence::Slice;
use crate::gate::Verdict;
use crate::key::Key;

/// The estimates by one way to slice: those with enough rows, and how many have fewer.
struct Group<'a> {
    by: &'a [String],
    kept: Vec<&'a Estimate>,
    left_out: usize,
}

impl Group<'_> {
    fn told(&self) -> String {
        format!("slices by {}", self.by.join(" and "))
    }
}

fn groups<'a>(slices: &'a Slices, estimates: &'a [Estimate]) -> Result<Vec<Group<'a>>, NameError> {
    let all = of_metric(estimates, &slices.metric, slices.table.as_deref())?;
    let group = |by: &'a Vec<String>| {
        let is_in = |estimate: &&&Estimate| estimate.slice.parts().map(|(column, _)| column).eq(by.iter().map(String::as_str));
        let (kept, few): (Vec<&Estimate>, Vec<&Estimate>) =
            all.iter().filter(is_in).copied().partition(|estimate| estimate.n >= slices.min_rows);
        Group { by, kept, left_out: few.len() }
    };
    Ok(slices.by.iter().map(group).collect())
}

/// The metric as a whole, if the head does not have it any more.
fn gone<'a>(slices: &Slices, estimates: &'a [Estimate]) -> Result<Option<&'a Estimate>, NameError> {
    let all = of_metric(estimates, &slices.metric, slices.table.as_deref())?;
    let is_gone = all.iter().all(|estimate| estimate.candidate.is_none()) && all.iter().any(|estimate| estimate.baseline.is_some());
    Ok(all.into_iter().min_by_key(|estimate| !estimate.slice.is_all()).filter(|_| is_gone))
}

/// The largest value less the smallest: at the head at most `max`, and at most `max_change` more than at the base. Of several
/// ways to slice the worst counts.
pub(super) fn gap(
    slices: &Slices,
    max: Option<f64>,
    max_change: Option<f64>,
    estimates: &[Estimate],
) -> Result<CompositeOutcome, NameError> {
    if let Some(gone) = gone(slices, estimates)? {
        return Ok(missing(gone));
    }
    let judged = groups(slices, estimates)?.into_iter().map(|group| {
        let left_out = left_out(group.left_out, slices.min_rows);
        let outcome = gap_of(&group, max, max_change);
        CompositeOutcome { explanation: format!("{}{left_out}", outcome.explanation), ..outcome }
    });
    let gap = |outcome: &CompositeOutcome| outcome.measure.and_then(|measure| measure.candidate).unwrap_or(f64::NEG_INFINITY);
    let worst = judged.min_by(|one, two| one.verdict.cmp(&two.verdict).then(gap(two).total_cmp(&gap(one))));
    Ok(worst.unwrap_or_else(|| too_few("slices", 0)))
}

fn gap_of(group: &Group<'_>, max: Option<f64>, max_change: Option<f64>) -> CompositeOutcome {
    let Some(head) = Spread::of(&group.kept, |estimate| finite(estimate.candidate)) else {
        return too_few(&group.told(), group.kept.len());
    };
    // The change is of the same slices on both sides.
    let both: Vec<&Estimate> =
        group.kept.iter().filter(|estimate| finite(estimate.candidate).is_some() && finite(estimate.baseline).is_some()).copied().collect();
    let changed = Spread::of(&both, |estimate| finite(estimate.candidate)).zip(Spread::of(&both, |estimate| finite(estimate.baseline)));
    let mut reasons = Vec::new();
    let mut told = vec![format!("the gap between {} is {}", group.told(), head.told(max))];
    if let Some(max) = max {
        told.push(format!("at most {} is allowed", pair(Some(head.gap()), max).1));
        if exceeds(head.gap(), max, &[head.most, head.least, max]) {
            reasons.push("gap-above-max");
        }
    }
    if let (Some(limit), Some((now, then))) = (max_change, &changed) {
        let growth = now.gap() - then.gap();
        let (growth_told, limit_told) = pair(Some(growth), limit);
        told.push(format!(
            "it was {} at the base, a change of {growth_told}, of which {limit_told} is allowed",
            pair(Some(then.gap()), now.gap()).0
        ));
        if exceeds(growth, limit, &[now.most, now.least, then.most, then.least, limit]) {
            reasons.push("gap-change-above-max");
        }
    }
    let unknown_head = group.kept.iter().any(|estimate| finite(estimate.candidate).is_none());
    let unknown_base = max_change.is_some() && both.len() < group.kept.len();
    let verdict = if !reasons.is_empty() {
        Verdict::Fail
    } else if unknown_head {
        reasons.push("undefined-candidate");
        told.push("the metric is not defined at the head for each slice".to_owned());
        Verdict::Inconclusive
    } else if max_change.is_some() && both.is_empty() {
        reasons.push("no-baseline");
        told.push("the base has no values to compare with".to_owned());
        Verdict::NoBaseline
    } else if unknown_base {
        reasons.push("undefined-baseline");
        told.push("the metric is not defined at the base for each slice".to_owned());
        Verdict::Inconclusive
    } else {
        Verdict::Pass
    };
    let measure = Measure { baseline: changed.map(|(_, then)| then.gap()), candidate: Some(head.gap()), direction: Direction::Lower };
    CompositeOutcome { worst: Some(head.worst()), measure: Some(measure), ..CompositeOutcome::new(verdict, &reasons, told.join("; ")) }
}

/// The slices with the largest and the smallest value.
struct Spread<'a> {
    most: f64,
    least: f64,
    highest: &'a Estimate,
    lowest: &'a Estimate,
}

impl<'a> Spread<'a> {
    /// `None` for fewer than two values.
    fn of(slices: &[&'a Estimate], value: impl Fn(&Estimate) -> Option<f64>) -> Option<Self> {
        let values: Vec<(f64, &'a Estimate)> = slices.iter().filter_map(|estimate| Some((value(estimate)?, *estimate))).collect();
        if values.len() < 2 {
            return None;
        }
        let (most, highest) = values.iter().copied().max_by(|one, two| one.0.total_cmp(&two.0))?;
        let (least, lowest) = values.iter().copied().min_by(|one, two| one.0.total_cmp(&two.0))?;
        Some(Self { most, least, highest, lowest })
    }

    fn gap(&self) -> f64 {
        self.most - self.least
    }

    fn told(&self, max: Option<f64>) -> String {
        let gap = pair(Some(self.gap()), max.unwrap_or_else(|| self.gap())).0;
        let (most, least) = pair(Some(self.most), self.least);
        format!(
            "{gap} ({most} for {}, {least} for {})",
            super::estimate::bounded(&self.highest.slice.to_string()),
            super::estimate::bounded(&self.lowest.slice.to_string())
        )
    }

    /// The slice that is worse off; the lower where nobody said which way is better.
    fn worst(&self) -> (Key, Slice) {
        let worst = if self.lowest.oriented == Some(Direction::Lower) { self.highest } else { self.lowest };
        (worst.metric.clone(), worst.slice.clone())
    }
}

/// Passes when every slice is shown to be no more than the margin worse; fails when some is shown to be worse than that, by
/// p-values adjusted for the number of slices (Holm 1979). One number a side claims no noise, and is judged as it is.
pub(super) fn worst_slice(slices: &Slices, margin: Option<f64>, alpha: f64, estimates: &[Estimate]) -> Result<CompositeOutcome, NameError> {
    if let Some(gone) = gone(slices, estimates)? {
        return Ok(missing(gone));
    }
    let groups = groups(slices, estimates)?;
    let kept: Vec<&Estimate> = groups.iter().flat_map(|group| group.kept.iter().copied()).collect();
    let few = groups.iter().map(|group| group.left_out).sum();
    if kept.is_empty() {
        let outcome = too_few("slices", 0);
        return Ok(CompositeOutcome { explanation: format!("{}{}", outcome.explanation, left_out(few, slices.min_rows)), ..outcome });
    }
    let accepted = |estimate: &Estimate| margin.or(finite(estimate.margin)).unwrap_or(0.0);
    let adjusted = holm(&kept.iter().map(|estimate| p_inferior(estimate, accepted(estimate))).collect::<Vec<_>>());
    let mut failed = BTreeSet::new();
    for (index, (estimate, p)) in kept.iter().zip(&adjusted).enumerate() {
        let is_shown = if estimate.is_noisy() { p.is_some_and(|p| p <= alpha) } else { true };
        if is_shown && estimate.within(accepted(estimate)) == Some(Interval::Fail) {
            failed.insert(index);
        }
    }
    let all_kept = kept.iter().all(|estimate| estimate.within(accepted(estimate)).and_then(is_pass) == Some(true));
    // What failed comes first, then what is not known, then the smallest lower limit.
    let worst = kept.iter().enumerate().min_by(|(one_at, one), (two_at, two)| {
        let rank = |at: &usize, estimate: &Estimate| (!failed.contains(at), estimate.at_worst().is_some());
        let limit = |estimate: &Estimate| estimate.at_worst().unwrap_or(0.0);
        rank(one_at, one).cmp(&rank(two_at, two)).then(limit(one).total_cmp(&limit(two)))
    });
    let Some((at, worst)) = worst else { return Ok(too_few("slices", 0)) };
    let (limit, margin) = pair(worst.at_worst(), 0.0 - accepted(worst));
    let p = adjusted.get(at).copied().flatten().map_or_else(String::new, |p| format!(", adjusted p {}", crate::number::significant(p, 3)));
    let told = format!(
        "of {} slices the worst is {}: its improvement is at worst {limit}, and {margin} is allowed{p}{}",
        kept.len(),
        worst.told(),
        left_out(few, slices.min_rows)
    );
    let no_baseline = kept.iter().all(|estimate| finite(estimate.baseline).is_none());
    let (verdict, reasons): (_, &[&str]) = if !failed.is_empty() {
        (Verdict::Fail, &["worst-slice"])
    } else if all_kept {
        (Verdict::Pass, &[])
    } else if no_baseline {
        (Verdict::NoBaseline, &["no-baseline"])
    } else {
        (Verdict::Inconclusive, &["not-shown"])
    };
    Ok(CompositeOutcome { worst: Some((worst.metric.clone(), worst.slice.clone())), ..CompositeOutcome::new(verdict, reasons, told) })
}

/// The p-value, if it was computed for this margin.
fn p_inferior(estimate: &Estimate, margin: f64) -> Option<f64> {
    let computed = finite(estimate.margin)?;
    let is_same = !exceeds(computed, margin, &[]) && !exceeds(margin, computed, &[]);
    finite(estimate.p_inferior).filter(|_| is_same && estimate.is_noisy())
}

fn too_few(what: &str, found: usize) -> CompositeOutcome {
    let told = format!("there are too few {what} with enough rows and a value ({found})");
    CompositeOutcome::new(Verdict::Inconclusive, &["too-few-slices"], told)
}

fn left_out(count: usize, min_rows: u64) -> String {
    match count {
        0 => String::new(),
        1 => format!("; 1 slice with fewer than {min_rows} rows is left out"),
        _ => format!("; {count} slices with fewer than {min_rows} rows are left out"),
    }
}
