//! Order of scores, with ties: the common ground of ROC curves and rank tests.

/// More rows than this cannot be ranked: two bits of an index of 32 are for notes.
pub const MAX_ROWS: usize = 1 << 30;

/// Rows in the order of their scores, lowest first; rows with the same score keep their order.
#[derive(Debug, Clone)]
pub struct Ranking {
    /// The row, and [`LAST`] at the end of every run of equal scores.
    places: Vec<u32>,
}

/// Marks the last place of a run of equal scores.
const LAST: u32 = 1 << 31;

impl Ranking {
    /// Sorts scores; infinities are scores like others, and 0 equals -0. `None` if there is a NaN, or more than [`MAX_ROWS`].
    ///
    /// Takes 32 bytes a row while it works, and 4 afterwards.
    pub fn new(scores: &[f64]) -> Option<Self> {
        if scores.len() > MAX_ROWS || scores.iter().any(|score| score.is_nan()) {
            return None;
        }
        let sorted = sorted(scores);
        let mut places: Vec<u32> = sorted.iter().map(|(_, row)| *row).collect();
        for (place, pair) in places.iter_mut().zip(sorted.windows(2)) {
            if let [(this, _), (next, _)] = pair {
                *place |= if this == next { 0 } else { LAST };
            }
        }
        if let Some(place) = places.last_mut() {
            *place |= LAST;
        }
        Some(Self { places })
    }

    /// Rows.
    pub fn rows(&self) -> usize {
        self.places.len()
    }

    /// The runs of equal scores, lowest first.
    pub fn runs(&self) -> impl Iterator<Item = impl Iterator<Item = usize> + Clone> {
        self.places.split_inclusive(|place| place & LAST != 0).map(|run| run.iter().map(|place| (place & !LAST) as usize))
    }
}

/// Ranks from 1; equal values share the mean of their ranks. `None` as [`Ranking::new`].
pub fn mid_ranks(values: &[f64]) -> Option<Vec<f64>> {
    let ranking = Ranking::new(values)?;
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0_usize;
    for run in ranking.runs() {
        let length = run.clone().count();
        for row in run {
            if let Some(rank) = ranks.get_mut(row) {
                *rank = before as f64 + (length as f64 + 1.0) / 2.0;
            }
        }
        before += length;
    }
    Some(ranks)
}

/// From here on a radix sort is faster than comparing.
const RADIX_FROM: usize = 1 << 12;
/// Bits of one digit, and digits of a key.
const DIGIT: usize = 11;
const DIGITS: usize = 6;

/// Keys in the order of the scores with their rows, sorted stably by the key.
fn sorted(scores: &[f64]) -> Vec<(u64, u32)> {
    let mut pairs: Vec<(u64, u32)> = scores.iter().map(|score| key(*score)).zip(0..).collect();
    if pairs.len() < RADIX_FROM {
        // The row makes every pair differ, so this is as good as a stable sort.
        pairs.sort_unstable();
        return pairs;
    }
    let mut counts = vec![[0_u32; 1 << DIGIT]; DIGITS];
    for (key, _) in &pairs {
        for (digit, counts) in counts.iter_mut().enumerate() {
            counts[digit_of(*key, digit)] += 1;
        }
    }
    let mut other = vec![(0, 0); pairs.len()];
    for (digit, counts) in counts.iter_mut().enumerate() {
        // Scores that were single precision or rounded share whole digits.
        if counts.iter().any(|count| *count as usize == pairs.len()) {
            continue;
        }
        let mut start = 0;
        for count in counts.iter_mut() {
            start += std::mem::replace(count, start);
        }
        for pair in &pairs {
            let place = &mut counts[digit_of(pair.0, digit)];
            if let Some(slot) = other.get_mut(*place as usize) {
                *slot = *pair;
            }
            *place += 1;
        }
        std::mem::swap(&mut pairs, &mut other);
    }
    pairs
}

fn digit_of(key: u64, digit: usize) -> usize {
    (key >> (digit * DIGIT)) as usize & ((1 << DIGIT) - 1)
}

/// Integers in the order of the numbers.
fn key(score: f64) -> u64 {
    // Adding 0 makes -0 a 0, and 0 and -0 are the same score.
    let bits = (score + 0.0).to_bits();
    bits ^ (((bits as i64 >> 63) as u64) | (1 << 63))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Strategy, any, prop_assert_eq, proptest};

    use super::{RADIX_FROM, Ranking, mid_ranks};
    use crate::random::Stream;

    fn check(scores: &[f64]) {
        let mut expected: Vec<usize> = (0..scores.len()).collect();
        expected.sort_by(|left, right| scores[*left].partial_cmp(&scores[*right]).expect("no NaN"));
        let ranking = Ranking::new(scores).expect("no NaN");
        let rows: Vec<usize> = ranking.runs().flatten().collect();
        assert_eq!(rows, expected);
        for run in ranking.runs() {
            let scores: Vec<f64> = run.map(|row| scores[row]).collect();
            assert!(scores.windows(2).all(|pair| pair[0] == pair[1]));
        }
        let changes = rows.windows(2).filter(|pair| scores[pair[0]] < scores[pair[1]]).count();
        assert_eq!(ranking.runs().count(), if scores.is_empty() { 0 } else { changes + 1 });
        assert_eq!(ranking.rows(), scores.len());
    }

    #[test]
    fn many_scores_are_sorted_like_few() {
        let mut stream = Stream::new(1, 1);
        let fine: Vec<f64> = (0..2 * RADIX_FROM).map(|_| (stream.uniform() - 0.5) * 1e3).collect();
        let coarse: Vec<f64> = fine.iter().map(|score| score.round() / 8.0).collect();
        let single: Vec<f64> = fine.iter().map(|score| f64::from(*score as f32)).collect();
        let mut odd = fine.clone();
        odd[17] = f64::INFINITY;
        odd[18] = f64::NEG_INFINITY;
        odd[19] = -0.0;
        odd[20] = 0.0;
        odd[21] = f64::MIN_POSITIVE / 4.0;
        for scores in [fine, coarse, single, odd, vec![7.5; RADIX_FROM]] {
            check(&scores);
        }
    }

    #[test]
    fn nan_has_no_rank() {
        assert!(Ranking::new(&[1.0, f64::NAN]).is_none());
        assert_eq!(Ranking::new(&[]).expect("nothing to refuse").runs().count(), 0);
    }

    #[test]
    fn ties_share_their_mean_rank() {
        assert_eq!(mid_ranks(&[3.0, -0.0, 3.0, 0.0, 1.0, f64::INFINITY]), Some(vec![4.5, 1.5, 4.5, 1.5, 3.0, 6.0]));
    }

    proptest! {
        #[test]
        fn any_scores_are_sorted(scores in proptest::collection::vec(any::<f64>().prop_filter("NaN", |score| !score.is_nan()), 0..50)) {
            check(&scores);
        }

        #[test]
        fn ranks_sum_to_a_triangle(values in proptest::collection::vec(-3_i8..3, 0..60)) {
            let ranks = mid_ranks(&values.iter().map(|value| f64::from(*value)).collect::<Vec<_>>()).expect("no NaN");
            prop_assert_eq!(ranks.iter().sum::<f64>(), (values.len() * (values.len() + 1)) as f64 / 2.0);
        }
    }
}
