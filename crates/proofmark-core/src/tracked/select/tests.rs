use super::*;

const COMMIT_TAG: &str = "commit";

/// Runs in memory with their metrics, and a search that keeps its word.
struct Memory(Vec<(Candidate, Vec<&'static str>)>);

impl Pool for Memory {
    type Error = std::convert::Infallible;

    fn search(&self, query: &Query) -> Result<Found, Self::Error> {
        let fits = |run: &&Candidate| query.tags.iter().all(|(tag, values)| run.tags.get(tag).is_some_and(|value| values.contains(value)));
        let named = |run: &&Candidate| query.name.as_ref().is_none_or(|name| *name == run.name);
        Ok(Found { runs: self.0.iter().map(|(run, _)| run).filter(fits).filter(named).cloned().collect(), ..Found::default() })
    }

    fn run(&self, id: &str) -> Result<Option<Candidate>, Self::Error> {
        Ok(self.0.iter().map(|(run, _)| run).find(|run| run.id == id).cloned())
    }

    fn metrics(&self, run: &Candidate) -> Result<Vec<String>, Self::Error> {
        Ok(self.0.iter().filter(|(known, _)| known.id == run.id).flat_map(|(_, names)| names).map(ToString::to_string).collect())
    }
}

type Run = (Candidate, Vec<&'static str>);

fn run(id: &str, commit: &str, started: i64) -> Run {
    let mut run = Candidate { id: id.to_owned(), name: id.to_owned(), started: Some(started), ..Candidate::default() };
    if !commit.is_empty() {
        run.tags.insert(COMMIT_TAG.into(), commit.into());
    }
    (run, vec!["auc"])
}

fn with(mut run: Run, change: impl FnOnce(&mut Run)) -> Run {
    change(&mut run);
    run
}

fn choose(runs: Vec<Run>, ways: &[Way], change: impl FnOnce(&mut Wanted<'_>)) -> (Vec<String>, String) {
    let (tags, taken) = (BTreeMap::new(), BTreeSet::new());
    let mut wanted = Wanted {
        ways: ways.to_vec(),
        tags: &tags,
        commit_tag: COMMIT_TAG,
        children: false,
        newest: false,
        others: &[],
        judged: &|_| false,
        taken: &taken,
        metric: &|_| true,
    };
    change(&mut wanted);
    let chosen = select(&Memory(runs), &wanted).expect("memory does not fail");
    (chosen.runs.iter().map(|run| run.id.clone()).collect(), chosen.selection.to_string())
}

fn commits(names: &[&str]) -> Way {
    Way::Commits(names.iter().map(ToString::to_string).collect())
}

#[test]
fn only_finished_runs_of_the_commit_count() {
    let worse = |id: &str, change: fn(&mut Run)| with(run(id, "c1", 9), change);
    let runs = vec![
        run("b", "c1", 2),
        run("a", "c1", 1),
        worse("failed", |run| run.0.aside = Some("failed")),
        worse("killed", |run| run.0.aside = Some("killed")),
        worse("running", |run| run.0.aside = Some("not finished")),
        worse("child", |run| run.0.parent = Some("a".into())),
        worse("empty", |run| run.1.clear()),
        run("other", "c2", 9),
    ];
    let (ids, told) = choose(runs.clone(), &[commits(&["c1"])], |_| {});
    assert_eq!(ids, ["a", "b"]);
    for word in ["1 failed (`failed`)", "1 killed", "1 not finished", "1 nested", "1 without such a metric (`empty`)", "by the commit c1"] {
        assert!(told.contains(word), "{word}: {told}");
    }
    let (ids, told) = choose(runs.clone(), &[commits(&["c1"])], |wanted| wanted.newest = true);
    assert_eq!((ids, told.contains("1 older (`a`)")), (vec!["b".to_owned()], true), "{told}");
    let (ids, told) = choose(runs.clone(), &[commits(&["c0"]), Way::Before(vec!["c9".into()])], |_| {});
    assert!(ids.is_empty() && told.contains("no run, neither by the commit c0 nor by any of the 1 commits before"), "{told}");
    let (ids, _) = choose(runs, &[commits(&["c1"])], |wanted| wanted.metric = &|name| name == "f1");
    assert!(ids.is_empty());
}

#[test]
fn the_first_commit_that_has_a_run_counts_then_the_nearest_before() {
    let runs = vec![run("merge", "m", 1), run("head", "h", 2), run("old", "b2", 9), run("older", "b3", 10)];
    assert_eq!(choose(runs.clone(), &[commits(&["m", "h"])], |_| {}).0, ["merge"]);
    assert_eq!(choose(runs.clone(), &[commits(&["x", "h"])], |_| {}).0, ["head"]);
    let (ids, told) = choose(runs, &[commits(&["b0"]), Way::Before(vec!["b1".into(), "b2".into(), "b3".into()])], |_| {});
    assert_eq!((ids, told.contains("by the commit b2, 2 commits before")), (vec!["old".to_owned()], true), "{told}");
}

#[test]
fn a_branch_gives_its_newest_commit() {
    let on = |run: Run| with(run, |run| _ = run.0.tags.insert("branch".into(), "wide".into()));
    let way = [Way::Branch { tag: "branch".into(), branch: "wide".into() }];
    let runs = vec![on(run("old", "c1", 1)), on(run("new-1", "c2", 2)), on(run("new-2", "c2", 3)), run("other", "c9", 9)];
    let (ids, told) = choose(runs, &way, |_| {});
    assert_eq!(ids, ["new-1", "new-2"]);
    assert!(told.contains("by the branch `wide`; set aside: 1 of other commits (`old`); it is of the commit c2"), "{told}");
    let (ids, told) = choose(vec![on(run("a", "", 1)), on(run("b", "", 2))], &way, |_| {});
    assert_eq!((ids, told.contains("does not say of which commit")), (vec!["b".to_owned()], true), "{told}");
}

#[test]
fn a_branch_never_gives_the_runs_of_the_other_side() {
    let on = |run: Run| with(run, |run| _ = run.0.tags.insert("branch".into(), "main".into()));
    let way = [Way::Branch { tag: "branch".into(), branch: "main".into() }];
    let runs = || vec![on(run("before", "c1", 1)), on(run("pushed", "c2", 2)), on(run("untold", "", 3))];
    let taken = BTreeSet::from(["untold".to_owned()]);
    let (others, all) = (["c2".to_owned()], ["c1".to_owned(), "c2".to_owned()]);
    let choose = |others| {
        let tags = BTreeMap::new();
        let metric = |_: &str| true;
        let wanted = Wanted {
            ways: way.to_vec(),
            tags: &tags,
            commit_tag: COMMIT_TAG,
            children: false,
            newest: false,
            others,
            judged: &metric,
            taken: &taken,
            metric: &metric,
        };
        let chosen = select(&Memory(runs()), &wanted).expect("memory does not fail");
        (chosen.runs.iter().map(|run| run.id.clone()).collect::<Vec<_>>(), chosen.selection.to_string())
    };
    let (ids, told) = choose(&others[..]);
    assert_eq!((ids, told.contains("2 of the other side")), (vec!["before".to_owned()], true), "{told}");
    assert!(choose(&all[..]).0.is_empty());
}

#[test]
fn the_newest_run_that_is_judged_is_meant() {
    let on = |run: Run| with(run, |run| _ = run.0.tags.insert("branch".into(), "main".into()));
    let history = on(with(run("history", "c1", 9), |run| {
        run.1 = vec!["loss"];
    }));
    let way = [Way::Branch { tag: "branch".into(), branch: "main".into() }];
    let runs = vec![on(run("real", "c2", 5)), history];
    let (ids, told) = choose(runs.clone(), &way, |wanted| wanted.judged = &|name| name == "auc");
    assert_eq!((ids, told.contains("1 without a metric that is judged (`history`)")), (vec!["real".to_owned()], true), "{told}");
    assert_eq!(choose(runs, &way, |wanted| wanted.judged = &|name| name == "f1").0, ["history"]);
}

#[test]
fn children_stand_for_their_parent() {
    let child = |id: &str, commit: &str| with(run(id, commit, 2), |run| run.0.parent = Some("p".into()));
    let runs = vec![with(run("p", "c1", 1), |run| run.1.clear()), child("s1", "c1"), child("s2", ""), run("alone", "c1", 5)];
    let (ids, told) = choose(runs, &[commits(&["c1"])], |wanted| wanted.children = true);
    assert_eq!(ids, ["s1", "s2", "alone"]);
    assert!(told.contains("1 with nested runs in their place (`p`)"), "{told}");
}

#[test]
fn the_newest_and_one_by_its_id() {
    let runs = vec![run("old", "c1", 1), with(run("broken", "c3", 9), |run| run.0.aside = Some("failed")), run("new", "c2", 5)];
    let (ids, told) = choose(runs.clone(), &[Way::Newest], |_| {});
    assert_eq!(ids, ["new"]);
    assert!(told.contains("as the newest that finished") && told.contains("1 failed (`broken`)"), "{told}");
    let by_id = |id: &str, commits: &[&str]| [Way::Id { id: id.into(), commits: commits.iter().map(ToString::to_string).collect() }];
    let (ids, told) = choose(runs.clone(), &by_id("old", &["c1"]), |_| {});
    assert_eq!((ids, told.contains("by the id `old`")), (vec!["old".to_owned()], true), "{told}");
    assert_eq!(choose(runs.clone(), &by_id("old", &[]), |_| {}).0, ["old"]);
    let (ids, told) = choose(runs.clone(), &by_id("old", &["c2"]), |_| {});
    assert!(ids.is_empty() && told.contains("1 of another commit (`old`)"), "{told}");
    assert!(choose(runs.clone(), &by_id("broken", &[]), |_| {}).0.is_empty());
    assert!(choose(runs, &by_id("gone", &[]), |_| {}).0.is_empty());
}
