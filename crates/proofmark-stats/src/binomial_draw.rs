//! Random binomial and multinomial counts, exact in distribution, in a time that does not grow with the count.

use crate::random::Stream;

/// From this expected count on, rejection is faster than inversion and its constants hold.
const REJECTION_FROM: f64 = 10.0;

/// How many of `n` independent trials succeed, each with this probability; a probability outside 0 to 1 is moved to its end,
/// and NaN counts as 0. Numbers of trials from 2^53 on are beyond this function's precision.
///
/// Small expected counts by inversion (BINV: Kachitvichyanukul, Schmeiser 1988), others by transformed rejection with
/// squeeze (BTRS: Hörmann 1993).
pub fn binomial(stream: &mut Stream, n: u64, probability: f64) -> u64 {
    if n == 0 || probability.is_nan() || probability <= 0.0 {
        return 0;
    }
    if probability >= 1.0 {
        return n;
    }
    if probability > 0.5 {
        return n - smaller(stream, n, 1.0 - probability);
    }
    smaller(stream, n, probability)
}

/// Splits `n` trials among cells with these weights, which need not sum to 1; negative and NaN weights count as 0, and
/// without any weight all is 0.
pub fn multinomial<const CELLS: usize>(stream: &mut Stream, n: u64, weights: &[f64; CELLS]) -> [u64; CELLS] {
    let weights = weights.map(|weight| weight.max(0.0));
    let mut left = n;
    let mut counts = [0; CELLS];
    let Some(last) = weights.iter().rposition(|weight| *weight > 0.0) else {
        return counts;
    };
    // Summed from the end, so that the rest never is what rounding left of a subtraction.
    let mut rest = [0.0; CELLS];
    let mut sum = 0.0;
    for (rest, weight) in rest.iter_mut().zip(&weights).rev() {
        sum += weight;
        *rest = sum;
    }
    for (place, ((count, weight), rest)) in counts.iter_mut().zip(&weights).zip(&rest).enumerate() {
        *count = if place == last { left } else { binomial(stream, left, weight / rest) };
        left -= *count;
    }
    counts
}

/// For a probability in (0, 0.5].
fn smaller(stream: &mut Stream, n: u64, probability: f64) -> u64 {
    if n as f64 * probability < REJECTION_FROM { inversion(stream, n, probability) } else { rejection(stream, n, probability) }
}

fn inversion(stream: &mut Stream, n: u64, probability: f64) -> u64 {
    let odds = probability / (1.0 - probability);
    let none = libm::exp(n as f64 * libm::log1p(-probability));
    loop {
        let mut uniform = stream.uniform();
        let mut share = none;
        let mut count = 0;
        while uniform > share && count < n {
            uniform -= share;
            count += 1;
            share *= odds * (n - count + 1) as f64 / count as f64;
            // What rounding left of the tail is drawn again.
            if share < f64::MIN_POSITIVE {
                break;
            }
        }
        if uniform <= share {
            return count;
        }
    }
}

fn rejection(stream: &mut Stream, n: u64, probability: f64) -> u64 {
    let trials = n as f64;
    let failure = 1.0 - probability;
    let spread = (trials * probability * failure).sqrt();
    let b = 1.15 + 2.53 * spread;
    let a = -0.0873 + 0.0248 * b + 0.01 * probability;
    let center = trials * probability + 0.5;
    let squeeze = 0.92 - 4.2 / b;
    loop {
        let place = stream.uniform() - 0.5;
        let height = stream.uniform();
        let edge = 0.5 - place.abs();
        let count = ((2.0 * a / edge + b) * place + center).floor();
        if edge >= 0.07 && height <= squeeze {
            return (count as u64).min(n);
        }
        if count < 0.0 || count > trials {
            continue;
        }
        let alpha = (2.83 + 5.1 / b) * spread;
        let mode = ((trials + 1.0) * probability).floor();
        let height = libm::log(height * alpha / (a / (edge * edge) + b));
        if height <= log_ratio(trials, probability / failure, mode, count) {
            return (count as u64).min(n);
        }
    }
}

/// Logarithm of the probability of `count` over that of `mode`.
fn log_ratio(trials: f64, odds: f64, mode: f64, count: f64) -> f64 {
    let log = libm::log;
    let beyond_mode = trials - mode + 1.0;
    let beyond = trials - count + 1.0;
    (mode + 0.5) * log((mode + 1.0) / (odds * beyond_mode))
        + (trials + 1.0) * log(beyond_mode / beyond)
        + (count + 0.5) * log(odds * beyond / (count + 1.0))
        + stirling(mode)
        + stirling(trials - mode)
        - stirling(count)
        - stirling(trials - count)
}

/// What Stirling's formula in the form of Feller leaves out: `ln k! - ln(sqrt(2 pi)) - (k + 1/2) ln(k + 1) + (k + 1)`.
fn stirling(k: f64) -> f64 {
    const SMALL: [f64; 10] = [
        0.081_061_466_795_327_26,
        0.041_340_695_955_409_3,
        0.027_677_925_684_998_34,
        0.020_790_672_103_765_093,
        0.016_644_691_189_821_193,
        0.013_876_128_823_070_748,
        0.011_896_709_945_891_77,
        0.010_411_265_261_972_096,
        0.009_255_462_182_712_733,
        0.008_330_563_433_362_87,
    ];
    if let Some(known) = SMALL.get(k as usize) {
        return *known;
    }
    let next = k + 1.0;
    let square = next * next;
    (1.0 / 12.0 - (1.0 / 360.0 - 1.0 / 1260.0 / square) / square) / next
}

