//! Repeated runs of one training, found among single values: lists that a rule names, and what `[[runs]]` declares.

use std::collections::{BTreeMap, BTreeSet};

use crate::compare::{Comparison, Delta, Repeated, Status};
use crate::config::Runs;
use crate::evidence::{Measured, Obstacle, Sample, Why};
use crate::key::Key;
use crate::path::RepoPath;
use crate::policy::{CompiledRule, Policy, is_sure};
use crate::value::Value;

/// A metric in several runs, and the rows that it is made of.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) measured: Measured,
    pub(super) rows: Vec<usize>,
    /// The rule judges it; else its rows are only not judged one by one.
    pub(super) judged: bool,
}

/// The runs among `rows` that `rule` is about: what `[[runs]]` declares, and lists of numbers that the rule names, such as
/// `accuracy` where the file has `accuracy[0]`, `accuracy[1]`. A rule that names the elements judges them one by one.
///
/// Metrics that a tracking server has in several runs ([`Repeated`]) come with their rows' means.
pub(super) fn groups(rows: &[Delta], repeated: &[&Repeated], policy: &Policy, rule: &CompiledRule) -> Vec<Group> {
    let mut groups = declared(rows, policy, rule);
    groups.extend(lists(rows, rule));
    groups.extend(tracked(rows, repeated, policy, rule));
    groups
}

/// What was logged in several runs with `against` for what the head is compared with.
pub(super) fn repeated<'a>(comparison: &'a Comparison, against: Option<&str>) -> Vec<&'a Repeated> {
    comparison.repeated.iter().filter(|one| one.against.as_deref() == against).collect()
}

fn tracked(rows: &[Delta], repeated: &[&Repeated], policy: &Policy, rule: &CompiledRule) -> Vec<Group> {
    let mut groups = Vec::new();
    for one in repeated {
        let index = rows.iter().position(|row| row.file == one.file && row.key == one.metric);
        let sure = !rule.built_in || (!policy.is_neutral(&one.metric) && policy.orient_for(rule, &one.metric).is_some_and(is_sure));
        let Some(index) = index.filter(|_| rule.covers_file(&one.file) && rule.covers_key(&one.metric) && sure) else { continue };
        let mut measured = measure(one.file.clone(), one.metric.clone(), &refs(&one.base), &refs(&one.head), rule.judging.paired, None);
        // Ids of runs are new with each run: that none is the same on both sides says nothing, and that there are fewer does.
        if !one.base.keys().any(|run| one.head.contains_key(run)) {
            measured.unmatched = one.base.len().saturating_sub(one.head.len()) as u64;
        }
        groups.push(Group { measured, judged: true, rows: vec![index] });
    }
    groups
}

fn refs(values: &BTreeMap<String, Value>) -> BTreeMap<&str, &Value> {
    values.iter().map(|(run, value)| (run.as_str(), value)).collect()
}

/// A row belongs to one group at most: the first that takes it.
fn declared(rows: &[Delta], policy: &Policy, rule: &CompiledRule) -> Vec<Group> {
    let mut taken = vec![false; if policy.runs.is_empty() { 0 } else { rows.len() }];
    let mut groups = Vec::new();
    for declaration in &policy.runs {
        let mut found: BTreeMap<(RepoPath, Key), Vec<(String, usize)>> = BTreeMap::new();
        for (index, row) in rows.iter().enumerate().filter(|(_, row)| !row.whole_file) {
            if let Some((file, key, run)) = place(declaration, row).filter(|_| !taken[index]) {
                taken[index] = true;
                found.entry((file, key)).or_default().push((run, index));
            }
        }
        for ((file, key), runs) in found {
            let of_file = runs.iter().any(|(_, index)| rule.covers_row(&rows[*index]));
            let sure = !rule.built_in || (!policy.is_neutral(&key) && policy.orient_for(rule, &key).is_some_and(is_sure));
            let judged = of_file && rule.covers_key(&key) && sure;
            // A rule that names one run outright judges that run.
            let outright = |index: usize| rule.metric.is_literal() && rule.covers_key(&rows[index].key);
            if judged || !runs.iter().any(|(_, index)| outright(*index)) {
                groups.push(Group { judged, ..group(rows, file, key, &runs, rule.judging.paired.or(declaration.paired)) });
            }
        }
    }
    groups
}

fn lists(rows: &[Delta], rule: &CompiledRule) -> Vec<Group> {
    let mut found: BTreeMap<(RepoPath, Key), Vec<(String, usize)>> = BTreeMap::new();
    if rule.built_in {
        return Vec::new();
    }
    for (index, row) in rows.iter().enumerate() {
        let Some((list, item)) = element(&row.key) else { continue };
        if rule.covers_row(row) && rule.covers_key(&list) && !rule.covers_key(&row.key) {
            found.entry((row.file.clone(), list)).or_default().push((item, index));
        }
    }
    let paired = rule.judging.paired.or(Some(false));
    found.into_iter().map(|((file, key), runs)| group(rows, file, key, &runs, paired)).collect()
}

/// `accuracy[3]` is the element `3` of `accuracy`.
fn element(key: &Key) -> Option<(Key, String)> {
    let (list, item) = key.as_str().strip_suffix(']')?.rsplit_once('[')?;
    let is_index = !item.is_empty() && item.bytes().all(|byte| byte.is_ascii_digit()) && !list.ends_with('\\');
    is_index.then(|| (Key::from_canonical(list), item.to_owned()))
}

