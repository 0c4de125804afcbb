//! The files that changed, in orders in which those that a glob can match are found without trying all.
//!
//! A repository may have thousands of rules and a push thousands of files. Most globs say how a path begins (`data/**`), how one
//! of its names begins (`**/train/*`) or how it ends (`**/*.csv`), and few files do. What a glob matches is kept: rules share
//! their globs.

use std::cell::{OnceCell, RefCell};
use std::cmp::Ordering;
use std::collections::HashMap;
use std::rc::Rc;

use proofmark_core::glob::Glob;

use crate::globs::Globs;

/// Letters that mean something in a glob.
const SPECIAL: [char; 7] = ['*', '?', '[', ']', '{', '}', '\\'];

/// The paths.
#[derive(Debug, Default)]
pub(crate) struct Files<'a> {
    /// Sorted.
    paths: Vec<&'a str>,
    /// Their places, sorted by how they end.
    by_end: OnceCell<Vec<usize>>,
    /// What is left of each from one of its names on, sorted, with its place.
    by_name: OnceCell<Vec<(&'a str, usize)>>,
    /// All of them in one text, with what no path holds between them.
    joined: OnceCell<String>,
    known: RefCell<HashMap<String, Rc<Set>>>,
}

/// Some of them, one bit for each.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Set(Vec<u64>);

/// What is known of every text that matches, as far as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Shape {
    /// How it begins.
    pub(crate) begins: String,
    /// How what is left of it from one of its names on begins.
    pub(crate) name_begins: String,
    /// How it ends.
    pub(crate) ends: String,
    /// What stands somewhere in it.
    pub(crate) holds: String,
}

impl Shape {
    fn of(glob: &Glob) -> Self {
        let text = glob.as_str();
        if glob.is_literal() {
            return Self { begins: text.to_owned(), ..Self::default() };
        }
        let before = |text: &str| text.split(SPECIAL).next().unwrap_or_default().to_owned();
        // `**/` also stands for no folder at all, and then there is no slash either.
        let behind = text.rsplit(SPECIAL).next().unwrap_or_default().trim_start_matches('/');
        let is_plain = !text.contains(['?', '[', ']', '{', '}', '\\']);
        let pieces = text.split('*').filter(|_| is_plain).map(|piece| piece.trim_matches('/'));
        Self {
            begins: before(text),
            name_begins: text.strip_prefix("**/").map(before).unwrap_or_default(),
            ends: behind.to_owned(),
            holds: pieces.max_by_key(|piece| piece.len()).unwrap_or_default().to_owned(),
        }
    }
}

impl<'a> Files<'a> {
    pub(crate) fn new(paths: impl Iterator<Item = &'a str>) -> Self {
        let mut paths: Vec<&str> = paths.collect();
        paths.sort_unstable();
        paths.dedup();
        Self { paths, ..Self::default() }
    }

    pub(crate) fn len(&self) -> usize {
        self.paths.len()
    }

