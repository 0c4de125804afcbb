//! Tokens and passwords.

use std::fmt;

/// A secret that no form of printing shows.
#[derive(Clone)]
pub struct Secret(Box<str>);

impl Secret {
    /// A secret; white space round it is taken off. `None` is given for what [`Self::parse`] finds empty or broken.
    pub fn new(text: &str) -> Option<Self> {
        Self::parse(text).ok().flatten()
    }

    /// A secret; white space round it is taken off, and `None` is given when nothing is left.
    ///
    /// # Errors
    /// What stands inside that no token has and no header can carry, as the end of a sentence: `holds a line break`. A line
    /// break would end the header that carries it.
    pub fn parse(text: &str) -> Result<Option<Self>, &'static str> {
        let text = text.trim();
        let problem = |letter: char| match letter {
            '\n' | '\r' => Some("holds a line break, so it is more than a token or a broken one"),
            letter if letter.is_whitespace() => Some("holds white space, so it is more than a token or a broken one"),
            letter if letter.is_control() => Some("holds a control character"),
            letter if !letter.is_ascii() => Some("holds a character that is not ASCII"),
            _ => None,
        };
        match text.chars().find_map(problem) {
            Some(problem) => Err(problem),
            None => Ok((!text.is_empty()).then(|| Self(text.into()))),
        }
    }

    /// A password exactly as it was typed: it may hold spaces and any letters, since it is encoded before it is sent. `None` for
    /// an empty one.
    pub fn password(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self(text.into()))
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
        for text in ["", "  \n", "a b", "a\nb", "a\r\nX-Evil: 1", "a\u{0}b", "a\u{a0}b", "a\u{7f}b", "tökn", "a\u{200b}"] {
            assert!(Secret::new(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn a_password_is_taken_as_it_is() {
        for text in [" tö kn\n", "a", " "] {
            assert_eq!(Secret::password(text).expect("a secret").expose(), text);
        }
        assert!(Secret::password("").is_none());
    }

    #[test]
    fn empty_is_told_from_broken() {
        let parse = |text| Secret::parse(text).map(|secret| secret.map(|secret| secret.expose().to_owned()));
        assert_eq!((parse(""), parse(" \r\n"), parse(" ghs_a\n")), (Ok(None), Ok(None), Ok(Some("ghs_a".to_owned()))));
        let cases =
            [("a\nb", "a line break"), ("a\r\nb", "a line break"), ("a b", "white space"), ("a\0b", "control"), ("tök", "not ASCII")];
        for (text, word) in cases {
            assert!(parse(text).is_err_and(|problem| problem.starts_with("holds ") && problem.contains(word)), "{text:?}");
        }
    }

    #[test]
    fn printing_shows_stars() {
        let secret = Secret::new("hunter22").expect("a secret");
        assert_eq!(format!("{secret:?} {:#?}", Some(&secret)).matches("hunter").count(), 0);
        assert_eq!(format!("{secret:?}"), "Secret(***)");
    }
}
