//! `dvc`: what DVC sees changed.

use proofmark_core::config::DvcCondition;
use proofmark_core::glob::Glob;

use super::Holds;
use crate::error::Mistake;
use crate::facts::{DvcChanges, Fact, Needs};
use crate::globs::Globs;
use crate::view::View;

/// A compiled `dvc`.
#[derive(Debug)]
pub(crate) struct Dvc {
    stages: Option<Globs>,
    data: Option<Globs>,
    params: Vec<(Option<Glob>, Glob)>,
}

impl Dvc {
    pub(crate) fn compile(field: &str, typed: &DvcCondition) -> Result<Self, Mistake> {
        let param = |text: &String| {
            let wrong = |error: proofmark_core::glob::GlobError| Mistake::new(format!("{field}.params"), error.to_string());
            match text.split_once(':') {
                Some((file, key)) => Ok((Some(Glob::file(file).map_err(wrong)?), Glob::name(key).map_err(wrong)?)),
                None => Ok((None, Glob::name(text).map_err(wrong)?)),
            }
        };
        let dvc = Self {
            stages: Globs::names(&format!("{field}.stages"), &typed.stages)?,
            data: Globs::files(&format!("{field}.data"), &typed.data)?,
            params: typed.params.iter().map(param).collect::<Result<_, _>>()?,
        };
        if dvc.stages.is_none() && dvc.data.is_none() && dvc.params.is_empty() {
            return Err(Mistake::new(field, "it names nothing").hint("name `stages`, `data` or `params`"));
        }
        Ok(dvc)
    }

    pub(super) fn told(&self) -> String {
        let list = |name: &str, globs: &Option<Globs>| globs.as_ref().map(|globs| format!("{name} {}", globs.told()));
        let params = self.params.iter().map(|(file, key)| match file {
            Some(file) => format!("{}:{}", file.as_str(), key.as_str()),
            None => key.as_str().to_owned(),
        });
        let params: Vec<String> = params.collect();
        let params = (!params.is_empty()).then(|| format!("params {}", params.join(", ")));
        [list("stages", &self.stages), list("data", &self.data), params].into_iter().flatten().collect::<Vec<_>>().join("; ")
    }

    pub(super) fn holds(&self, view: &View<'_>) -> Holds {
        match &view.facts.dvc {
            Fact::Unasked => Holds::Needs(Needs { dvc: true, ..Needs::default() }),
            Fact::Absent(_) => Holds::No,
            Fact::Unknown(why) => Holds::Unknown(why.clone()),
            Fact::Known(changes) => (!self.matching(changes).is_empty()).into(),
        }
    }

    pub(super) fn found(&self, view: &View<'_>) -> String {
        match &view.facts.dvc {
            Fact::Unasked => "not looked at".to_owned(),
            Fact::Absent(why) | Fact::Unknown(why) => why.clone(),
            Fact::Known(changes) => match self.matching(changes).as_slice() {
                [] => "nothing of it changed".to_owned(),
                some => some.iter().take(5).cloned().collect::<Vec<_>>().join("; "),
            },
        }
    }

    fn matching(&self, changes: &DvcChanges) -> Vec<String> {
        let mut found = Vec::new();
        for (stage, why) in &changes.stages {
            // A stage of a pipeline in a folder is `folder/dvc.yaml:train`; its plain name does as well.
            let plain = stage.rsplit(':').next().unwrap_or(stage);
            if self.stages.as_ref().is_some_and(|globs| globs.matches(stage) || (plain != stage && globs.matches(plain))) {
                found.push(format!("stage {stage} ({})", why.join(", ")));
            }
        }
        found.extend(changes.data.iter().filter(|path| self.data.as_ref().is_some_and(|globs| globs.matches(path))).cloned());
        for param in &changes.params {
            let (file, key) = param.split_once(':').unwrap_or(("", param));
            if self.params.iter().any(|(of, name)| of.as_ref().is_none_or(|of| of.matches(file)) && name.matches(key)) {
                found.push(param.clone());
            }
        }
        found
    }
}
