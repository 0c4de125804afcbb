//! Lists of globs, where `!` before one leaves out what it matches.

use proofmark_core::glob::Glob;

use crate::error::Mistake;

/// A compiled list.
#[derive(Debug, Clone, Default)]
pub(crate) struct Globs {
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
        let mut globs = Self::default();
        for text in texts {
            let (list, text) = match text.strip_prefix('!') {
                Some(rest) => (&mut globs.exclude, rest),
                None => (&mut globs.include, text.as_str()),
            };
            if text.is_empty() {
                return Err(Mistake::new(field, "a glob is empty"));
            }
            list.push(glob(text).map_err(|error| Mistake::new(field, error.to_string()))?);
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
        let include = self.include.iter().map(|glob| glob.as_str().to_owned());
        let all: Vec<String> = include.chain(self.exclude.iter().map(|glob| format!("!{}", glob.as_str()))).collect();
        all.join(", ")
    }
}
