use crate::bootstrap::Resampling;
use crate::random::Stream;
use crate::roc::{PairedAuc, RankMetric, RankedPair, average_precision, roc_auc};

/// Labels, and two columns of scores that know something about them.
fn models(rows: usize, seed: u64, steps: f64) -> (Vec<bool>, Vec<f64>, Vec<f64>) {
    let mut stream = Stream::new(seed, 0);
    let labels: Vec<bool> = (0..rows).map(|_| stream.uniform() < 0.3).collect();
    let mut score = |label: &bool, shared: f64| ((f64::from(u8::from(*label)) + shared + 2.0 * stream.uniform()) * steps).round() / steps;
    let shared: Vec<f64> = (0..rows as u64).map(|row| Stream::new(seed, row + 1).uniform()).collect();
    let base = labels.iter().zip(&shared).map(|(label, shared)| score(label, *shared)).collect();
    let head = labels.iter().zip(&shared).map(|(label, shared)| score(label, *shared)).collect();
    (labels, base, head)
}

#[test]
fn weighted_metrics_are_those_of_repeated_rows() {
    for steps in [1e9, 8.0, 0.5] {
        let (labels, base, head) = models(60, 5, steps);
        let pair = RankedPair::new(&labels, &base, &head, None).expect("no NaN");
        let mut order: Vec<usize> = (0..60).collect();
        order.sort_by(|left, right| base[*left].total_cmp(&base[*right]).then(labels[*left].cmp(&labels[*right])));
        let mut stream = Stream::new(3, 3);
        for _ in 0..20 {
            let weights: Vec<u8> = (0..60).map(|_| stream.below(4) as u8).collect();
            let mut by_row = vec![0.0; 60];
            for (row, weight) in order.iter().zip(&weights) {
                by_row[*row] = f64::from(*weight);
            }
            for metric in [RankMetric::RocAuc, RankMetric::AveragePrecision] {
                let of = |scores: &[f64]| match metric {
                    RankMetric::RocAuc => roc_auc(&labels, scores, Some(&by_row)),
                    RankMetric::AveragePrecision => average_precision(&labels, scores, Some(&by_row)),
                };
                let expected = of(&head).expect("both classes") - of(&base).expect("both classes");
                let got = pair.weighted(metric, &weights).expect("both classes");
                assert!((got - expected).abs() < 1e-12, "{metric:?} {steps}: {got} for {expected}");
            }
        }
    }
}

#[test]
fn resampling_agrees_with_delong() {
    let (labels, base, head) = models(2000, 11, 1e9);
    let figures = PairedAuc::new(&labels, &base, &head).expect("both classes");
    let pair = RankedPair::new(&labels, &base, &head, None).expect("no NaN");
    let replicates = pair.replicates(RankMetric::RocAuc, &Resampling::new(2000, 1)).expect("both classes");
    let se = (figures.var_base + figures.var_head - 2.0 * figures.covariance).sqrt();
    let sd = replicates.sd().expect("many");
    assert!((replicates.estimate - (figures.head - figures.base)).abs() < 1e-12);
    assert!((sd / se - 1.0).abs() < 0.08, "{sd} {se}");
}

#[test]
fn one_row_a_cluster_is_no_cluster_and_copies_add_nothing() {
    let (labels, base, head) = models(300, 2, 50.0);
    let how = Resampling { threads: 2, ..Resampling::new(400, 9) };
    let alone = RankedPair::new(&labels, &base, &head, None).and_then(|pair| pair.replicates(RankMetric::RocAuc, &how)).expect("no NaN");
    let again = |values: &[f64]| [values, values, values].concat();
    let (labels3, clusters) = ([&*labels, &*labels, &*labels].concat(), [(); 3].map(|()| (0..300_u32).collect::<Vec<_>>()).concat());
    let pair = RankedPair::new(&labels3, &again(&base), &again(&head), Some(&clusters)).expect("no NaN");
    assert_eq!(pair.units(), 300);
    let copied = pair.replicates(RankMetric::RocAuc, &how).expect("both classes");
    assert!((copied.sd().expect("many") / alone.sd().expect("many") - 1.0).abs() < 0.15);
    let naive = RankedPair::new(&labels3, &again(&base), &again(&head), None).expect("no NaN");
    let naive = naive.replicates(RankMetric::RocAuc, &how).and_then(|replicates| replicates.sd()).expect("many");
    assert!(naive < 0.7 * alone.sd().expect("many"));
}

#[test]
fn one_class_is_undefined() {
    let pair = RankedPair::new(&[false; 3], &[0.1, 0.2, 0.3], &[0.1, 0.2, 0.3], None).expect("no NaN");
    assert_eq!(pair.difference(RankMetric::RocAuc), None);
    assert_eq!(pair.replicates(RankMetric::AveragePrecision, &Resampling::new(10, 0)), None);
    assert!(RankedPair::new(&[true], &[f64::NAN], &[0.1], None).is_none());
    assert!(RankedPair::new(&[true], &[0.1], &[0.1], Some(&[])).is_none());
    // One positive of twenty: about 36 % of the resamples have none.
    let labels: Vec<bool> = (0..20).map(|row| row == 7).collect();
    let scores: Vec<f64> = (0..20).map(f64::from).collect();
    let replicates =
        RankedPair::new(&labels, &scores, &scores, None).and_then(|pair| pair.replicates(RankMetric::RocAuc, &Resampling::new(2000, 1)));
    let dropped = replicates.expect("both classes").dropped();
    assert!((600..850).contains(&dropped), "{dropped}");
}
