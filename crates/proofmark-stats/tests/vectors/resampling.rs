//! Resampling, ROC curves and metrics of counts.

use proofmark_stats::bootstrap::{ExactDifference, Replicates, Resampling, bca_interval, count_replicates};
use proofmark_stats::counts::{Cells, Confusion, CountMetric};
use proofmark_stats::roc::{RankMetric, RankedPair, delong, roc_auc};
use serde_json::json;

use crate::case::{Answer, Case, figure, number};

pub(crate) fn answer(case: &Case<'_>) -> Option<Answer> {
    Some(match case.procedure() {
        "classification_metrics" => of_counts(case),
        "roc_auc" => {
            let weights = case.input("weight").is_array().then(|| case.numbers("weight"));
            vec![("roc_auc", figure(roc_auc(&classes(case, "y"), &case.numbers("score"), weights.as_deref())))]
        }
        "delong_paired" => of_delong(case),
        "exact_bootstrap_accuracy_difference" => of_exact(case),
        "bca_interval_from_replicates" => of_bca(case),
        "paired_bootstrap" => of_bootstrap(case),
        _ => return None,
    })
}

fn classes(case: &Case<'_>, name: &str) -> Vec<bool> {
    case.numbers(name).iter().map(|class| *class == 1.0).collect()
}

fn of_counts(case: &Case<'_>) -> Answer {
    let counts = Confusion::count(&classes(case, "y"), &classes(case, "prediction"));
    let metrics = [
        ("accuracy", CountMetric::Accuracy),
        ("balanced_accuracy", CountMetric::BalancedAccuracy),
        ("precision", CountMetric::Precision),
        ("recall", CountMetric::Recall),
        ("specificity", CountMetric::Specificity),
        ("f1", CountMetric::F1),
        ("mcc", CountMetric::Mcc),
    ];
    metrics.map(|(name, metric)| (name, figure(metric.of(&counts)))).to_vec()
}

fn of_delong(case: &Case<'_>) -> Answer {
    let (base, head) = (case.numbers("score_baseline"), case.numbers("score_candidate"));
    let test = delong(&classes(case, "y"), &base, &head, case.direction(), case.setting("margin"), case.setting("alpha"));
    let areas = test.map(|test| test.figures);
    let result = test.map(|test| test.result);
    vec![
        ("auc_baseline", figure(areas.map(|areas| areas.base))),
        ("auc_candidate", figure(areas.map(|areas| areas.head))),
        ("var_baseline", figure(areas.map(|areas| areas.var_base))),
        ("var_candidate", figure(areas.map(|areas| areas.var_head))),
        ("covariance", figure(areas.map(|areas| areas.covariance))),
        ("difference", figure(areas.map(|areas| areas.head - areas.base))),
        ("se_difference", figure(result.and_then(|result| result.se))),
        ("z", figure(test.and_then(|test| test.z))),
        ("p_two_sided", figure(result.and_then(|result| result.p_two_sided))),
        ("p_noninferior", figure(result.and_then(|result| result.p_noninferior))),
        ("p_inferior", figure(result.and_then(|result| result.p_inferior))),
        ("lower", figure(result.and_then(|result| result.lower))),
        ("upper", figure(result.and_then(|result| result.upper))),
        ("verdict", json!(result.map_or("inconclusive", |result| result.verdict.name()))),
        ("reason", json!(result.and_then(|result| result.reason).map(|reason| reason.name()))),
    ]
}

fn of_exact(case: &Case<'_>) -> Answer {
    let exact = ExactDifference::new(case.count("n01"), case.count("n10"), case.count("n"));
    let levels: Vec<Option<f64>> = case.parameter("p").as_array().expect("a list of levels").iter().map(number).collect();
    let quantiles: Option<Vec<_>> =
        exact.as_ref().map(|exact| levels.iter().flatten().map(|level| figure(exact.quantile(*level))).collect());
    vec![
        ("difference", figure(exact.as_ref().map(|exact| exact.difference))),
        ("bootstrap_sd", figure(exact.as_ref().map(|exact| exact.sd))),
        ("quantiles", json!(quantiles)),
    ]
}

fn of_bca(case: &Case<'_>) -> Answer {
    let values = case.numbers("replicates");
    let drawn = values.len() as u64;
    let replicates = Replicates::new(case.number("theta_hat"), values, drawn);
    let jackknife: Vec<(f64, u64)> = case.numbers("jackknife").into_iter().map(|value| (value, 1)).collect();
    let tail = (1.0 - case.setting("confidence")) / 2.0;
    let interval = bca_interval(&replicates, &jackknife, tail);
    vec![
        ("z0", figure(interval.map(|interval| interval.z0))),
        ("acceleration", figure(interval.map(|interval| interval.acceleration))),
        ("alpha_low", figure(interval.map(|interval| interval.level_low))),
        ("alpha_high", figure(interval.map(|interval| interval.level_high))),
        ("low", figure(interval.map(|interval| interval.low))),
        ("high", figure(interval.map(|interval| interval.high))),
        ("percentile_low", figure(replicates.quantile(tail))),
        ("percentile_high", figure(replicates.quantile(1.0 - tail))),
    ]
}

fn of_bootstrap(case: &Case<'_>) -> Answer {
    let labels = classes(case, "y");
    let (base, head) = (case.numbers("score_baseline"), case.numbers("score_candidate"));
    let threshold = case.setting("threshold");
    let decide = |scores: &[f64]| scores.iter().map(|score| *score > threshold).collect::<Vec<_>>();
    // Ten times as many as the case asks for: its limits have an error of chance of their own.
    let how = Resampling::new(10 * case.setting("resamples_at_least") as u64, 1);
    let of_counts = |metric| count_replicates(&Cells::count(&labels, &decide(&base), &decide(&head)), metric, &how);
    let of_ranks = |metric| RankedPair::new(&labels, &base, &head, None).and_then(|pair| pair.replicates(metric, &how));
    let replicates = match case.parameter("metric").as_str().unwrap_or_default() {
        "accuracy" => of_counts(CountMetric::Accuracy),
        "balanced_accuracy" => of_counts(CountMetric::BalancedAccuracy),
        "precision" => of_counts(CountMetric::Precision),
        "recall" => of_counts(CountMetric::Recall),
        "specificity" => of_counts(CountMetric::Specificity),
        "f1" => of_counts(CountMetric::F1),
        "mcc" => of_counts(CountMetric::Mcc),
        "roc_auc" => of_ranks(RankMetric::RocAuc),
        "average_precision" | "pr_auc" => of_ranks(RankMetric::AveragePrecision),
        other => panic!("no metric is called `{other}`"),
    };
    let tail = (1.0 - case.setting("confidence")) / 2.0;
    vec![
        ("difference", figure(replicates.as_ref().map(|replicates| replicates.estimate))),
        ("bootstrap_sd", figure(replicates.as_ref().and_then(Replicates::sd))),
        ("low", figure(replicates.as_ref().and_then(|replicates| replicates.quantile(tail)))),
        ("high", figure(replicates.as_ref().and_then(|replicates| replicates.quantile(1.0 - tail)))),
    ]
}
