//! How often each unit is drawn when as many units are drawn as there are.

use crate::random::Stream;

/// Units are weighted one after the other, without jumping about in memory: independent Poisson(1) numbers are, given their
/// sum, a multinomial draw of that many units; the few that the sum has too many or too few (about the square root of their
/// number) are then taken away or added at random, which leaves an exact draw.
///
/// Poisson numbers come in pairs by the alias method (Walker 1977; in integers, Vose 1991). Probabilities are exact to 2^-32, and
/// numbers beyond 15, of which there is one in 5 x 10^13, do not occur.
pub(crate) struct PoissonPairs {
    /// Where the lower 24 bits of a number are below the lower half: the third quarter, else the highest.
    table: Vec<u64>,
}

/// Outcomes of a pair, each number 0 to 15: as many as a byte has values.
const OUTCOMES: usize = 256;
const COLUMN: u64 = 1 << 24;

impl PoissonPairs {
    pub(crate) fn new() -> Self {
        let mut single = [libm::exp(-1.0); 16];
        for count in 1..single.len() {
            single[count] = single[count - 1] / count as f64;
        }
        let mut shares: Vec<u64> = (0..OUTCOMES)
            .map(|outcome| (single[outcome % 16] * single[outcome / 16] * (COLUMN * OUTCOMES as u64) as f64).round() as u64)
            .collect();
        // What rounding left goes to a likely outcome.
        shares[0] = shares[0].wrapping_add((COLUMN * OUTCOMES as u64).wrapping_sub(shares.iter().sum()));
        Self { table: alias_table(shares) }
    }

    /// Draws as many units as there are.
    pub(crate) fn draw(&self, stream: &mut Stream, weights: &mut [u8]) {
        for block in weights.chunks_mut(4) {
            let bits = stream.bits();
            let [a, b] = self.pair(bits as u32);
            let [c, d] = self.pair((bits >> 32) as u32);
            if let [w, x, y, z] = block {
                [*w, *x, *y, *z] = [a, b, c, d];
            } else {
                for (weight, drawn) in block.iter_mut().zip([a, b, c]) {
                    *weight = drawn;
                }
            }
        }
        settle(stream, weights);
    }

    #[inline]
    fn pair(&self, bits: u32) -> [u8; 2] {
        let column = self.table.get((bits >> 24) as usize).copied().unwrap_or_default();
        let own = bits & (COLUMN as u32 - 1) < column as u32;
        let outcome = (if own { column >> 32 } else { column >> 48 }) as u16;
        outcome.to_le_bytes()
    }
}

/// Takes away or adds draws until there are as many as units.
fn settle(stream: &mut Stream, weights: &mut [u8]) {
    let units = weights.len() as u64;
    let mut drawn: u64 = weights.chunks(256).map(|block| block.iter().map(|weight| u32::from(*weight)).sum::<u32>()).map(u64::from).sum();
    while drawn != units {
        let Some(weight) = weights.get_mut(stream.below(units) as usize) else { return };
        if drawn < units {
            // Beyond 255 is out of reach: 1 / 256! at most.
            *weight = weight.saturating_add(1);
            drawn += 1;
        } else if stream.below(16) < u64::from(*weight) {
            *weight -= 1;
            drawn -= 1;
        }
    }
}

/// Columns of 2^24, each shared by at most two outcomes.
fn alias_table(mut shares: Vec<u64>) -> Vec<u64> {
    let packed = |outcome: usize| (outcome % 16 + ((outcome / 16) << 8)) as u64;
    let (mut small, mut large): (Vec<usize>, Vec<usize>) = (0..shares.len()).partition(|outcome| shares[*outcome] < COLUMN);
    let mut table: Vec<u64> = (0..shares.len()).map(|outcome| COLUMN | packed(outcome) << 32 | packed(outcome) << 48).collect();
    while let (Some(less), Some(more)) = (small.pop(), large.last().copied()) {
        table[less] = shares[less] | packed(less) << 32 | packed(more) << 48;
        shares[more] -= COLUMN - shares[less];
        if shares[more] < COLUMN {
            large.pop();
            small.push(more);
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::{COLUMN, PoissonPairs};
    use crate::random::Stream;

    #[test]
    fn the_table_has_the_probabilities() {
        let mut shares = [[0_u64; 16]; 16];
        let sampler = PoissonPairs::new();
        for column in &sampler.table {
            let threshold = u64::from(*column as u32);
            for (outcome, share) in [(column >> 32, threshold), (column >> 48, COLUMN - threshold)] {
                shares[outcome as usize & 255][outcome as usize >> 8 & 255] += share;
            }
        }
        let factorial = |count: usize| (1..=count).map(|factor| factor as f64).product::<f64>();
        for (first, row) in shares.iter().enumerate() {
            for (second, share) in row.iter().enumerate() {
                let expected = (-2.0_f64).exp() / factorial(first) / factorial(second);
                assert!((*share as f64 / 2.0_f64.powi(32) - expected).abs() < 1e-8, "{first} {second}");
            }
        }
    }

    #[test]
    fn every_draw_has_as_many_as_there_are_units() {
        let sampler = PoissonPairs::new();
        for units in [0, 1, 2, 3, 4, 5, 7, 100, 10_001] {
            for index in 0..50 {
                let mut weights = vec![9; units];
                sampler.draw(&mut Stream::new(1, index), &mut weights);
                assert_eq!(weights.iter().map(|weight| usize::from(*weight)).sum::<usize>(), units);
            }
        }
    }

    #[test]
    fn draws_of_three_units_are_multinomial() {
        let sampler = PoissonPairs::new();
        let mut seen = std::collections::BTreeMap::new();
        let draws = 54_000;
        for index in 0..draws {
            let mut weights = [0; 3];
            sampler.draw(&mut Stream::new(4, index), &mut weights);
            *seen.entry(weights).or_insert(0_u32) += 1;
        }
        let mut chi2 = 0.0;
        for (weights, count) in &seen {
            let arrangements = match weights.iter().max() {
                Some(3) => 1.0,
                Some(2) => 3.0,
                _ => 6.0,
            };
            let expected = draws as f64 * arrangements / 27.0;
            chi2 += (f64::from(*count) - expected) * (f64::from(*count) - expected) / expected;
        }
        assert_eq!(seen.len(), 10);
        assert!(chi2 < 27.9, "chi2 {chi2} with 9 degrees of freedom, p = 0.001");
    }

    #[test]
    fn counts_of_one_unit_are_binomial() {
        let sampler = PoissonPairs::new();
        let (units, draws) = (50, 4000);
        let mut counts = [0_u32; 5];
        for index in 0..draws {
            let mut weights = vec![0; units];
            sampler.draw(&mut Stream::new(8, index), &mut weights);
            for weight in weights {
                counts[usize::from(weight.min(4))] += 1;
            }
        }
        // Binomial(50, 1/50) at 0, 1, 2, 3.
        for (count, share) in counts.iter().zip([0.364_169_7, 0.371_601_7, 0.185_800_8, 0.060_669_6]) {
            let seen = f64::from(*count) / (units as f64 * draws as f64);
            assert!((seen - share).abs() < 0.004, "{seen} for {share}");
        }
    }
}
