//! Whether the parts of a configuration fit together, each mistake with its place.

use toml::de::{DeTable, DeValue};

use super::{Config, Runs, Table, nearest};
use crate::composite::CompositeRule;
use crate::evidence::selector_columns;
use crate::path::RepoPath;
use crate::problem::Position;

/// Names that rules give to what is no entry of `[baselines]`.
const RESERVED: [&str; 5] = ["base", "merge-base", "tip", "best", "window"];

/// What is wrong, where, and what to do.
pub(super) struct Mistake {
    pub(super) message: String,
    pub(super) place: Option<Position>,
    pub(super) hint: Option<String>,
}

/// The first mistake. Rules get their lines on the way.
pub(super) fn check(config: &mut Config, text: &str, path: &[&str]) -> Result<(), Mistake> {
    let places = Places::read(text, path);
    let rules = places.of("rule");
    for (index, rule) in config.rule.iter_mut().enumerate() {
        rule.line.0 = rules.get(index).map(|at| at.line);
    }
    let waivers = places.of("waiver");
    for (index, waiver) in config.waiver.iter_mut().enumerate() {
        waiver.line.0 = waivers.get(index).map(|at| at.line);
    }
    let composites = places.of("composite");
    for (index, composite) in config.composite.iter_mut().enumerate() {
        composite.line.0 = composites.get(index).map(|at| at.line);
    }
    let triggers = places.of("trigger");
    for (index, trigger) in config.trigger.iter_mut().enumerate() {
        trigger.line.0 = triggers.get(index).map(|at| at.line);
    }
    let mistake = |place: Option<&Position>, message: String| Mistake { message, place: place.copied(), hint: None };
    config.policy.check().map_err(|message| mistake(None, format!("[policy]: {message}")))?;
    check_trackers(config, &places)?;
    let tables = places.of("table");
    for (index, table) in config.table.iter().enumerate() {
        let before = &config.table[..index];
        let told = |message| mistake(tables.get(index), format!("table {} (`{}`): {message}", index + 1, table.name));
        check_table(table, before).map_err(told)?;
        if let Some(name) = &table.mlflow
            && !config.mlflow.iter().any(|known| known.title() == name)
        {
            let hint = nearest(name, config.mlflow.iter().map(super::Mlflow::title)).map(|name| format!("did you mean `{name}`?"));
            return Err(Mistake { hint, ..told(format!("there is no [[mlflow]] of the name `{name}`")) });
        }
    }
    let runs = places.of("runs");
    for (index, group) in config.runs.iter().enumerate() {
        check_runs(group).map_err(|message| mistake(runs.get(index), format!("runs {}: {message}", index + 1)))?;
    }
    for (name, stands_for) in &config.baselines {
        if RESERVED.contains(&name.as_str()) {
            return Err(mistake(None, format!("[baselines] `{name}` has a meaning of its own; take another name")));
        }
        if stands_for.is_empty() {
            return Err(mistake(None, format!("[baselines] `{name}` is empty; give a revision, or a glob over tags")));
        }
    }
    if config.history.window < 2 {
        return Err(mistake(None, "[history] `window` must be at least 2".to_owned()));
    }
    for (index, typed) in config.composite.iter().enumerate() {
        let told = |message: String| mistake(composites.get(index), format!("composite {} (`{}`): {message}", index + 1, typed.name));
        CompositeRule::compile(typed).map_err(|error| Mistake { hint: error.hint(), ..told(error.to_string()) })?;
        if config.composite[..index].iter().any(|other| other.name == typed.name) {
            return Err(told("another composite has the same name".to_owned()));
        }
    }
    if !config.history.reference.starts_with("refs/proofmark/") {
        return Err(mistake(None, "[history] `ref` must lie below refs/proofmark/".to_owned()));
    }
    for (index, rule) in config.rule.iter().enumerate() {
        let place = rules.get(index);
        let told = |message| mistake(place, format!("rule {} (metric `{}`): {message}", index + 1, rule.metric));
        rule.check().map_err(told)?;
        check_names(config, rule).map_err(|(message, hint)| Mistake { hint, ..told(message) })?;
    }
    Ok(())
}

/// Runs of every system, each with a name of its own.
fn check_trackers(config: &Config, places: &Places<'_>) -> Result<(), Mistake> {
    let systems = [
        ("mlflow", config.mlflow.iter().map(|runs| (runs.title(), runs.check())).collect::<Vec<_>>()),
        ("kubeflow", config.kubeflow.iter().map(|runs| (runs.title(), runs.check())).collect()),
        ("modeldb", config.modeldb.iter().map(|runs| (runs.title(), runs.check())).collect()),
    ];
    for (system, all) in systems {
        let places = places.of(system);
        for (index, (title, checked)) in all.iter().enumerate() {
            let place = places.get(index).copied();
            let told = |message: &str| Mistake { message: format!("{system} {} (`{title}`): {message}", index + 1), place, hint: None };
            checked.as_ref().map_err(|message| told(message))?;
            if all[..index].iter().any(|(other, _)| other == title) {
                return Err(told(&format!("another [[{system}]] is called the same; give it a `name`")));
            }
        }
    }
    Ok(())
}

