//! Files that moved: gone on one side, new on the other, and the same by content or by their keys.

use std::collections::BTreeMap;

use crate::path::RepoPath;
use crate::snapshot::Reading;

type Readings = BTreeMap<RepoPath, Reading>;

/// New name to old name. A file is paired when exactly one candidate fits: the same content, else the same set of keys,
/// with the same plain name breaking ties.
pub(super) fn find<'a>(base: &'a Readings, head: &'a Readings) -> BTreeMap<&'a RepoPath, &'a RepoPath> {
    let mut gone: Vec<(&RepoPath, &Reading)> = base.iter().filter(|(file, _)| !head.contains_key(file)).collect();
    let mut new: Vec<(&RepoPath, &Reading)> = head.iter().filter(|(file, _)| !base.contains_key(file)).collect();
    let mut pairs = BTreeMap::new();
    if gone.is_empty() || new.is_empty() {
        return pairs;
    }
    let alike: [fn(&Reading, &Reading) -> bool; 2] = [Reading::same_content, same_keys];
    for alike in alike {
        let mut still_new = Vec::new();
        for (file, reading) in new {
            match only_match(file, reading, &gone, alike) {
                Some(at) => {
                    pairs.insert(file, gone.swap_remove(at).0);
                }
                None => still_new.push((file, reading)),
            }
        }
        new = still_new;
    }
    pairs
}

fn only_match(file: &RepoPath, reading: &Reading, gone: &[(&RepoPath, &Reading)], alike: fn(&Reading, &Reading) -> bool) -> Option<usize> {
    let fits: Vec<usize> = (0..gone.len()).filter(|&at| alike(gone[at].1, reading)).collect();
    let same_name: Vec<usize> = fits.iter().copied().filter(|&at| gone[at].0.name() == file.name()).collect();
    match (fits.as_slice(), same_name.as_slice()) {
        ([only], _) | (_, [only]) => Some(*only),
        _ => None,
    }
}

/// One-number files have no keys that could tell them apart, so only their content counts.
fn same_keys(one: &Reading, two: &Reading) -> bool {
    let (Ok(one), Ok(two)) = (&one.leaves, &two.leaves) else { return false };
    let tells = one.iter().any(|(key, _)| !key.is_root());
    tells && one.len() == two.len() && one.iter().zip(two.iter()).all(|(a, b)| a.0 == b.0)
}
