//! Lines for findings, so that a remark can stand beside the metric that caused it.

use std::collections::BTreeMap;

use super::Judgement;
use crate::config::Effect;
use crate::document::{Format, Places};
use crate::path::RepoPath;

/// Fills in [`super::Finding::line`] of everything that people should look at: the line of the metric, or of the mistake
/// that makes its file unreadable. `read` gives the head's files; each is asked for once at most.
pub fn locate(judgement: &mut Judgement, read: &dyn Fn(&RepoPath) -> Option<Vec<u8>>) {
    let mut wanted: BTreeMap<RepoPath, Vec<usize>> = BTreeMap::new();
    for (index, finding) in judgement.findings.iter().enumerate() {
        if let Some(file) = finding.file.as_ref().filter(|_| finding.effect != Effect::Allow) {
            wanted.entry(file.clone()).or_default().push(index);
        }
    }
    for (file, indices) in wanted {
        let Some(bytes) = read(&file) else { continue };
        let places = Places::of(Format::of(&file), &bytes);
        for index in indices {
            let finding = &mut judgement.findings[index];
            finding.line = match &places {
                Ok(places) => places.line(&finding.metric),
                Err(mistake) => mistake.position.map(|at| at.line),
            };
        }
    }
}
