//! Tokens and passwords.

use std::fmt;

/// A secret that no form of printing shows.
#[derive(Clone)]
pub struct Secret(Box<str>);

impl Secret {
    /// A secret; white space round it is taken off.
    ///
    /// `None` is given when nothing is left, or when white space or a control character stands inside: no token has one, and a
    /// line break would end the header that carries it.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let unfit = |c: char| c.is_whitespace() || c.is_control();
        (!text.is_empty() && !text.contains(unfit)).then(|| Self(text.into()))
    }

    /// The secret itself, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_round_it_is_taken_off() {
        let secret = Secret::new(" \tghs_abc\r\n").expect("a secret");
        assert_eq!(secret.expose(), "ghs_abc");
    }

    #[test]
    fn what_no_header_can_carry_is_refused() {
        for text in ["", "  \n", "a b", "a\nb", "a\r\nX-Evil: 1", "a\u{0}b", "a\u{a0}b", "a\u{7f}b"] {
            assert!(Secret::new(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn printing_shows_stars() {
        let secret = Secret::new("hunter22").expect("a secret");
        assert_eq!(format!("{secret:?} {:#?}", Some(&secret)).matches("hunter").count(), 0);
        assert_eq!(format!("{secret:?}"), "Secret(***)");
    }
}