#[cfg(test)]
mod tests {
    use super::{binomial, multinomial, stirling};
    use crate::random::Stream;

    /// Exact probabilities by recurrence from the most likely count.
    fn probabilities(n: u64, p: f64) -> Vec<f64> {
        let mode = ((n + 1) as f64 * p).floor().min(n as f64) as usize;
        let mut shares = vec![0.0; n as usize + 1];
        shares[mode] = 1.0;
        for count in mode + 1..=n as usize {
            shares[count] = shares[count - 1] * (n as usize - count + 1) as f64 / count as f64 * p / (1.0 - p);
        }
        for count in (0..mode).rev() {
            shares[count] = shares[count + 1] * (count + 1) as f64 / (n as usize - count) as f64 * (1.0 - p) / p;
        }
        let sum: f64 = shares.iter().sum();
        shares.iter().map(|share| share / sum).collect()
    }

    #[test]
    fn draws_have_the_exact_distribution() {
        let draws = 100_000;
        for (index, (n, p)) in
            [(1, 0.3), (7, 0.5), (40, 0.1), (30, 0.93), (1000, 0.009), (20, 0.5), (25, 0.5), (100, 0.4), (1000, 0.7), (100_000, 0.001)]
                .into_iter()
                .enumerate()
        {
            let mut counts = vec![0_u32; n as usize + 1];
            let mut stream = Stream::new(5, index as u64);
            for _ in 0..draws {
                counts[binomial(&mut stream, n, p) as usize] += 1;
            }
            // Rare counts are pooled, so that the distribution of the statistic is near its limit.
            let (mut chi2, mut cells, mut pooled) = (0.0, 0.0, (0.0, 0.0));
            for (share, count) in probabilities(n, p).into_iter().zip(counts) {
                pooled = (pooled.0 + share * f64::from(draws), pooled.1 + f64::from(count));
                if pooled.0 >= 10.0 {
                    chi2 += (pooled.1 - pooled.0) * (pooled.1 - pooled.0) / pooled.0;
                    cells += 1.0;
                    pooled = (0.0, 0.0);
                }
            }
            let freedom: f64 = cells - 1.0;
            let limit = freedom + 3.1 * (2.0 * freedom).sqrt() + 6.0;
            assert!(chi2 < limit, "n {n} p {p}: chi2 {chi2} with {freedom} degrees of freedom");
        }
    }

    #[test]
    fn large_counts_have_the_right_moments() {
        let (n, p, draws) = (1_000_000_000_000_u64, 0.37, 20_000);
        let mut stream = Stream::new(9, 0);
        let sd = (n as f64 * p * (1.0 - p)).sqrt();
        let scores: Vec<f64> = (0..draws).map(|_| (binomial(&mut stream, n, p) as f64 - n as f64 * p) / sd).collect();
        let mean = scores.iter().sum::<f64>() / f64::from(draws);
        let square = scores.iter().map(|score| score * score).sum::<f64>() / f64::from(draws);
        assert!(mean.abs() < 3.3 / f64::from(draws).sqrt(), "mean {mean}");
        assert!((square - 1.0).abs() < 3.3 * (2.0 / f64::from(draws)).sqrt(), "variance {square}");
    }

    #[test]
    fn ends_are_exact() {
        let mut stream = Stream::new(3, 3);
        assert_eq!(binomial(&mut stream, 10, 0.0), 0);
        assert_eq!(binomial(&mut stream, 10, 1.0), 10);
        assert_eq!(binomial(&mut stream, 10, f64::NAN), 0);
        assert_eq!(binomial(&mut stream, 0, 0.5), 0);
        assert_eq!(binomial(&mut stream, u64::MAX, 1e-300), 0);
        assert!(binomial(&mut stream, u64::MAX, 0.75) > u64::MAX / 2);
    }

    #[test]
    fn multinomial_counts_sum_to_the_trials_and_have_the_right_means() {
        let weights = [60.0, 0.0, 3.0, 1.0, -5.0, f64::NAN, 36.0, 0.0];
        let mut sums = [0; 8];
        for index in 0..2000 {
            let counts = multinomial(&mut Stream::new(11, index), 1000, &weights);
            assert_eq!(counts.iter().sum::<u64>(), 1000);
            for (sum, count) in sums.iter_mut().zip(counts) {
                *sum += count;
            }
        }
        for (sum, share) in sums.into_iter().zip([0.6, 0.0, 0.03, 0.01, 0.0, 0.0, 0.36, 0.0]) {
            let (mean, sd) = (2e6 * share, (2e6_f64 * share * (1.0 - share)).sqrt());
            assert!((sum as f64 - mean).abs() <= 3.5 * sd, "{sum} for {mean}");
        }
        assert_eq!(multinomial(&mut Stream::new(0, 0), 5, &[0.0; 3]), [0; 3]);
    }

    #[test]
    fn the_series_meets_the_table() {
        // ln k! - ln sqrt(2 pi) - (k + 1/2) ln(k + 1) + (k + 1).
        for (k, exact) in [(9.0, 0.008_330_563_433_359_472), (10.0, 0.007_573_675_487_948_961)] {
            assert!((stirling(k) - exact).abs() < 1e-10, "{} {exact}", stirling(k));
        }
    }
}
