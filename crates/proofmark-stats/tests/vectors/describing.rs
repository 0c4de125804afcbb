//! Figures of samples, distributions, p values and histories.

use proofmark_stats::distributions::{binomial_cdf, chi2_sf, normal_ppf, normal_sf, t_cdf, t_ppf};
use proofmark_stats::ks::ks_two_sample;
use proofmark_stats::multiple::{benjamini_hochberg, holm, rejects};
use proofmark_stats::power::{Power, paired_power, paired_proportion_power};
use proofmark_stats::prediction_limit::{NoLimit, prediction_limit_t};
use proofmark_stats::proportion::proportion_interval;
use proofmark_stats::robust_z::robust_z;
use proofmark_stats::sample::{quantile_type7, quantiles_type7, summary};
use proofmark_stats::tukey::tukey_fence;
use serde_json::{Value, json};

use crate::case::{Answer, Case, figure, number};

pub(crate) fn answer(case: &Case<'_>) -> Option<Answer> {
    Some(match case.procedure() {
        "summary" => of_summary(case),
        "quantile_type7" => of_quantiles(case),
        "prediction_limit_t" => of_prediction_limit(case),
        "robust_z" => of_robust_z(case),
        "tukey_fence" => of_tukey(case),
        "proportion_interval" => of_proportion(case),
        "ks_two_sample" => {
            let test = ks_two_sample(&case.numbers("a"), &case.numbers("b"));
            vec![("statistic", figure(test.map(|test| test.statistic))), ("p", figure(test.map(|test| test.p)))]
        }
        "paired_power" => of_power(&paired_power(
            case.number("sd_of_differences"),
            case.count("n"),
            case.setting("margin"),
            case.setting("alpha"),
            case.setting("power"),
        )),
        "paired_proportion_power" => of_power(&paired_proportion_power(
            case.number("p10"),
            case.number("p01"),
            case.count("n"),
            case.setting("margin"),
            case.setting("alpha"),
            case.setting("power"),
        )),
        "holm" => of_multiple(case, holm),
        "benjamini_hochberg" => of_multiple(case, benjamini_hochberg),
        "t_cdf" => value(t_cdf(case.number("t"), case.number("df"))),
        "t_ppf" => value(t_ppf(case.number("p"), case.number("df"))),
        "normal_ppf" => value(normal_ppf(case.number("p"))),
        "normal_sf" => value(normal_sf(case.number("z"))),
        "binomial_cdf" => value(binomial_cdf(case.number("k").floor() as i64, case.count("n"), case.number("p"))),
        "chi2_sf" => value(chi2_sf(case.number("x"), case.number("df"))),
        _ => return None,
    })
}

fn value(number: f64) -> Answer {
    vec![("value", figure(number))]
}

fn of_summary(case: &Case<'_>) -> Answer {
    let figures = summary(&case.numbers("x"));
    vec![
        ("n", json!(figures.n)),
        ("n_nan", json!(figures.n_nan)),
        ("mean", figure(figures.mean)),
        ("var", figure(figures.variance)),
        ("sd", figure(figures.sd)),
        ("min", figure(figures.min)),
        ("max", figure(figures.max)),
        ("median", figure(figures.median)),
        ("q25", figure(figures.q25)),
        ("q75", figure(figures.q75)),
        ("mad", figure(figures.mad)),
    ]
}

fn of_quantiles(case: &Case<'_>) -> Answer {
    let (values, levels) = (case.numbers("x"), case.numbers("p"));
    let all = quantiles_type7(&values, &levels);
    let one_by_one: Vec<_> = levels.iter().map(|level| quantile_type7(&values, *level)).collect();
    assert_eq!(all, one_by_one, "{}", case.0["id"]);
    vec![("q", all.into_iter().map(figure).collect())]
}

fn of_prediction_limit(case: &Case<'_>) -> Answer {
    let log = case.parameter("log") == true;
    let limits = prediction_limit_t(&case.numbers("history"), case.number("value"), case.setting("alpha_one_sided"), log);
    let verdict = limits.no_limit.map(|why| if why == NoLimit::NoHistory { "no-baseline" } else { "inconclusive" });
    vec![
        ("n", json!(limits.n)),
        ("mean", figure(limits.mean)),
        ("sd", figure(limits.sd)),
        ("scale", figure(limits.scale)),
        ("t_quantile", figure(limits.t_quantile)),
        ("t", figure(limits.t)),
        ("p_lower_tail", figure(limits.p_lower_tail)),
        ("p_upper_tail", figure(limits.p_upper_tail)),
        ("lower", figure(limits.lower)),
        ("upper", figure(limits.upper)),
        ("verdict", json!(verdict)),
        ("reason", json!((limits.no_limit == Some(NoLimit::NonPositive)).then_some("non-positive"))),
    ]
}

fn of_robust_z(case: &Case<'_>) -> Answer {
    let result = robust_z(&case.numbers("history"), case.number("value"));
    vec![
        ("n", json!(result.n)),
        ("median", figure(result.median)),
        ("scale", figure(result.scale)),
        ("scale_kind", json!(result.scale_kind.map(|kind| kind.name()))),
        ("z", figure(result.z)),
    ]
}

fn of_tukey(case: &Case<'_>) -> Answer {
    let fence = tukey_fence(&case.numbers("history"), case.setting("k"));
    vec![
        ("q1", figure(fence.map(|fence| fence.q1))),
        ("median", figure(fence.map(|fence| fence.median))),
        ("q3", figure(fence.map(|fence| fence.q3))),
        ("lower", figure(fence.map(|fence| fence.lower))),
        ("upper", figure(fence.map(|fence| fence.upper))),
    ]
}

fn of_proportion(case: &Case<'_>) -> Answer {
    let intervals = proportion_interval(case.count("successes"), case.count("n"), case.setting("alpha_two_sided"));
    vec![
        ("wilson_low", figure(intervals.wilson.map(|(low, _)| low))),
        ("wilson_high", figure(intervals.wilson.map(|(_, high)| high))),
        ("clopper_pearson_low", figure(intervals.clopper_pearson.map(|(low, _)| low))),
        ("clopper_pearson_high", figure(intervals.clopper_pearson.map(|(_, high)| high))),
    ]
}

fn of_power(power: &Power) -> Answer {
    vec![("mde", figure(power.mde)), ("n_required", json!(power.n_required))]
}

fn of_multiple(case: &Case<'_>, adjust: fn(&[Option<f64>]) -> Vec<Option<f64>>) -> Answer {
    let p: Vec<Option<f64>> = case.input("p").as_array().expect("a list of p").iter().map(number).collect();
    let adjusted = adjust(&p);
    let reject: Vec<Value> = adjusted.iter().map(|p| json!(rejects(*p, case.setting("alpha")))).collect();
    vec![("adjusted", adjusted.into_iter().map(figure).collect()), ("reject", Value::Array(reject))]
}
