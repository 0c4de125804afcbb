//! One run's folder: what `meta.yaml` says of it, then metrics, params, tags and data. Reasons are sentence fragments.

use std::collections::BTreeMap;
use std::path::Path;

use super::files::{Allowance, file_below, files_below, folders_in, is_folder, is_id, shown};
use super::meta::Meta;
use super::points::{Owner, latest, lines};
use crate::run::{Dataset, Point, Run, Status};

const NAME_TAG: &str = "mlflow.runName";
/// The tag of a dataset's use.
const CONTEXT: &str = "mlflow.data.context";

/// Whether a run has the tags that are asked for: the name, and the values of which it must have one.
pub(super) fn has_tags(folder: &Path, tags: &[(String, Vec<String>)]) -> Result<bool, String> {
    let mut unknown = None;
    for (name, values) in tags {
        match tag(folder, name) {
            Ok(value) if value.as_ref().is_some_and(|value| values.contains(value)) => {}
            Ok(_) => return Ok(false),
            Err(why) => unknown = Some(why),
        }
    }
    unknown.map_or(Ok(true), Err)
}

/// Whether a run that cannot be read may be of this name.
pub(super) fn may_be_named(folder: &Path, name: Option<&str>) -> bool {
    name.is_none_or(|name| tag(folder, NAME_TAG).is_ok_and(|found| found.as_deref() == Some(name)))
}

/// What `meta.yaml` says, and nothing else; `None` where the folder is no run's.
pub(super) fn header(folder: &Path, experiment: &str, id: &str) -> Result<Option<Run>, String> {
    let Some(meta) = meta(&mut Allowance::of_a_run(), folder)? else {
        // Artifacts may lie beside runs: only what looks like a run misses its file.
        let looks_like_one = is_folder(&folder.join("tags")) != Ok(false) || is_folder(&folder.join("metrics")) != Ok(false);
        return if looks_like_one { Err("`meta.yaml` is missing".to_owned()) } else { Ok(None) };
    };
    let in_meta = |why: String| format!("`meta.yaml` {why}");
    for (key, what, expected) in [("run_id", "run", id), ("experiment_id", "experiment", experiment)] {
        if let Some(found) = meta.text(key).filter(|found| found != expected) {
            return Err(in_meta(format!("is of another {what}: `{}`", shown(&found))));
        }
    }
    let mut run = Run::new(id, experiment);
    let status = meta.number("status").map_err(in_meta)?;
    run.status =
        status.map_or(Some(Status::Running), Status::from_number).ok_or_else(|| in_meta("has no status from 1 to 5".to_owned()))?;
    run.started = meta.number("start_time").map_err(in_meta)?;
    run.ended = meta.number("end_time").map_err(in_meta)?;
    run.artifacts = meta.text("artifact_uri").unwrap_or_default();
    run.deleted = match meta.text("lifecycle_stage").as_deref() {
        None | Some("active") => false,
        Some("deleted") => true,
        Some(other) => return Err(in_meta(format!("has an unknown lifecycle_stage: `{}`", shown(other)))),
    };
    run.name = match meta.text("run_name").filter(|name| !name.is_empty()) {
        Some(name) => name,
        None => tag(folder, NAME_TAG)?.unwrap_or_default(),
    };
    Ok(Some(run))
}

/// Everything else.
pub(super) fn fill(run: &mut Run, folder: &Path, experiment: &Path) -> Result<(), String> {
    let mut allowance = Allowance::of_a_run();
    run.tags = texts(&mut allowance, folder, "tags")?;
    run.params = texts(&mut allowance, folder, "params")?;
    run.metrics = metrics(&mut allowance, folder)?;
    run.datasets = datasets(&mut allowance, folder, experiment)?;
    run.models = models(&mut allowance, folder)?;
    Ok(())
}

/// All logged values of a metric.
pub(super) fn history(folder: &Path, metric: &str) -> Result<Vec<Point>, String> {
    let Some(path) = file_below(&folder.join("metrics"), metric).map_err(|why| format!("`metrics` {why}"))? else { return Ok(Vec::new()) };
    // A folder of that name holds other metrics.
    if is_folder(&path) == Ok(true) {
        return Ok(Vec::new());
    }
    let named = |why: String| format!("`metrics/{}` {why}", shown(metric));
    let Some(bytes) = Allowance::of_a_run().read(&path).map_err(named)? else { return Ok(Vec::new()) };
    lines(&bytes, Owner::Run).map(|line| line.map(|line| line.point).map_err(named)).collect()
}

