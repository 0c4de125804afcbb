//! Globs over metric names, files and branches, with one meaning each.
//!
//! `*` any text, `?` one character, `{a,b}` either, `[a-z]` one of a range, `\` takes the next character as it is. Over
//! files `*` stops at `/` and `**` does not; over metric names and branches `*` matches everything.

use globset::{GlobBuilder, GlobMatcher};

/// A compiled glob.
#[derive(Debug, Clone)]
pub struct Glob {
    text: String,
    matcher: Option<GlobMatcher>,
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

    fn new(text: &str, literal_separator: bool) -> Result<Self, GlobError> {
        let plain = !text.contains(['*', '?', '[', ']', '{', '}', '\\']);
        // An index such as `folds[0].auc` is a name and not a range of characters.
        let is_index = |inside: &str| !inside.is_empty() && inside.bytes().all(|byte| byte.is_ascii_digit());
        let indices_only = !text.contains(['*', '?', '{', '}', '\\'])
            && text.split('[').skip(1).all(|rest| rest.split_once(']').is_some_and(|(inside, _)| is_index(inside)));
        if plain || (!literal_separator && indices_only) {
            return Ok(Self { text: text.to_owned(), matcher: None });
        }
        let built = GlobBuilder::new(text).literal_separator(literal_separator).backslash_escape(true).build();
        let glob = built.map_err(|error| GlobError { glob: text.to_owned(), reason: error.kind().to_string() })?;
        Ok(Self { text: text.to_owned(), matcher: Some(glob.compile_matcher()) })
    }

    /// Whether it can match one text only.
    pub fn is_literal(&self) -> bool {
        self.matcher.is_none()
    }

    /// Whether `text` matches as a whole.
    pub fn matches(&self, text: &str) -> bool {
        self.matcher.as_ref().map_or(self.text == text, |matcher| matcher.is_match(text))
    }

    /// The glob as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