    /// All of them, sorted.
    pub(crate) fn all(&self) -> impl Iterator<Item = &'a str> {
        self.paths.iter().copied()
    }

    /// Whether one is in.
    pub(crate) fn any_in(&self, globs: &Globs) -> bool {
        self.of_globs(globs).0.iter().any(|word| *word != 0)
    }

    /// Those that are in, sorted.
    pub(crate) fn matching(&self, globs: &Globs) -> impl Iterator<Item = &'a str> {
        let found = self.of_globs(globs);
        self.paths.iter().enumerate().filter(move |(at, _)| found.has(*at)).map(|(_, path)| *path)
    }

    fn of_globs(&self, globs: &Globs) -> Set {
        let mut found = if globs.include.is_empty() { self.whole() } else { self.none() };
        for glob in &globs.include {
            found.0.iter_mut().zip(&self.of_glob(glob).0).for_each(|(word, more)| *word |= more);
        }
        for glob in &globs.exclude {
            found.0.iter_mut().zip(&self.of_glob(glob).0).for_each(|(word, less)| *word &= !less);
        }
        found
    }

    fn of_glob(&self, glob: &Glob) -> Rc<Set> {
        if let Some(known) = self.known.borrow().get(glob.as_str()) {
            return known.clone();
        }
        let mut found = self.none();
        self.among(&Shape::of(glob)).filter(|at| glob.matches(self.paths[*at])).for_each(|at| found.add(at));
        let found = Rc::new(found);
        self.known.borrow_mut().insert(glob.as_str().to_owned(), found.clone());
        found
    }

    /// Those of this shape, and maybe some others; one may come twice.
    pub(crate) fn of_shape(&self, shape: &Shape) -> impl Iterator<Item = &'a str> {
        self.among(shape).map(|at| self.paths[at])
    }

    /// Whether a text stands in one of them.
    pub(crate) fn hold(&self, text: &str) -> bool {
        self.joined.get_or_init(|| self.paths.join("\0")).contains(text) && (!text.is_empty() || !self.paths.is_empty())
    }

    /// The places of those of a shape, by whatever leaves the fewest.
    fn among(&self, shape: &Shape) -> impl Iterator<Item = usize> {
        let begin = self.paths.partition_point(|path| *path < shape.begins.as_str());
        let many = self.paths[begin..].partition_point(|path| path.starts_with(&shape.begins));
        let by_end = if shape.ends.is_empty() || many == 0 { None } else { Some(self.ending(&shape.ends)) };
        let many = many.min(by_end.map_or(usize::MAX, <[usize]>::len));
        let by_name = if shape.name_begins.is_empty() || many == 0 { None } else { Some(self.with_name(&shape.name_begins)) };
        let many = many.min(by_name.map_or(usize::MAX, <[_]>::len));
        // Where nothing else helps, one look through the whole text is still less than a try of each.
        let is_in_vain = many > 0 && !shape.holds.is_empty() && many == self.paths.len() && !self.hold(&shape.holds);
        let many = if is_in_vain { 0 } else { many };
        let by_end = by_end.filter(|places| places.len() == many).unwrap_or_default();
        let by_name = by_name.filter(|places| places.len() == many && by_end.is_empty()).unwrap_or_default();
        let plain = if by_end.is_empty() && by_name.is_empty() { begin..begin + many } else { 0..0 };
        plain.chain(by_end.iter().copied()).chain(by_name.iter().map(|(_, at)| *at))
    }

    fn ending(&self, text: &str) -> &[usize] {
        let backwards = |one: &str, other: &str| one.bytes().rev().cmp(other.bytes().rev());
        let by_end = self.by_end.get_or_init(|| {
            let mut places: Vec<usize> = (0..self.paths.len()).collect();
            places.sort_unstable_by(|one, other| backwards(self.paths[*one], self.paths[*other]));
            places
        });
        let from = by_end.partition_point(|at| backwards(self.paths[*at], text) == Ordering::Less);
        let many = by_end[from..].partition_point(|at| self.paths[*at].ends_with(text));
        &by_end[from..from + many]
    }

    fn with_name(&self, text: &str) -> &[(&'a str, usize)] {
        let by_name = self.by_name.get_or_init(|| {
            let names = |(at, path): (usize, &&'a str)| {
                let path: &'a str = path;
                let behind = path.match_indices('/').map(move |(slash, _)| &path[slash + 1..]);
                std::iter::once(path).chain(behind).map(move |rest| (rest, at)).collect::<Vec<_>>()
            };
            let mut places: Vec<_> = self.paths.iter().enumerate().flat_map(names).collect();
            places.sort_unstable();
            places
        });
        let from = by_name.partition_point(|(rest, _)| *rest < text);
        let many = by_name[from..].partition_point(|(rest, _)| rest.starts_with(text));
        &by_name[from..from + many]
    }

    fn none(&self) -> Set {
        Set(vec![0; self.paths.len().div_ceil(64)])
    }

    fn whole(&self) -> Set {
        let mut all = self.none();
        (0..self.paths.len()).for_each(|at| all.add(at));
        all
    }
}

impl Set {
    fn add(&mut self, at: usize) {
        self.0[at / 64] |= 1 << (at % 64);
    }

    fn has(&self, at: usize) -> bool {
        self.0[at / 64] & (1 << (at % 64)) != 0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2048))]

        /// Whatever is looked up, nothing is missed and nothing is added.
        #[test]
        fn what_is_found_is_what_matches(
            globs in proptest::collection::vec(r"!?(a|b|ab|\.c|\*|\*\*/|/\*\*|/|\?|\{a,b\}|\{ab,a/b,\.c\}|[ab]|\\a){1,6}", 1..4),
            paths in proptest::collection::vec(r"(a|b|ab|\.c){1,2}(/(a|b|ab|\.c){1,2}){0,3}", 0..12),
        ) {
            let Ok(Some(compiled)) = Globs::files("paths", &globs) else { return Ok(()) };
            let files = Files::new(paths.iter().map(String::as_str));
            let plain = |text: &String, is_out: bool| text.strip_prefix('!').map_or((!is_out).then(|| text.clone()), |rest| is_out.then(|| rest.to_owned()));
            let of = |is_out: bool| globs.iter().filter_map(|text| plain(text, is_out)).map(|text| Glob::file(&text).expect("a glob")).collect::<Vec<_>>();
            let (include, exclude) = (of(false), of(true));
            let is_in = |path: &str| (include.is_empty() || include.iter().any(|glob| glob.matches(path))) && !exclude.iter().any(|glob| glob.matches(path));
            let mut expected: Vec<&str> = paths.iter().map(String::as_str).filter(|path| is_in(path)).collect();
            expected.sort_unstable();
            expected.dedup();
            prop_assert_eq!(files.matching(&compiled).collect::<Vec<_>>(), expected.clone());
            prop_assert_eq!(files.any_in(&compiled), !expected.is_empty());
            prop_assert!(paths.iter().all(|path| compiled.matches(path) == is_in(path)));
        }
    }
}