/// The files of a folder as names and contents.
pub(super) fn texts(allowance: &mut Allowance, folder: &Path, kind: &str) -> Result<BTreeMap<String, String>, String> {
    each_file(folder, kind, |path| allowance.text(path))
}

/// `meta.yaml` of a folder.
pub(super) fn meta(allowance: &mut Allowance, folder: &Path) -> Result<Option<Meta>, String> {
    let text = allowance.text(&folder.join("meta.yaml"));
    text.and_then(|text| text.map(|text| Meta::parse(&text)).transpose()).map_err(|why| format!("`meta.yaml` {why}"))
}

/// What each file of a folder holds, by its name; `None` is a file that does not count.
pub(super) fn each_file<T>(
    folder: &Path,
    kind: &str,
    mut read: impl FnMut(&Path) -> Result<Option<T>, String>,
) -> Result<BTreeMap<String, T>, String> {
    let mut all = BTreeMap::new();
    for (name, path) in files_below(&folder.join(kind)).map_err(|why| format!("`{kind}` {why}"))? {
        if let Some(value) = read(&path).map_err(|why| format!("`{kind}/{}` {why}", shown(&name)))? {
            all.insert(name, value);
        }
    }
    Ok(all)
}

fn tag(folder: &Path, name: &str) -> Result<Option<String>, String> {
    let named = |why: String| format!("`tags/{}` {why}", shown(name));
    match file_below(&folder.join("tags"), name).map_err(|why| format!("`tags` {why}"))? {
        Some(path) => Allowance::of_a_run().text(&path).map_err(named),
        None => Ok(None),
    }
}

fn metrics(allowance: &mut Allowance, folder: &Path) -> Result<BTreeMap<String, Point>, String> {
    each_file(folder, "metrics", |path| {
        let bytes = allowance.read(path)?.unwrap_or_default();
        // Git cannot keep an empty folder, so people put an empty `.gitkeep` into it.
        let is_hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if bytes.is_empty() && is_hidden { Ok(None) } else { latest(&bytes).map(Some) }
    })
}

fn datasets(allowance: &mut Allowance, folder: &Path, experiment: &Path) -> Result<Vec<Dataset>, String> {
    let mut datasets = Vec::new();
    for (path, meta) in links(allowance, folder, "inputs")? {
        let source = meta.text("source_id").filter(|source| is_id(source));
        let (Some("DATASET"), Some(source)) = (meta.text("source_type").as_deref(), source) else { continue };
        let named = |why: String| format!("the dataset of `{path}`: {why}");
        let known = experiment.join("datasets");
        let is_there = is_folder(&known).and_then(|there| Ok(there && is_folder(&known.join(&source))?)).map_err(named)?;
        // A dataset that is gone was gone for MLflow as well, which leaves it out.
        let Some(dataset) = (if is_there { self::meta(allowance, &known.join(&source)).map_err(named)? } else { None }) else { continue };
        let text = |key| dataset.text(key).unwrap_or_default();
        datasets.push(Dataset { name: text("name"), digest: text("digest"), context: meta.below("tags", CONTEXT) });
    }
    datasets.sort();
    Ok(datasets)
}

fn models(allowance: &mut Allowance, folder: &Path) -> Result<Vec<String>, String> {
    let outputs = links(allowance, folder, "outputs")?.into_iter();
    let mut models: Vec<String> = outputs
        .filter(|(_, meta)| meta.text("destination_type").as_deref() == Some("MODEL_OUTPUT"))
        .filter_map(|(_, meta)| meta.text("destination_id"))
        .collect();
    models.sort();
    Ok(models)
}

/// The files that tie a run to its data and models.
fn links(allowance: &mut Allowance, folder: &Path, kind: &str) -> Result<Vec<(String, Meta)>, String> {
    let of_kind = |why: String| format!("`{kind}` {why}");
    let folder = folder.join(kind);
    if !is_folder(&folder).map_err(of_kind)? {
        return Ok(Vec::new());
    }
    let mut all = Vec::new();
    for name in folders_in(&folder).map_err(of_kind)?.0 {
        let path = format!("{kind}/{}", shown(&name));
        if let Some(meta) = meta(allowance, &folder.join(&name)).map_err(|why| format!("`{path}`: {why}"))? {
            all.push((path, meta));
        }
    }
    Ok(all)
}
