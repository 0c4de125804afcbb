//! The recorded history of the base, as far as rules ask for it.

use std::collections::{BTreeMap, BTreeSet};

use proofmark_core::compare::Comparison;
use proofmark_core::gate::{BEST, WINDOW, add_best};
use proofmark_core::policy::Policy;
use proofmark_core::record::{Alike, best, window};
use proofmark_core::reference::{Place, Series};

use crate::exit::CliError;
use crate::record::past;
use crate::session::Session;

/// First-parent steps back that are looked at.
const DEPTH: usize = 1000;

/// Adds recorded values where rules compare with `window` or `best`.
pub(super) fn add(
    session: &Session,
    policy: &Policy,
    comparison: &mut Comparison,
    wanted: &BTreeMap<String, BTreeSet<Place>>,
    notes: &mut Vec<String>,
) -> Result<(), CliError> {
    let (windows, bests) = (wanted.get(WINDOW), wanted.get(BEST));
    if windows.is_none() && bests.is_none() {
        return Ok(());
    }
    let found = past(&session.repository, &policy.history.reference, &session.before(DEPTH)?)?;
    if !found.left_out.is_empty() {
        let first = found.left_out.first().map_or_else(String::new, |record| format!("{:.10}: {}", record.commit, record.reason));
        notes.push(format!("{} records of the history cannot be read and are left out ({first}).", found.left_out.len()));
    }
    // Only values of the same test set are comparable with the head's.
    let test_sets: BTreeMap<String, String> =
        comparison.tables.iter().filter_map(|table| Some((table.name.clone(), table.test_set.clone()?))).collect();
    let alike = |place: &Place| Alike {
        class: policy.history.class.as_deref(),
        test_set: place.table.as_ref().and_then(|table| test_sets.get(table)).map(String::as_str),
    };
    for place in windows.into_iter().flatten() {
        let values = window(&found.records, place, policy.history.window, &alike(place));
        comparison.history.push(Series { place: place.clone(), values });
    }
    if let Some(places) = bests {
        let value = |place: &Place, direction| best(&found.records, place, &alike(place), direction).map(|(_, value)| value);
        add_best(comparison, policy, places, &value);
    }
    Ok(())
}
