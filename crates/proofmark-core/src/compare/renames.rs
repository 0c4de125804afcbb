//! Files that moved: gone on one side, new on the other, and the same by content or by their keys.

use std::collections::{BTreeMap, HashMap};
use std::hash::{Hash, Hasher};

use crate::path::RepoPath;
use crate::snapshot::{Leaves, Reading};

type Readings = BTreeMap<RepoPath, Reading>;

/// Folders of a path that are looked at, counted from its end.
const DEPTH: usize = 64;

/// New name to old name.
///
/// Candidates for each other are files of the same content or the same set of keys. The best candidate shares the longest
/// end of the path, and among those has the same content: when two files swap their contents in a moved folder, the names
/// tell which is which. Two files are paired when each is the only best candidate of the other.
pub(super) fn find<'a>(base: &'a Readings, head: &'a Readings) -> BTreeMap<&'a RepoPath, &'a RepoPath> {
    let gone: Vec<(&RepoPath, &Reading)> = base.iter().filter(|(file, _)| !head.contains_key(file)).collect();
    let new: Vec<(&RepoPath, &Reading)> = head.iter().filter(|(file, _)| !base.contains_key(file)).collect();
    if gone.is_empty() || new.is_empty() {
        return BTreeMap::new();
    }
    let mut likeness = Likeness::default();
    let gone: Vec<File<'_>> = gone.into_iter().map(|(path, reading)| likeness.of_gone(path, reading)).collect();
    let new: Vec<File<'_>> = new.into_iter().map(|(path, reading)| likeness.of_new(path, reading)).collect();
    let (gone_index, new_index) = (Index::of(&gone), Index::of(&new));
    let pair = |(at, file): (usize, &File<'a>)| {
        let old = gone_index.best(file)?;
        (new_index.best(&gone[old]) == Some(at)).then_some((file.path, gone[old].path))
    };
    new.iter().enumerate().filter_map(pair).collect()
}

struct File<'a> {
    path: &'a RepoPath,
    /// The group of files with the same content.
    content: Option<usize>,
    /// The group of files with the same keys.
    keys: Option<usize>,
}

impl<'a> File<'a> {
    /// The ends of the path, the longest first and the empty one last.
    fn ends(&self) -> impl Iterator<Item = &'a str> {
        let path = self.path.as_str();
        let mut starts: Vec<usize> = path.rmatch_indices('/').map(|(at, _)| at + 1).take(DEPTH).collect();
        if starts.len() < DEPTH {
            starts.push(0);
        }
        starts.into_iter().rev().chain([path.len()]).map(|start| &path[start..])
    }
}

/// Numbers the groups of files that are alike.
#[derive(Default)]
struct Likeness<'a> {
    /// One gone file of each content.
    contents: Vec<&'a Reading>,
    keys: HashMap<Keys<'a>, usize>,
}

impl<'a> Likeness<'a> {
    fn of_gone(&mut self, path: &'a RepoPath, reading: &'a Reading) -> File<'a> {
        let content = self.content(reading).unwrap_or_else(|| {
            self.contents.push(reading);
            self.contents.len() - 1
        });
        let next = self.keys.len();
        let keys = Keys::of(reading).map(|keys| *self.keys.entry(keys).or_insert(next));
        File { path, content: Some(content), keys }
    }

    /// Groups without a gone file do not matter.
    fn of_new(&self, path: &'a RepoPath, reading: &'a Reading) -> File<'a> {
        let keys = Keys::of(reading).and_then(|keys| self.keys.get(&keys).copied());
        File { path, content: self.content(reading), keys }
    }

    fn content(&self, reading: &Reading) -> Option<usize> {
        self.contents.iter().position(|known| known.same_content(reading))
    }
}

/// The keys of a file, without their values.
struct Keys<'a>(&'a Leaves);

impl<'a> Keys<'a> {
    /// One-number files have no keys that could tell them apart, so only their content counts.
    fn of(reading: &'a Reading) -> Option<Self> {
        let leaves = reading.leaves.as_ref().ok()?;
        leaves.iter().any(|(key, _)| !key.is_root()).then_some(Self(leaves))
    }
}

impl PartialEq for Keys<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.0.len() == other.0.len() && self.0.iter().zip(other.0).all(|(one, two)| one.0 == two.0)
    }
}

impl Eq for Keys<'_> {}

impl Hash for Keys<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for (key, _) in self.0 {
            key.hash(state);
        }
    }
}

/// The files of one side by group and end of their path: the only one, or `None` for several.
#[derive(Default)]
struct Index<'a> {
    by_content: HashMap<(usize, &'a str), Option<usize>>,
    by_keys: HashMap<(usize, &'a str), Option<usize>>,
}

impl<'a> Index<'a> {
    fn of(files: &[File<'a>]) -> Self {
        let mut index = Self::default();
        for (at, file) in files.iter().enumerate() {
            for end in file.ends() {
                for (group, files) in [(file.content, &mut index.by_content), (file.keys, &mut index.by_keys)] {
                    if let Some(group) = group {
                        files.entry((group, end)).and_modify(|only| *only = None).or_insert(Some(at));
                    }
                }
            }
        }
        index
    }

    /// The only best candidate for `file`, which is of the other side.
    fn best(&self, file: &File<'a>) -> Option<usize> {
        let of = |files: &HashMap<(usize, &'a str), Option<usize>>, group: Option<usize>, end| files.get(&(group?, end)).copied();
        // The same content within the longest end, else the same keys.
        file.ends().find_map(|end| of(&self.by_content, file.content, end).or_else(|| of(&self.by_keys, file.keys, end))).flatten()
    }
}
