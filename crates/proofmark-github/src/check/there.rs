//! The check runs of one name and commit, and what they mean for one report.

use std::collections::BTreeMap;

use super::order::{CheckKey, OVERRULED};
use super::{FAILURE, Origin};
use crate::wire;

pub(super) struct There {
    /// The newest of a newer run.
    pub(super) newer: Option<wire::CheckRun>,
    /// Of this very run, and not completed.
    pub(super) open: Option<wire::CheckRun>,
    /// The last word of another report of this name, where that word is no.
    pub(super) blocking: Option<wire::CheckRun>,
    /// The latest of another report, whatever it says.
    pub(super) latest: Option<wire::CheckRun>,
    pub(super) ids: Vec<u64>,
}

impl There {
    pub(super) fn sort(key: &CheckKey, runs: Vec<wire::CheckRun>) -> Self {
        let ids = runs.iter().map(|run| run.id).collect();
        let own = Origin::parse(&key.external_id);
        let origin = |run: &wire::CheckRun| run.external_id.as_deref().and_then(Origin::parse);
        let (mut newer, mut open, mut latest) = (None, None, None::<wire::CheckRun>);
        let mut others: BTreeMap<String, (Origin, wire::CheckRun)> = BTreeMap::new();
        for run in &runs {
            let Some(other) = origin(run).filter(|other| own.as_ref().is_some_and(|own| own.key != other.key)) else { continue };
            if latest.as_ref().is_none_or(|latest| latest.id < run.id) {
                latest = Some(run.clone());
            }
            if others
                .get(&other.key)
                .is_none_or(|(known, last)| (known.run_id, known.attempt, last.id) < (other.run_id, other.attempt, run.id))
            {
                others.insert(other.key.clone(), (other, run.clone()));
            }
        }
        let blocking = others.into_values().map(|(_, run)| run).find(blocks);
        for run in runs {
            if run.external_id.as_deref() == Some(&key.external_id) {
                if run.status != "completed" && open.is_none() {
                    open = Some(run);
                }
            } else if let (Some(own), Some(other)) = (&own, origin(&run))
                && other.is_newer_than(own)
                && newer.as_ref().and_then(origin).is_none_or(|newest| other.is_newer_than(&newest))
            {
                newer = Some(run);
            }
        }
        Self { newer, open, blocking, latest, ids }
    }
}

/// Whether the report itself says no. One that was overruled says nothing by itself: else two reports could block each other for ever.
fn blocks(run: &wire::CheckRun) -> bool {
    run.conclusion.as_deref() == Some(FAILURE) && run.output.title.as_deref() != Some(OVERRULED)
}
