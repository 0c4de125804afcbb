//! The mark that an order of proofmark leaves in what it starts, by which the run is found again, and loops are.
//!
//! Anybody may write one: it proves nothing. A mark that is false can only make a chain look longer, or a run look started.

use std::fmt;

/// The first word of each mark; it grows when the form changes.
const VERSION: &str = "pm1";

/// What stands in inputs, titles and payloads of what was started: `pm1-2-0a1b2c3d-4e5f6071-8293a4b5c6d7e8f9`.
///
/// ```
/// use proofmark_core::event::Mark;
///
/// let mark = Mark::find("Retrain (pm1-2-0a1b2c3d-4e5f6071-8293a4b5c6d7e8f9)").expect("a mark");
/// assert_eq!((mark.depth, mark.key.as_str()), (2, "8293a4b5c6d7e8f9"));
/// assert_eq!(mark.to_string(), "pm1-2-0a1b2c3d-4e5f6071-8293a4b5c6d7e8f9");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// How many orders led here, one after the other, this one included.
    pub depth: u32,
    /// Which rule gave the order, as 8 hexadecimal digits.
    pub rule: String,
    /// What is not started side by side, as 8 hexadecimal digits.
    pub group: String,
    /// The order itself, as 16 hexadecimal digits.
    pub key: String,
}

impl Mark {
    /// A text that is a mark and nothing else. Each mark has one way to be written.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let version = parts.next()?;
        let (depth, rule, group, key) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        if version != VERSION || parts.next().is_some() {
            return None;
        }
        Some(Self { depth: whole(depth)?, rule: hexadecimal(rule, 8)?, group: hexadecimal(group, 8)?, key: hexadecimal(key, 16)? })
    }

    /// The first mark that stands in a text as a word of its own.
    pub fn find(text: &str) -> Option<Self> {
        Self::all(text).next()
    }

    /// All marks that stand in a text, each as a word of its own.
    pub fn all(text: &str) -> impl Iterator<Item = Self> {
        text.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '-')).filter_map(Self::parse)
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{VERSION}-{}-{}-{}-{}", self.depth, self.rule, self.group, self.key)
    }
}

/// A number without a sign and without zeros before it, which `parse` would take.
fn whole(text: &str) -> Option<u32> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| is_plain)
}

fn hexadecimal(text: &str, digits: usize) -> Option<String> {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    (text.len() == digits && text.bytes().all(is_digit)).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = "pm1-12-0a1b2c3d-4e5f6071-8293a4b5c6d7e8f9";

    #[test]
    fn a_mark_has_one_form() {
        let mark = Mark::parse(TEXT).expect("a mark");
        assert_eq!(
            (mark.depth, mark.rule.as_str(), mark.group.as_str(), mark.key.as_str()),
            (12, "0a1b2c3d", "4e5f6071", "8293a4b5c6d7e8f9")
        );
        for (from, to) in [
            ("pm1", "pm2"),
            ("pm1", "PM1"),
            ("pm1-", "-pm1-"),
            ("-12-", "-012-"),
            ("-12-", "-+12-"),
            ("-12-", "--"),
            ("-12-", "-4294967296-"),
            ("0a1b2c3d", "0A1b2c3d"),
            ("0a1b2c3d", "0a1b2c3"),
            ("0a1b2c3d", "0a1b2c3dd"),
            ("4e5f6071", "4e5f607g"),
            ("8293", ""),
            ("e8f9", "e8f9 "),
            ("e8f9", "e8f9-0"),
            ("e8f9", "e8fé"),
        ] {
            assert_eq!(Mark::parse(&TEXT.replace(from, to)), None, "{from} as {to}");
        }
        assert_eq!(Mark::parse(""), None);
    }

    #[test]
    fn a_mark_is_a_word() {
        for (before, after) in [("", ""), ("Retrain (", ")"), ("\"", "\","), ("é", "é"), ("x ", "\n"), ("_", "_"), ("a.", ".b")] {
            assert_eq!(Mark::find(&format!("{before}{TEXT}{after}")), Mark::parse(TEXT), "{before}…{after}");
        }
        for (before, after) in [("x", ""), ("", "x"), ("-", ""), ("", "-"), ("0", "0")] {
            assert_eq!(Mark::find(&format!("{before}{TEXT}{after}")), None, "{before}…{after}");
        }
        let depths = |text: &str| Mark::all(text).map(|mark| mark.depth).collect::<Vec<_>>();
        assert_eq!(depths(&format!("{TEXT} {}", TEXT.replace("-12-", "-0-"))), [12, 0]);
    }

    fn mark() -> impl Strategy<Value = Mark> {
        (any::<u32>(), "[0-9a-f]{8}", "[0-9a-f]{8}", "[0-9a-f]{16}").prop_map(|(depth, rule, group, key)| Mark { depth, rule, group, key })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(mark in mark()) {
            prop_assert_eq!(Mark::parse(&mark.to_string()), Some(mark));
        }

        #[test]
        fn a_mark_is_found_in_noise(mark in mark(), before in "(.*[^A-Za-z0-9-])?", after in "([^A-Za-z0-9-].*)?") {
            let text = format!("{before}{mark}{after}");
            prop_assert!(Mark::all(&text).any(|found| found == mark));
        }

        #[test]
        fn whatever_is_read_is_written_so(text in "(.*|pm1-[0-9]{0,11}-[0-9a-f]{7,9}-[0-9a-f]{8}-[0-9a-f]{16})") {
            if let Some(mark) = Mark::parse(&text) {
                prop_assert_eq!(mark.to_string(), text.clone());
            }
            for mark in Mark::all(&text) {
                prop_assert!(text.contains(&mark.to_string()));
            }
        }
    }
}
