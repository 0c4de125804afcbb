//! What is looked for on each side, from what the configuration says.

use proofmark_core::config::Find;
use proofmark_core::glob::Glob;
use proofmark_core::tracked::pool::Candidate;
use proofmark_core::tracked::select::{Chosen, Wanted, Way, select};

use super::Source;
use super::tracker::Trouble;

/// Digits of a short commit id, as git and most tags have them.
const SHORT: usize = 7;

/// Which runs belong to one side.
#[derive(Debug, Clone, Default)]
pub(crate) struct Side {
    /// The commit, and others that stand for the same code: that which CI merged, the head of the pull request.
    pub(crate) commits: Vec<String>,
    /// The commits before it, nearest first, whose runs stand in for its own.
    pub(crate) before: Vec<String>,
    /// The branch.
    pub(crate) branch: Option<String>,
    /// The runs that were named outright: what rules call them, and the id.
    pub(crate) named: Vec<(String, String)>,
    /// Whether a run that is named has to be of these commits, where it says any.
    pub(crate) is_head: bool,
}

/// The runs of a side; `other` is the other one, whose runs are `taken` already.
pub(super) fn choose(source: &Source, side: &Side, other: &Side, taken: &[Candidate]) -> Result<Chosen, Trouble> {
    let finding = &source.finding;
    let mut ways = Vec::new();
    let named_outright = side.named.iter().rev().find(|(runs, _)| runs == source.file.as_str());
    if let Some((_, id)) = named_outright {
        let commits = if side.is_head { side.commits.clone() } else { Vec::new() };
        ways.push(Way::Id { id: id.clone(), commits });
    }
    for find in finding.ways.iter().filter(|_| named_outright.is_none()) {
        match find {
            Find::Commit => {
                ways.push(Way::Commits(side.commits.clone()));
                if !side.before.is_empty() {
                    ways.push(Way::Before(side.before.clone()));
                }
            }
            Find::Branch => ways.extend(side.branch.clone().map(|branch| Way::Branch { tag: finding.branch.clone(), branch })),
            Find::RunName => ways.extend(finding.run_name.as_deref().and_then(|pattern| named(pattern, side)).map(Way::Name)),
            Find::Newest => ways.push(Way::Newest),
        }
    }
    let counts = |name: &str| counts(source.metrics.as_deref(), name);
    let others: Vec<String> = other.commits.iter().chain(&other.before).filter(|commit| !side.commits.contains(commit)).cloned().collect();
    let taken = taken.iter().map(|run| run.id.clone()).collect();
    let wanted = Wanted {
        ways,
        tags: &finding.tags,
        commit_tag: &finding.commit,
        children: finding.children,
        newest: finding.newest,
        others: &others,
        taken: &taken,
        judged: &|name| source.judged.iter().any(|glob| glob.matches(name)),
        metric: &counts,
    };
    select(source.tracker.as_ref(), &wanted)
}

/// Whether a metric is one that is asked for.
pub(super) fn counts(globs: Option<&[Glob]>, name: &str) -> bool {
    globs.is_none_or(|globs| globs.iter().any(|glob| glob.matches(name)))
}

/// The run's name; none where a part of it is not known.
fn named(pattern: &str, side: &Side) -> Option<String> {
    let commit = side.commits.first();
    let parts = [
        ("{branch}", side.branch.as_deref()),
        ("{commit}", commit.map(String::as_str)),
        ("{short_commit}", commit.map(|commit| commit.get(..SHORT).unwrap_or(commit))),
    ];
    let mut name = String::new();
    let mut rest = pattern;
    // One pass: a branch may be called `{commit}`.
    while let Some(at) = rest.find('{') {
        name.push_str(&rest[..at]);
        rest = &rest[at..];
        match parts.iter().find(|(part, _)| rest.starts_with(part)) {
            Some((part, value)) => {
                name.push_str((*value)?);
                rest = &rest[part.len()..];
            }
            None => {
                name.push('{');
                rest = &rest[1..];
            }
        }
    }
    Some(name + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_filled_in_once() {
        let side = Side { commits: vec!["0123456789ab".into()], branch: Some("{commit}".into()), ..Side::default() };
        assert_eq!(named("{branch}/{short_commit}", &side).as_deref(), Some("{commit}/0123456"));
        assert_eq!(named("a{b}{", &side).as_deref(), Some("a{b}{"));
        assert_eq!(named("{branch}", &Side::default()), None);
    }
}
