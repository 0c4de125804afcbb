//! Charts as text that a web page draws: Mermaid's `xychart-beta`.

use std::collections::BTreeSet;
use std::fmt::Write as _;

/// What Mermaid can read as a plain number and a person as an axis: beyond, there is no chart.
const LARGEST: f64 = 1e12;
const SMALLEST: f64 = 1e-9;
/// The longest title and the longest name of a point.
const LONGEST_TITLE: usize = 60;
const LONGEST_LABEL: usize = 16;

/// A line through these points, each with what stands below it; nothing for fewer than two, or for numbers that it cannot show.
///
/// Mermaid has a language of its own, with directives, quotes and links in labels. So of a foreign text only letters
/// and digits of ASCII, spaces and `_`, `.`, `/`, `-` are kept, and numbers are written without an exponent.
pub(crate) fn mermaid(title: &str, points: &[(&str, f64)]) -> Option<String> {
    if points.len() < 2 {
        return None;
    }
    let (low, high) = range(points)?;
    let title = harmless(title, LONGEST_TITLE);
    let title = if title.is_empty() { "metric".to_owned() } else { title };
    // Two points of the same name would be one.
    let mut taken = BTreeSet::new();
    let mut labels = Vec::new();
    for (at, (name, _)) in points.iter().enumerate() {
        let name = harmless(name, LONGEST_LABEL);
        let label = if name.is_empty() || taken.contains(&name) { format!("{name} .{}", at + 1).trim().to_owned() } else { name };
        labels.push(format!("\"{label}\""));
        taken.insert(label);
    }
    let values: Vec<String> = points.iter().map(|(_, value)| plain(*value)).collect();
    let mut text = "xychart-beta\n".to_owned();
    // Writing to a string cannot fail.
    let _ = writeln!(text, "  title \"{title}\"");
    let _ = writeln!(text, "  x-axis [{}]", labels.join(", "));
    let _ = writeln!(text, "  y-axis {} --> {}", plain(low), plain(high));
    let _ = write!(text, "  line [{}]", values.join(", "));
    Some(text)
}

/// The axis: a little more than the values take, since a chart that begins at zero would hide every change.
fn range(points: &[(&str, f64)]) -> Option<(f64, f64)> {
    let values = || points.iter().map(|(_, value)| *value);
    let shows = |value: f64| value == 0.0 || (SMALLEST..=LARGEST).contains(&value.abs());
    if !values().all(shows) {
        return None;
    }
    let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
    let margin = if high > low {
        (high - low) * 0.1
    } else if high == 0.0 {
        1.0
    } else {
        high.abs() * 0.1
    };
    Some((low - margin, high + margin))
}

/// A number without an exponent, and without digits that only rounding made.
fn plain(value: f64) -> String {
    let decimals = if value == 0.0 { 0 } else { (12 - value.abs().log10().floor() as i32).clamp(0, 24) };
    let text = format!("{value:.*}", decimals as usize);
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

fn harmless(text: &str, most: usize) -> String {
    let kept = |letter: &char| letter.is_ascii_alphanumeric() || matches!(letter, ' ' | '_' | '.' | '/' | '-');
    text.chars().filter(kept).take(most).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::HOSTILE;

    #[test]
    fn a_chart() {
        let text = mermaid("accuracy in eval/m.json", &[("3f2a9c1d04", 0.9), ("9b1c77e02d", 0.92), ("9b1c77e02d", -1e-7)]);
        let expected = "xychart-beta\n  title \"accuracy in eval/m.json\"\n  x-axis [\"3f2a9c1d04\", \"9b1c77e02d\", \"9b1c77e02d .3\"]\n  \
                        y-axis -0.09200011 --> 1.01200001\n  line [0.9, 0.92, -0.0000001]";
        assert_eq!(text.as_deref(), Some(expected));
    }

    #[test]
    fn numbers_are_plain() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1e12, "1000000000000"),
            (-2.5, "-2.5"),
            (1e-9, "0.000000001"),
            (0.1 + 0.2, "0.3"),
            (1234.5678, "1234.5678"),
        ] {
            assert_eq!(plain(value), text);
        }
    }

    #[test]
    fn what_cannot_be_drawn_is_not() {
        for points in [&[][..], &[1.0][..], &[1.0, f64::MAX][..], &[1.0, f64::NAN][..], &[1.0, 1e-300][..], &[f64::INFINITY, 2.0][..]] {
            let points: Vec<(&str, f64)> = points.iter().map(|&value| ("a", value)).collect();
            assert_eq!(mermaid("m", &points), None);
        }
        // A value that never changes still needs an axis that has a size.
        assert!(mermaid("m", &[("a", 0.0), ("b", 0.0)]).is_some_and(|text| text.contains("y-axis -1 --> 1")));
        assert!(mermaid("m", &[("a", 5.0), ("b", 5.0)]).is_some_and(|text| text.contains("y-axis 4.5 --> 5.5")));
    }

    #[test]
    fn hostile_names_are_letters_only() {
        for text in HOSTILE.iter().chain(&["%%{init: {}}%%", "a\"]\nclick x", "\u{1f9e8}", "--> ; }"]) {
            let chart = mermaid(text, &[(text, 1.0), (text, 2.0)]).expect("a chart");
            let lines: Vec<&str> = chart.lines().collect();
            assert_eq!(lines.len(), 5, "{chart}");
            assert_eq!((lines[1].matches('"').count(), lines[2].matches('"').count()), (2, 4), "{chart}");
            let ours = |letter: char| letter.is_ascii_alphanumeric() || " _./-\"[],>".contains(letter);
            assert!(lines.iter().all(|line| line.chars().all(ours)), "{chart}");
        }
    }
}