/// What a rule names must be there.
fn check_names(config: &Config, rule: &super::Rule) -> Result<(), (String, Option<String>)> {
    let like = |wrong: &str, known: &mut dyn Iterator<Item = &str>| {
        let known: Vec<&str> = known.collect();
        nearest(wrong, known.iter().copied()).map(|name| format!("did you mean `{name}`?"))
    };
    if let Some(table) = rule.table.as_deref()
        && !config.table.iter().any(|known| known.name == table)
    {
        let hint = like(table, &mut config.table.iter().map(|table| table.name.as_str()));
        return Err((format!("there is no [[table]] of the name `{table}`"), hint));
    }
    let named = |name: &str| config.baselines.contains_key(name);
    for (field, name, own) in
        [("baseline", rule.baseline.as_deref(), &["base", "best", "window"][..]), ("anchor", rule.anchor.as_deref(), &["best"][..])]
    {
        if let Some(name) = name
            && !named(name)
            && !own.contains(&name)
        {
            let hint = like(name, &mut config.baselines.keys().map(String::as_str).chain(own.iter().copied()))
                .or_else(|| Some(format!("[baselines]\n{name} = \"a revision, or a glob over tags\"")));
            return Err((format!("`{field}` names `{name}`, which is not in [baselines]"), hint));
        }
    }
    Ok(())
}

fn check_table(table: &Table, before: &[Table]) -> Result<(), String> {
    if table.name.is_empty() || table.name.contains(':') {
        return Err("`name` is missing, or has a colon in it".to_owned());
    }
    if before.iter().any(|other| other.name == table.name) {
        return Err("another table has the same name".to_owned());
    }
    match RepoPath::parse(&table.file) {
        Ok(path) if !path.is_root() => {}
        Ok(_) => return Err("`file` is missing".to_owned()),
        Err(error) => return Err(format!("`file`: {error}")),
    }
    if table.threshold.is_some_and(|threshold| !threshold.is_finite()) {
        return Err("`threshold` is not a finite number".to_owned());
    }
    if table.slices.iter().any(|slice| selector_columns(slice).is_empty()) {
        return Err("a slice is empty; write a column, or several joined by `*`".to_owned());
    }
    Ok(())
}

fn check_runs(runs: &Runs) -> Result<(), String> {
    let stars = |text: &Option<String>| text.as_ref().map(|text| text.matches('*').count());
    match (stars(&runs.files), stars(&runs.metric)) {
        (None, None) => Err("give `files` or `metric`, with one `*` for the run's name".to_owned()),
        (Some(1), None | Some(0)) | (None, Some(1)) => Ok(()),
        _ => Err("one `*` stands for the run's name: in `files`, or else in `metric`".to_owned()),
    }
}

/// Where things stand in the file, which is read for it once: a configuration may have a thousand tables.
struct Places<'a> {
    text: &'a str,
    root: Option<DeValue<'a>>,
    path: &'a [&'a str],
}

impl<'a> Places<'a> {
    fn read(text: &'a str, path: &'a [&'a str]) -> Self {
        let root = DeTable::parse(text).ok().map(|document| DeValue::Table(document.into_inner()));
        Self { text, root, path }
    }

    /// Where each table of an array begins: its header, or its brace in a list.
    fn of(&self, array: &str) -> Vec<Position> {
        let Some(root) = &self.root else { return Vec::new() };
        let found = self.path.iter().copied().chain([array]).try_fold(root, |value, name| match value {
            DeValue::Table(table) => table.iter().find(|(key, _)| key.get_ref() == name).map(|(_, value)| value.get_ref()),
            _ => None,
        });
        let Some(DeValue::Array(entries)) = found else { return Vec::new() };
        // One after the other, each counts on from the one before.
        let (mut from, mut line) = (0, 1);
        let place = |entry: &toml::Spanned<DeValue<'_>>| {
            let start = entry.span().start;
            let between = self.text.as_bytes().get(from..start).unwrap_or_default();
            line += u32::try_from(between.iter().filter(|&&byte| byte == b'\n').count()).unwrap_or(u32::MAX);
            from = start.max(from);
            let column = Position::of(&self.text.as_bytes()[self.text[..start].rfind('\n').map_or(0, |at| at + 1)..start], start).column;
            Position { line, column }
        };
        entries.iter().map(place).collect()
    }
}