/// The group that a row belongs to, and its run's name.
fn place(runs: &Runs, row: &Delta) -> Option<(RepoPath, Key, String)> {
    let named = |plain: String| Key::from_canonical(runs.name.clone().unwrap_or(plain));
    match (&runs.files, &runs.metric) {
        (Some(files), metric) => {
            let run = capture(files, row.file.as_str()).filter(|run| !run.contains('/'))?;
            let wanted = metric.as_deref().is_none_or(|metric| row.key.as_str() == metric || row.key.plain() == metric);
            let file = RepoPath::root().child(files);
            wanted.then(|| (file, if metric.is_some() { named(row.key.as_str().to_owned()) } else { row.key.clone() }, run))
        }
        (None, Some(metric)) => {
            let plain = row.key.plain();
            let run = capture(metric, &plain).or_else(|| capture(metric, row.key.as_str()))?;
            Some((row.file.clone(), named(without_star(metric)), run))
        }
        (None, None) => None,
    }
}

/// What the one `*` of `pattern` stands for.
fn capture(pattern: &str, text: &str) -> Option<String> {
    let (before, after) = pattern.split_once('*')?;
    let inside = text.strip_prefix(before)?.strip_suffix(after)?;
    (!inside.is_empty()).then(|| inside.to_owned())
}

/// `accuracy.seed_*` is the metric `accuracy`; `seeds.*.accuracy` is `seeds.accuracy`.
fn without_star(pattern: &str) -> String {
    let parts: Vec<&str> = pattern.split('.').filter(|part| !part.contains('*')).collect();
    if parts.is_empty() { pattern.replace('*', "") } else { parts.join(".") }
}

fn group(rows: &[Delta], file: RepoPath, key: Key, runs: &[(String, usize)], paired: Option<bool>) -> Group {
    let side = |of: fn(&Delta) -> Option<&Value>| -> BTreeMap<&str, &Value> {
        runs.iter().filter_map(|(run, index)| Some((run.as_str(), of(&rows[*index])?))).collect()
    };
    let (base, head) = (side(|row| row.base.as_ref()), side(|row| row.head.as_ref()));
    let unread = runs.iter().map(|(_, index)| &rows[*index]).find(|row| matches!(row.status, Status::Unparsable | Status::Unavailable));
    let measured = measure(file, key, &base, &head, paired, unread);
    Group { measured, judged: true, rows: runs.iter().map(|(_, index)| *index).collect::<BTreeSet<_>>().into_iter().collect() }
}

/// Both sides' values by the names of their runs, as evidence. `unread` is a row of which a side cannot be read.
fn measure(
    file: RepoPath,
    key: Key,
    base: &BTreeMap<&str, &Value>,
    head: &BTreeMap<&str, &Value>,
    paired: Option<bool>,
    unread: Option<&Delta>,
) -> Measured {
    let mut measured = Measured::new(file, key);
    measured.n_base = base.len() as u64;
    measured.n_head = head.len() as u64;
    let wrong = |values: &BTreeMap<&str, &Value>| {
        values
            .iter()
            .find(|(_, value)| !value.as_f64().is_some_and(f64::is_finite))
            .map(|(run, value)| format!("the run `{run}` has {value}"))
    };
    let obstacle = |reason, told: String| Some(Obstacle { reason, told });
    measured.obstacle = if let Some(row) = unread {
        let (reason, problem) = match (&row.head_problem, &row.base_problem) {
            (Some(problem), _) => (Why::UnreadableCandidate, Some(problem)),
            (None, problem) => (Why::UnreadableBaseline, problem.as_ref()),
        };
        obstacle(reason, problem.map_or_else(String::new, ToString::to_string))
    } else if head.is_empty() {
        obstacle(Why::MissingCandidate, "the head has no run".to_owned())
    } else if let Some(told) = wrong(head) {
        obstacle(Why::NonFiniteCandidate, told)
    } else if base.is_empty() {
        obstacle(Why::NoBaseline, "the base has no run".to_owned())
    } else if paired == Some(true) && !base.keys().eq(head.keys()) {
        obstacle(Why::UnpairedRows, "the runs of both sides do not have the same names, and the rule asks for pairs".to_owned())
    } else {
        None
    };
    // A run of the base that is no number is left out and counted; one of the head is a training that failed (above).
    let usable: BTreeMap<&str, &Value> =
        base.iter().filter(|(_, value)| value.as_f64().is_some_and(f64::is_finite)).map(|(run, value)| (*run, *value)).collect();
    let n_nan = (base.len() - usable.len()) as u64;
    let same_names = base.keys().eq(head.keys());
    let is_paired = same_names && paired.unwrap_or(true);
    let mut partners = head.clone();
    if is_paired {
        partners.retain(|run, _| usable.contains_key(run));
    }
    let numbers = |values: &BTreeMap<&str, &Value>| -> Vec<f64> { ordered(values).into_iter().filter_map(Value::as_f64).collect() };
    let mean = |values: &[f64]| proofmark_stats::sample::mean(values).filter(|mean| mean.is_finite());
    measured.unmatched = base.keys().filter(|run| !head.contains_key(*run)).count() as u64;
    measured.base = mean(&numbers(&usable));
    measured.head = mean(&numbers(head));
    let sample = || Sample::Runs { paired: is_paired, base: numbers(&usable), head: numbers(&partners), n_nan };
    measured.sample = measured.obstacle.is_none().then(sample);
    measured
}

/// The values in the order of their runs: numbers by size, other names by text.
fn ordered<'a>(values: &BTreeMap<&str, &'a Value>) -> Vec<&'a Value> {
    let mut runs: Vec<(&&str, &&Value)> = values.iter().collect();
    runs.sort_by_key(|(run, _)| (run.parse::<u64>().unwrap_or(u64::MAX), **run));
    runs.into_iter().map(|(_, value)| *value).collect()
}
