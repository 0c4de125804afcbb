//! Tests against a margin, and those that are shown beside them.

use proofmark_stats::interval_verdict;
use proofmark_stats::mann_whitney::{Method, mann_whitney};
use proofmark_stats::mcnemar::mcnemar;
use proofmark_stats::paired_proportion::{PairedCounts, paired_proportion};
use proofmark_stats::paired_t::paired_t;
use proofmark_stats::sign_flip::sign_flip;
use proofmark_stats::tost::{Tost, tost_paired, tost_welch};
use proofmark_stats::welch::welch;
use proofmark_stats::wilcoxon::wilcoxon_signed_rank;
use serde_json::json;

use crate::case::{Answer, Case, figure, of_test};

pub(crate) fn answer(case: &Case<'_>) -> Option<Answer> {
    Some(match case.procedure() {
        "interval_verdict" => {
            let verdict = interval_verdict(case.number("lower"), case.number("upper"), case.setting("margin"));
            vec![("verdict", json!(verdict.name()))]
        }
        "welch_noninferiority" => of_welch(case),
        "paired_t_noninferiority" => of_paired_t(case),
        "paired_proportion_noninferiority" => of_paired_proportion(case),
        "mcnemar" => of_mcnemar(case),
        "tost" => of_tost(case),
        "sign_flip_test" => {
            let test = sign_flip(&case.numbers("differences"), 0, &mut || 0).expect("few differences");
            assert!(test.exact || case.parameter("mode") != "exact", "{}", case.0["id"]);
            vec![("p_two_sided", figure(test.p_two_sided)), ("p_less", figure(test.p_less))]
        }
        "mann_whitney" => {
            let test = mann_whitney(&case.numbers("baseline"), &case.numbers("candidate"), method(case));
            vec![
                ("u_candidate", figure(test.map(|test| test.u_candidate))),
                ("p_two_sided", figure(test.map(|test| test.p_two_sided))),
                ("p_candidate_less", figure(test.and_then(|test| test.p_candidate_less))),
            ]
        }
        "wilcoxon_signed_rank" => {
            let test = wilcoxon_signed_rank(&case.numbers("differences"), method(case));
            vec![
                ("w_plus", figure(test.w_plus)),
                ("w_minus", figure(test.w_minus)),
                ("n_nonzero", json!(test.n_nonzero)),
                ("p_two_sided", figure(test.p_two_sided)),
            ]
        }
        _ => return None,
    })
}

fn method(case: &Case<'_>) -> Method {
    if case.parameter("method") == "asymptotic" { Method::Asymptotic } else { Method::Auto }
}

fn of_welch(case: &Case<'_>) -> Answer {
    let result =
        welch(&case.numbers("baseline"), &case.numbers("candidate"), case.direction(), case.setting("margin"), case.setting("alpha"));
    let mut answer = of_test(&result.test);
    answer.extend([
        ("n_b", json!(result.baseline.n)),
        ("n_c", json!(result.candidate.n)),
        ("mean_b", figure(result.baseline.mean)),
        ("mean_c", figure(result.candidate.mean)),
        ("var_b", figure(result.baseline.variance)),
        ("var_c", figure(result.candidate.variance)),
    ]);
    answer
}

fn of_paired_t(case: &Case<'_>) -> Answer {
    let result =
        paired_t(&case.numbers("baseline"), &case.numbers("candidate"), case.direction(), case.setting("margin"), case.setting("alpha"));
    let mut answer = of_test(&result.test);
    answer.extend([("n", json!(result.n)), ("sd", figure(result.sd))]);
    answer
}

fn of_paired_proportion(case: &Case<'_>) -> Answer {
    let counts = PairedCounts { n11: case.count("n11"), n10: case.count("n10"), n01: case.count("n01"), n00: case.count("n00") };
    let result = paired_proportion(&counts, case.direction(), case.setting("margin"), case.setting("alpha"));
    let mut answer = of_test(&result.test);
    answer.extend([
        ("n", json!(result.n)),
        ("se_wald", figure(result.test.se)),
        ("wald_lower", figure(result.wald_lower)),
        ("wald_upper", figure(result.wald_upper)),
        ("z_margin", figure(result.z_margin)),
    ]);
    answer
}

fn of_mcnemar(case: &Case<'_>) -> Answer {
    let test = mcnemar(case.count("n01"), case.count("n10"));
    vec![
        ("discordant", json!(test.discordant)),
        ("p_exact", figure(test.p_exact)),
        ("p_midp", figure(test.p_midp)),
        ("p_exact_worse", figure(test.p_exact_worse)),
        ("p_midp_worse", figure(test.p_midp_worse)),
        ("chi2_cc", figure(test.chi2_cc)),
        ("p_chi2_cc", figure(test.p_chi2_cc)),
    ]
}

fn of_tost(case: &Case<'_>) -> Answer {
    let (baseline, candidate) = (case.numbers("baseline"), case.numbers("candidate"));
    let (low, high) = (case.setting("low"), case.setting("high"));
    let (paired, welch) = (tost_paired(&baseline, &candidate, low, high), tost_welch(&baseline, &candidate, low, high));
    let part = |test: Option<Tost>, of: fn(&Tost) -> f64| figure(test.as_ref().map(of));
    vec![
        ("paired_p", part(paired, |test| test.p)),
        ("paired_p_lower", part(paired, |test| test.p_lower)),
        ("paired_p_upper", part(paired, |test| test.p_upper)),
        ("welch_p", part(welch, |test| test.p)),
        ("welch_p_lower", part(welch, |test| test.p_lower)),
        ("welch_p_upper", part(welch, |test| test.p_upper)),
    ]
}
