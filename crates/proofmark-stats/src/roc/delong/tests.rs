use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

use super::{PairedAuc, delong};
use crate::verdict::{Direction, Reason, Verdict};

const HIGHER: Direction = Direction::Higher;

/// The definition: every positive against every negative.
fn by_definition(labels: &[bool], base: &[f64], head: &[f64]) -> [f64; 5] {
    let rows = |class: bool| (0..labels.len()).filter(move |row| labels[*row] == class);
    let (m, n) = (rows(true).count() as f64, rows(false).count() as f64);
    let psi = |scores: &[f64], positive: usize, negative: usize| match scores[positive].partial_cmp(&scores[negative]) {
        Some(std::cmp::Ordering::Greater) => 1.0,
        Some(std::cmp::Ordering::Equal) => 0.5,
        _ => 0.0,
    };
    let v10 = |scores: &[f64]| rows(true).map(|i| rows(false).map(|j| psi(scores, i, j)).sum::<f64>() / n).collect::<Vec<_>>();
    let v01 = |scores: &[f64]| rows(false).map(|j| rows(true).map(|i| psi(scores, i, j)).sum::<f64>() / m).collect::<Vec<_>>();
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let covariance = |left: &[f64], right: &[f64]| {
        let (of_left, of_right) = (mean(left), mean(right));
        left.iter().zip(right).map(|(left, right)| (left - of_left) * (right - of_right)).sum::<f64>() / (left.len() as f64 - 1.0)
    };
    let s = |left: &[f64], right: &[f64]| covariance(&v10(left), &v10(right)) / m + covariance(&v01(left), &v01(right)) / n;
    [mean(&v10(base)), mean(&v10(head)), s(base, base), s(head, head), s(base, head)]
}

#[test]
fn published_cases_are_met() {
    // 4 rows: variance of the base's area 1/8, of the head's 0.
    let labels = [false, false, true, true];
    let test = delong(&labels, &[0.1, 0.4, 0.35, 0.8], &[0.2, 0.3, 0.6, 0.7], HIGHER, 0.02, 0.05).expect("has both classes");
    let close = |value: Option<f64>, expected: f64| assert!((value.expect("is defined") - expected).abs() < 1e-10, "{value:?}");
    close(test.z, 0.707_106_781_186_547_5);
    close(test.result.p_two_sided, 0.479_500_122_186_953_5);
    close(test.result.lower, -0.331_543_576_838_336_9);
    close(test.result.upper, 0.831_543_576_838_336_9);
    assert_eq!(test.result.verdict, Verdict::Inconclusive);
}

#[test]
fn identical_rankings_pass_and_other_zero_variances_do_not() {
    let labels = [false, false, true, true, true];
    let base = [0.1, 0.5, 0.3, 0.6, 0.9];
    let squared = base.map(|score| score * score);
    let same = delong(&labels, &base, &squared, HIGHER, 0.0, 0.05).expect("has both classes");
    assert_eq!((same.result.verdict, same.result.reason, same.z), (Verdict::Pass, Some(Reason::IdenticalRanking), None));
    assert_eq!((same.result.lower, same.result.upper, same.result.p_two_sided), (Some(0.0), Some(0.0), Some(1.0)));
    let constant = delong(&labels, &[0.5; 5], &[0.1, 0.2, 0.3, 0.4, 0.5], HIGHER, 0.02, 0.05).expect("has both classes");
    assert_eq!((constant.result.verdict, constant.result.reason), (Verdict::Inconclusive, Some(Reason::DegenerateVariance)));
    assert_eq!((constant.result.se, constant.result.lower, constant.result.p_two_sided), (Some(0.0), None, None));
}

#[test]
fn too_little_is_said() {
    assert_eq!(PairedAuc::new(&[true, true], &[0.1, 0.2], &[0.1, 0.2]), None);
    assert_eq!(PairedAuc::new(&[true, false], &[0.1, f64::NAN], &[0.1, 0.2]), None);
    assert_eq!(PairedAuc::new(&[true, false], &[0.1], &[0.1, 0.2]), None);
    let single = delong(&[true, false, false], &[0.1, 0.2, 0.3], &[0.3, 0.2, 0.1], HIGHER, 0.02, 0.05).expect("has both classes");
    assert_eq!((single.result.verdict, single.result.reason), (Verdict::Inconclusive, Some(Reason::TooFewOfAClass)));
    let forged = PairedAuc { var_base: f64::NAN, ..PairedAuc { positives: 9, negatives: 9, ..single.figures } };
    assert_eq!(forged.judge(HIGHER, 0.1, 0.05).reason, Some(Reason::DegenerateVariance));
}

proptest! {
    #[test]
    fn mid_ranks_give_the_definition(rows in proptest::collection::vec((any::<bool>(), -5_i8..5, -5_i8..5), 4..40)) {
        let labels: Vec<bool> = rows.iter().map(|row| row.0).collect();
        let base: Vec<f64> = rows.iter().map(|row| f64::from(row.1)).collect();
        let head: Vec<f64> = rows.iter().map(|row| f64::from(row.2)).collect();
        let Some(figures) = PairedAuc::new(&labels, &base, &head) else { return Ok(()) };
        if figures.positives < 2 || figures.negatives < 2 {
            return Ok(());
        }
        let got = [figures.base, figures.head, figures.var_base, figures.var_head, figures.covariance];
        for (got, expected) in got.into_iter().zip(by_definition(&labels, &base, &head)) {
            prop_assert!((got - expected).abs() < 1e-12, "{} for {}", got, expected);
        }
        // Other order, same bits.
        let turned = |values: &[f64]| values.iter().rev().copied().collect::<Vec<_>>();
        let labels_turned: Vec<bool> = labels.iter().rev().copied().collect();
        prop_assert_eq!(PairedAuc::new(&labels_turned, &turned(&base), &turned(&head)), Some(figures));
        // Base and head change places, better and worse do not.
        let [ahead, back] = [figures.judge(HIGHER, 0.1, 0.05), PairedAuc::new(&labels, &head, &base).expect("as before").judge(Direction::Lower, 0.1, 0.05)];
        prop_assert_eq!(ahead.verdict, back.verdict);
        prop_assert_eq!(ahead.lower, back.lower);
        // What passes at a margin passes at a larger one.
        if ahead.verdict == Verdict::Pass {
            prop_assert_eq!(figures.judge(HIGHER, 0.2, 0.05).verdict, Verdict::Pass);
        }
    }
}
