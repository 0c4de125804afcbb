//! Lists of globs, where `!` before one leaves out what it matches.

use proofmark_core::glob::Glob;

use crate::error::Mistake;

/// Globs that one with braces stands for, at most.
const MOST_SPREAD: usize = 16;

/// A compiled list.
#[derive(Debug, Clone, Default)]
pub(crate) struct Globs {
    /// As it was written.
    texts: Vec<String>,
    pub(crate) include: Vec<Glob>,
    pub(crate) exclude: Vec<Glob>,
}

impl Globs {
    pub(crate) fn names(field: &str, texts: &[String]) -> Result<Option<Self>, Mistake> {
        Self::compile(field, texts, Glob::name)
    }

    pub(crate) fn files(field: &str, texts: &[String]) -> Result<Option<Self>, Mistake> {
        Self::compile(field, texts, Glob::file)
    }

    fn compile(
        field: &str,
        texts: &[String],
        glob: fn(&str) -> Result<Glob, proofmark_core::glob::GlobError>,
    ) -> Result<Option<Self>, Mistake> {
        let mut globs = Self { texts: texts.to_vec(), ..Self::default() };
        for text in texts {
            let (list, text) = match text.strip_prefix('!') {
                Some(rest) => (&mut globs.exclude, rest),
                None => (&mut globs.include, text.as_str()),
            };
            if text.is_empty() {
                return Err(Mistake::new(field, "a glob is empty"));
            }
            // Without braces there is no regular expression to compile, and the files in question are found at once.
            match spread(text).iter().map(|text| glob(text)).collect::<Result<Vec<_>, _>>() {
                Ok(several) if !several.is_empty() => list.extend(several),
                _ => list.push(glob(text).map_err(|error| Mistake::new(field, error.to_string()))?),
            }
        }
        Ok((!texts.is_empty()).then_some(globs))
    }

    /// Whether a text is in: matched by one, or by none where only others are left out; and by none that leaves out.
    pub(crate) fn matches(&self, text: &str) -> bool {
        (self.include.is_empty() || self.include.iter().any(|glob| glob.matches(text))) && !self.leaves_out(text)
    }

    pub(crate) fn leaves_out(&self, text: &str) -> bool {
        self.exclude.iter().any(|glob| glob.matches(text))
    }

    /// As it was written.
    pub(crate) fn told(&self) -> String {
        self.texts.join(", ")
    }
}

/// What a glob with plain choices in braces stands for: `{a,b}/*` for `a/*` and `b/*`. None for any other glob.
fn spread(text: &str) -> Vec<String> {
    if !text.contains('{') || text.contains(['[', ']', '?', '\\']) || text.len() > proofmark_core::glob::MAX_LENGTH {
        return Vec::new();
    }
    let mut found = vec![String::new()];
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('{') {
        let Some((choices, behind)) = behind.split_once('}') else { return Vec::new() };
        let choices: Vec<&str> = choices.split(',').collect();
        let is_plain =
            |choice: &&str| !choice.is_empty() && !choice.contains(['*', '{']) && !choice.starts_with('/') && !choice.ends_with('/');
        if before.contains('}') || !choices.iter().all(is_plain) || found.len() * choices.len() > MOST_SPREAD {
            return Vec::new();
        }
        found = found.iter().flat_map(|text| choices.iter().map(move |choice| format!("{text}{before}{choice}"))).collect();
        rest = behind;
    }
    if rest.contains('}') {
        return Vec::new();
    }
    found.into_iter().map(|text| text + rest).collect()
}
