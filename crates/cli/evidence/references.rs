//! Commits other than the base that rules compare with: production, the last release, a pinned one.

use std::collections::{BTreeMap, BTreeSet};

use proofmark_core::compare::{BaseKind, Baseline, Comparison, Repeated, Sides, compare};
use proofmark_core::gate::{BEST, WINDOW};
use proofmark_core::glob::Glob;
use proofmark_core::policy::Policy;
use proofmark_core::reference::{Place, Reference};
use proofmark_git::Commit;
use proofmark_tables::Limits;

use super::tables::{self, Heads};
use crate::exit::CliError;
use crate::session::{Read, Session};
use crate::tracking::Reference as Version;
use crate::world::World;

/// Adds what rules compare with by the names of `[baselines]`.
pub(super) fn add(
    session: &Session,
    read: &mut Read,
    policy: &Policy,
    comparison: &mut Comparison,
    wanted: &BTreeMap<String, BTreeSet<Place>>,
    heads: &Heads,
    world: &World,
) -> Result<(), CliError> {
    for (name, places) in wanted.iter().filter(|(name, _)| *name != BEST && *name != WINDOW) {
        let Some(stands_for) = policy.baselines.get(name) else { continue };
        let mut reference = Reference::new(name, stands_for);
        if Version::is_meant(stands_for) {
            of_registry(read, policy, &mut reference, places, heads, comparison, world)?;
            comparison.references.push(reference);
            continue;
        }
        match find(session, stands_for) {
            Ok((title, commit)) => {
                let tree = session.repository.tree_at(&commit, &title)?;
                let found = read.sources.discover(&session.repository, &tree);
                let mut both = read.wanted.clone();
                both.metrics.extend(found.discovery.metrics.iter().cloned());
                let there = read.sources.snapshot(&tree, &found, &both);
                let baseline = Baseline::new(BaseKind::Tip, title.clone());
                let sides = Sides { base: &there, head: &read.head, tip: None, baseline };
                let since = compare(&sides, &|file, key| policy.orient(file, key));
                reference.metrics = since.metrics.into_iter().filter(|row| places.contains(&Place::of_row(row))).collect();
                reference.revision = title;
                reference.commit = Some(commit.id.clone());
                heads.compare_with(name, &|declared| tables::find(read, &tree, &found, declared), comparison, world)?;
            }
            Err(problem) => {
                heads.without(name, &problem, comparison);
                reference.problem = Some(problem);
            }
        }
        comparison.references.push(reference);
    }
    Ok(())
}

/// A version of a model registry: the values of its run.
fn of_registry(
    read: &Read,
    policy: &Policy,
    reference: &mut Reference,
    places: &BTreeSet<Place>,
    heads: &Heads,
    comparison: &mut Comparison,
    world: &World,
) -> Result<(), CliError> {
    let version = Version::parse(&reference.revision)?;
    let found = read.tracking.production(&version).and_then(|production| {
        let run = match production.run {
            Ok((index, run)) => Ok((index, read.tracking.snapshot(index, &run, &production.title)?, run)),
            Err(why) => Err(why),
        };
        Ok((production.title, run))
    });
    let (title, run) = match found {
        Ok(found) => found,
        Err(error) => {
            let hint = error.hint.as_ref().map_or_else(String::new, |hint| format!(" ({hint})"));
            reference.unreadable = true;
            (reference.revision.clone(), Err(format!("{error}{hint}")))
        }
    };
    reference.revision = title;
    match run {
        Ok((index, there, run)) => {
            let baseline = Baseline::new(BaseKind::Tip, reference.revision.clone());
            let since = compare(&Sides { base: &there, head: &read.head, tip: None, baseline }, &|file, key| policy.orient(file, key));
            reference.metrics = since.metrics.into_iter().filter(|row| places.contains(&Place::of_row(row))).collect();
            reference.commit.clone_from(&there.revision.commit);
            let named = |one: Repeated| one.against_reference(&reference.name);
            comparison.repeated.extend(since.repeated.into_iter().map(named));
            let limit = Limits::default().file_bytes;
            heads.compare_with(&reference.name, &|declared| read.tracking.table_of(index, &run, declared, limit), comparison, world)
        }
        Err(problem) => {
            heads.without(&reference.name, &problem, comparison);
            reference.problem = Some(problem);
            Ok(())
        }
    }
}

/// A revision of git, or the tag of the newest commit that a glob matches. Nothing that the change itself brings: it would be
/// compared with itself.
fn find(session: &Session, stands_for: &str) -> Result<(String, Commit), String> {
    let repository = &session.repository;
    let own = |commit: &Commit| session.is_of_change(commit);
    if !stands_for.contains(['*', '?', '[', '{']) {
        let commit = repository.resolve(stands_for).map_err(|error| error.to_string())?;
        return if own(&commit) { Err(format!("`{stands_for}` is a commit of this change")) } else { Ok((stands_for.to_owned(), commit)) };
    }
    let glob = Glob::name(stands_for).map_err(|error| error.to_string())?;
    let tags = repository.tags(&|name| glob.matches(name)).map_err(|error| error.to_string())?;
    let newest = tags.into_iter().filter(|(_, commit)| !own(commit)).max_by(|one, two| (one.1.time, &one.0).cmp(&(two.1.time, &two.0)));
    newest.ok_or_else(|| format!("no tag matches `{stands_for}`; in CI, fetch the tags"))
}
