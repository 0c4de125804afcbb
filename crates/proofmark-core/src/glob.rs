//! Globs over metric names, files and branches, with one meaning each.
//!
//! `*` any text, `?` one character, `{a,b}` either, `[a-z]` one of a range, `\` takes the next character as it is. Over
//! files `*` stops at `/` and `**` does not; over metric names and branches `*` matches everything.

mod simple;

use globset::{GlobBuilder, GlobMatcher};

use self::simple::Simple;
use crate::key::Key;

/// The longest text that is taken as a glob, in characters. A plain name may be longer.
pub const MAX_LENGTH: usize = 1_000;
/// How deep braces may stand in braces.
pub const MAX_DEPTH: usize = 16;

/// Characters of a wrong glob that its message repeats.
const SHOWN: usize = 80;

/// A compiled glob.
#[derive(Debug, Clone)]
pub struct Glob {
    text: String,
    matcher: Matcher,
}

/// How it is matched.
#[derive(Debug, Clone)]
enum Matcher {
    /// It means itself.
    Literal,
    /// Text and stars.
    Simple(Simple),
    /// Everything else.
    Compiled(GlobMatcher),
}

/// Why a text is not a glob.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{glob}` is not a glob: {reason}")]
pub struct GlobError {
    glob: String,
    reason: String,
}

impl Glob {
    /// A glob over metric names or branches.
    ///
    /// # Errors
    /// When the text is not a glob.
    pub fn name(text: &str) -> Result<Self, GlobError> {
        Self::new(text, false)
    }

    /// A glob over files.
    ///
    /// # Errors
    /// When the text is not a glob.
    pub fn file(text: &str) -> Result<Self, GlobError> {
        Self::new(text, true)
    }

    /// A text that means itself, whatever is in it.
    pub fn literal(text: &str) -> Self {
        Self { text: text.to_owned(), matcher: Matcher::Literal }
    }

    fn new(text: &str, literal_separator: bool) -> Result<Self, GlobError> {
        let plain = !text.contains(['*', '?', '[', ']', '{', '}', '\\']);
        // An index such as `folds[0].auc` is a name and not a range of characters.
        let is_index = |inside: &str| !inside.is_empty() && inside.bytes().all(|byte| byte.is_ascii_digit());
        let indices_only = !text.contains(['*', '?', '{', '}', '\\'])
            && text.split('[').skip(1).all(|rest| rest.split_once(']').is_some_and(|(inside, _)| is_index(inside)));
        if plain || (!literal_separator && indices_only) {
            return Ok(Self::literal(text));
        }
        let error = |reason: String| {
            let mut glob: String = text.chars().take(SHOWN).collect();
            glob.push_str(if text.chars().nth(SHOWN).is_some() { "…" } else { "" });
            GlobError { glob, reason }
        };
        // Compiling panics on what the regular expressions beneath it refuse for its size or depth, so it is small and flat.
        if text.chars().nth(MAX_LENGTH).is_some() {
            return Err(error(format!("it is longer than {MAX_LENGTH} characters")));
        }
        if let Some(simple) = Simple::parse(text, literal_separator) {
            return Ok(Self { text: text.to_owned(), matcher: Matcher::Simple(simple) });
        }
        if depth(text) > MAX_DEPTH {
            return Err(error(format!("its braces are nested deeper than {MAX_DEPTH}")));
        }
        let built = GlobBuilder::new(text).literal_separator(literal_separator).backslash_escape(true).build();
        let glob = built.map_err(|wrong| error(wrong.kind().to_string()))?;
        Ok(Self { text: text.to_owned(), matcher: Matcher::Compiled(glob.compile_matcher()) })
    }

    /// Whether it can match one text only.
    pub fn is_literal(&self) -> bool {
        matches!(self.matcher, Matcher::Literal)
    }

    /// What every text begins with that matches, as far as it is known without trying: of many sorted texts, only those need to
    /// be tried.
    pub fn prefix(&self) -> &str {
        match &self.matcher {
            Matcher::Literal => &self.text,
            Matcher::Simple(simple) => simple.prefix(),
            Matcher::Compiled(_) => "",
        }
    }

    /// Whether `text` matches as a whole.
    pub fn matches(&self, text: &str) -> bool {
        match &self.matcher {
            Matcher::Literal => self.text == text,
            Matcher::Simple(simple) => simple.matches(text),
            Matcher::Compiled(matcher) => matcher.is_match(text),
        }
    }

    /// Whether a metric's name matches. A glob written for the plain name also matches a key that needs escapes.
    pub fn matches_key(&self, key: &Key) -> bool {
        self.matches(key.as_str()) || (key.as_str().contains('\\') && self.matches(&key.plain()))
    }

