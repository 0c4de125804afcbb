//! Data versions as people read them: a few digits of the hash, and the size.

use proofmark_core::compare::DataDelta;
use proofmark_core::discovery::DataVersion;
use serde::Serialize;

use super::{Room, name};
use crate::text::counted;

/// Data files, folders and models.
#[derive(Debug, Default, Serialize)]
pub(crate) struct DataRows {
    /// Those that changed.
    pub(crate) rows: Vec<DataView>,
    /// How many were left out for want of room.
    pub(crate) left_out: usize,
    /// How many did not change.
    pub(crate) hidden: usize,
}

/// One data file, folder or model.
#[derive(Debug, Serialize)]
pub(crate) struct DataView {
    /// The path.
    pub(crate) path: String,
    /// `added`, `removed`, `changed` or `unchanged`.
    pub(crate) status: &'static str,
    /// The short hash and the size at the base.
    pub(crate) base: String,
    /// The same at the head.
    pub(crate) head: String,
}

impl DataRows {
    pub(super) fn new(deltas: &[DataDelta], room: &Room) -> Self {
        let mut rows = Self::default();
        for delta in deltas {
            if !room.all && delta.status.is_unchanged() {
                rows.hidden += 1;
            } else if rows.rows.len() >= room.details {
                rows.left_out += 1;
            } else {
                rows.rows.push(DataView {
                    path: name(delta.path.as_str()),
                    status: delta.status.name(),
                    base: version(delta.base.as_ref()),
                    head: version(delta.head.as_ref()),
                });
            }
        }
        rows
    }
}

/// `1a2b3c4d (12.3 MB, 40 files)`.
fn version(version: Option<&DataVersion>) -> String {
    let Some(version) = version else { return "–".to_owned() };
    let (hash, folder) = version.hash.strip_suffix(".dir").map_or((version.hash.as_str(), false), |hash| (hash, true));
    let short: String = hash.chars().take(8).collect();
    let size = version.size.map(bytes);
    let files = version.files.map(|files| counted(usize::try_from(files).unwrap_or(usize::MAX), "file"));
    let about: Vec<String> = [folder.then(|| "folder".to_owned()).filter(|_| files.is_none()), size, files].into_iter().flatten().collect();
    if about.is_empty() { short } else { format!("{short} ({})", about.join(", ")) }
}

/// A size in the largest unit that leaves a whole digit.
fn bytes(size: u64) -> String {
    let mut amount = size as f64;
    for unit in ["B", "kB", "MB", "GB", "TB"] {
        if amount < 999.5 {
            return if unit == "B" { format!("{size} B") } else { format!("{amount:.1} {unit}") };
        }
        amount /= 1000.0;
    }
    format!("{amount:.1} PB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (size, text) in [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (12_345_678, "12.3 MB"), (u64::MAX, "18446.7 PB")] {
            assert_eq!(bytes(size), text);
        }
    }
}
