//! Numbers of evidence as people read them: in as many digits as explain the verdict, and rounded to the safe side.

use proofmark_core::number::significant;

/// Significant digits where nothing asks for more, and the most that mean something in a double.
const DIGITS: usize = 3;
const MOST_DIGITS: usize = 15;
/// Numbers nearer to each other than this, relative to their size, are the same to a verdict too.
const SAME: f64 = 1e-12;

/// How many digits it takes to tell these numbers apart.
pub(crate) fn apart(numbers: &[Option<f64>]) -> usize {
    let numbers: Vec<f64> = numbers.iter().flatten().copied().filter(|number| number.is_finite()).collect();
    let alike = |one: f64, two: f64| (one - two).abs() <= SAME * one.abs().max(two.abs());
    let clear = |digits: &usize| {
        let texts: Vec<String> = numbers.iter().map(|number| significant(*number, *digits)).collect();
        let pairs = || (0..texts.len()).flat_map(|one| (0..one).map(move |two| (one, two)));
        pairs().all(|(one, two)| texts[one] != texts[two] || alike(numbers[one], numbers[two]))
    };
    (DIGITS..MOST_DIGITS).find(clear).unwrap_or(MOST_DIGITS)
}

/// A number with its sign: `+0.012`, `-3`, `0`.
pub(crate) fn signed(number: f64, digits: usize) -> String {
    let text = significant(number, digits);
    if number > 0.0 { format!("+{text}") } else { text }
}

/// A size in a few digits, rounded up: whoever writes a margin of this size into a rule has enough of it.
pub(crate) fn rounded_up(size: f64) -> String {
    rounded(size, |rounded| rounded < size * (1.0 - SAME), 0.5)
}

/// A size in a few digits, rounded down.
pub(crate) fn rounded_down(size: f64) -> String {
    rounded(size, |rounded| rounded > size * (1.0 + SAME), -0.5)
}

/// The nearest short number, or where that is on the wrong side its neighbour, so many last digits further.
fn rounded(size: f64, is_wrong: impl Fn(f64) -> bool, further: f64) -> String {
    let text = significant(size, DIGITS);
    if !text.parse().is_ok_and(is_wrong) {
        return text;
    }
    let exponent = format!("{size:e}").rsplit_once('e').and_then(|(_, exponent)| exponent.parse::<i32>().ok()).unwrap_or(0);
    significant(size + further * 10_f64.powi(exponent + 1 - DIGITS as i32), DIGITS)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn digits_that_explain() {
        let told = |numbers: &[f64]| {
            let digits = apart(&numbers.iter().copied().map(Some).collect::<Vec<_>>());
            numbers.iter().map(|number| signed(*number, digits)).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(told(&[-0.012_345, 0.003, -0.01]), "-0.0123 +0.003 -0.01");
        assert_eq!(told(&[-0.010_000_4, 0.0, -0.01]), "-0.0100004 0 -0.01", "the limit and the margin differ");
        assert_eq!(told(&[-0.01, -0.01, -0.01 - 1e-17]), "-0.01 -0.01 -0.01", "what is equal needs no digits");
        assert_eq!(apart(&[None, Some(f64::NAN), Some(f64::INFINITY)]), DIGITS);
    }

    #[test]
    fn margins_are_rounded_to_the_safe_side() {
        for (size, up, down) in [
            (0.012_31, "0.0124", "0.0123"),
            (0.0123, "0.0123", "0.0123"),
            (0.099_91, "0.1", "0.0999"),
            (9.999, "10", "9.99"),
            (0.0, "0", "0"),
            (0.02 + 2e-17, "0.02", "0.02"),
        ] {
            assert_eq!((rounded_up(size).as_str(), rounded_down(size).as_str()), (up, down));
        }
    }

    proptest! {
        #[test]
        fn never_on_the_wrong_side(size in 1e-9_f64..1e9) {
            let up: f64 = rounded_up(size).parse().expect("a number");
            let down: f64 = rounded_down(size).parse().expect("a number");
            let slack = 1e-12 * size;
            prop_assert!(down <= size + slack && size - slack <= up && up <= size * 1.0101 && down >= size * 0.9899, "{size} {down} {up}");
        }
    }
}