    /// The glob as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// How deep braces stand in braces, by globset's rules: none count after a backslash or in a class.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => drop(letters.next()),
            '[' => {
                let _ = letters.next_if(|next| matches!(next, '!' | '^'));
                // The first one is a member, also `]`.
                let _ = letters.next();
                while letters.next().is_some_and(|next| next != ']') {}
            }
            '{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn too_long_or_too_deep_is_an_error() {
        let nested = |depth: usize| format!("{}a{}", "{".repeat(depth), "}".repeat(depth));
        for wrong in [nested(17), nested(300), "?".repeat(MAX_LENGTH + 1), "?".repeat(200_000), "{".repeat(200_000), "[".repeat(200_000)] {
            for built in [Glob::name(&wrong), Glob::file(&wrong)] {
                let error = built.expect_err("refused").to_string();
                assert!(error.len() < 300, "{error}");
            }
        }
        // Braces in a class hide none, and are none.
        assert!(Glob::name(&"{[}]".repeat(17)).expect_err("deep").to_string().contains("nested"));
        assert!(Glob::name(&format!("[{}]", "{".repeat(30))).is_ok_and(|glob| glob.matches("{")));
        assert!(Glob::name(&format!("{}*", "\\{".repeat(30))).is_ok());
        assert!(Glob::name(&nested(MAX_DEPTH)).is_ok_and(|glob| glob.matches("a")));
        assert!(Glob::name(&"?".repeat(MAX_LENGTH)).is_ok_and(|glob| glob.matches(&"x".repeat(MAX_LENGTH))));
        let plain = "é".repeat(MAX_LENGTH + 1);
        assert!(Glob::name(&plain).is_ok_and(|glob| glob.is_literal() && glob.matches(&plain)));
    }

    /// The largest that the limits let through, repeated parts of every kind.
    #[test]
    fn nothing_within_the_limits_panics() {
        let parts = [
            "?",
            "*",
            "**",
            "**/",
            "/**/",
            "/**",
            "{a,b}",
            "{,}",
            "{}",
            "{*,?}",
            "{**,a/**}",
            "[a-z]",
            "[!a]",
            "[!é-€]",
            "[]-a]",
            "[^]",
            "[a-]",
            "[--0]",
            "[&&~~]",
            "\u{10ffff}*",
            "[\0-\u{10ffff}]",
            "[!\0-\u{10ffff}]",
            "\\",
            "\\*",
            "{[a-z],**/",
            "{{{{*,?},[é-ü]},}",
            "}",
            "]",
            "-",
            "(",
            "|",
            "$",
            "(?i)",
            "a{2,999}",
            "\n*",
        ];
        for part in parts {
            for prefix in ["", "*", "{", "{a,"] {
                let room = MAX_LENGTH - prefix.chars().count() - 1;
                let mut text = prefix.to_owned() + &part.repeat(room / part.chars().count());
                if prefix.starts_with('{') {
                    text.push('}');
                }
                for glob in [Glob::name(&text), Glob::file(&text)].into_iter().flatten() {
                    glob.matches(&"a/é".repeat(500));
                }
            }
        }
        // One branch in each of the depths, filled to the last character.
        let (open, close) = ("{**/?,".repeat(MAX_DEPTH), "}".repeat(MAX_DEPTH));
        let fill = "[!a-z]".repeat((MAX_LENGTH - open.len() - close.len()) / 6);
        assert!(Glob::name(&format!("{open}{fill}{close}")).is_ok() && Glob::file(&format!("{open}{fill}{close}")).is_ok());
    }

    proptest! {
        #[test]
        fn no_text_panics(text in r"([*?{},\[\]!^\\/&|()$.é€-]|[a-c]|\*\*|\{a,b\}|\[a-z\]|\PC){0,200}", name in "[a-c/.é]{0,20}") {
            for glob in [Glob::name(&text), Glob::file(&text)].into_iter().flatten() {
                glob.matches(&name);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        /// Globs that need no regular expression mean what their regular expressions would.
        #[test]
        fn simple_globs_mean_what_the_library_says(glob in r"(a|b|ab|\*|\*\*|/|\*\*/|/\*\*|\.é){0,8}", text in r"(a|b|/|\.é|ab){0,8}", is_path: bool) {
            if let Some(simple) = Simple::parse(&glob, is_path) {
                let library = GlobBuilder::new(&glob).literal_separator(is_path).backslash_escape(true).build();
                let library = library.expect("a glob").compile_matcher();
                prop_assert_eq!(simple.matches(&text), library.is_match(&text), "{} on {:?}", glob, text);
                prop_assert!(!simple.matches(&text) || text.starts_with(simple.prefix()));
            }
        }
    }

    #[test]
    fn meanings() {
        let name = |glob: &str, text: &str| Glob::name(glob).is_ok_and(|glob| glob.matches(text));
        let file = |glob: &str, text: &str| Glob::file(glob).is_ok_and(|glob| glob.matches(text));
        assert!(name("*.auc", "test.fold.auc") && name("a/b*", "a/b/c") && name("folds[0].auc", "folds[0].auc"));
        assert!(!name("auc", "test.auc") && name("{auc,f1}", "f1"));
        assert!(file("metrics/*.json", "metrics/a.json") && !file("metrics/*.json", "metrics/b/a.json") && file("**/*.json", "a.json"));
        assert!(Glob::name("a[").is_err() && Glob::name("{a").is_err());
    }
}
