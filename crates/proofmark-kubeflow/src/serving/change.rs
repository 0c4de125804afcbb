//! Which patch brings a service to what is wanted, by its mode and its predictor's form. Nothing is asked and nothing written.

mod after;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

pub(super) use self::after::{promotion, rollback};

use super::record::{Baseline, OURS, PREFIX, Previous, Record};
use super::service::{self, InferenceService, Mode};
use crate::Error;

/// What is to be rolled out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rollout {
    /// The service's namespace.
    pub namespace: String,
    /// The service's name.
    pub name: String,
    /// Where the model's files are: `s3://models/churn/42`, `model-registry://churn/v3`.
    pub storage_uri: String,
    /// The share of the traffic in percent that it gets at first; all where there is none.
    pub canary: Option<u8>,
    /// The serving runtime, where another one is wanted than there is.
    pub runtime: Option<String>,
    /// By which this rollout is known again: the same key is rolled out once.
    pub key: String,
    /// Also where other rollouts came after it: the key is that of an order, and not only a name.
    pub once: bool,
    /// What it rests on: `verdict`, `commit`. The names get the prefix `proofmark.dev/`.
    pub evidence: BTreeMap<String, String>,
}

/// What is to be undone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Undo {
    /// Only the rollout of this key. Without it a second try can go back one rollout further: a canary beside the predictor
    /// that was taken away leaves no trace.
    pub key: Option<String>,
    /// Also where somebody else changed the files since.
    pub forced: bool,
    /// The key of the order to go back, which is carried out once.
    pub order: Option<String>,
}

/// What a service's specification says afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shape {
    /// The predictor has these files, and its newest revision this share.
    Predictor { storage_uri: String, percent: Option<u8> },
    /// Beside the predictor there is this canary.
    Canary { name: String, storage_uri: String, percent: u8 },
    /// There is no such canary any more.
    NoCanary { name: String },
}

/// What is to be there afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Goal {
    pub(super) shape: Shape,
    /// The key that has to be written down there, where one is.
    pub(super) key: Option<String>,
    /// Whether pods of another content are started; else only the traffic moves.
    pub(super) starts_pods: bool,
    /// The canary of the standard mode that is not there any more.
    pub(super) leaves: Option<String>,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Planned {
    /// All is so already.
    Already(Goal, Option<Record>),
    /// A merge patch of the specification.
    Patch { spec: Value, goal: Goal, record: Option<Record> },
}

impl Goal {
    /// Whether the specification is as wanted.
    pub(super) fn is_reached(&self, service: &InferenceService) -> bool {
        let empty = Map::new();
        let predictor = match &self.shape {
            Shape::Predictor { storage_uri, percent } => {
                let predictor = service.predictor().unwrap_or(&empty);
                // All of the traffic is written in two ways.
                let share = |percent: Option<i64>| percent.filter(|percent| *percent != 100);
                if service.storage_uri() != Some(storage_uri) || share(service.canary_percent()) != share(percent.map(i64::from)) {
                    return false;
                }
                predictor
            }
            Shape::Canary { name, storage_uri, percent } => {
                let Some((share, predictor)) = canaries(service).find(|(_, predictor)| named(predictor, name)) else { return false };
                if service::storage_uri(predictor) != Some(storage_uri) || share != Some(i64::from(*percent)) {
                    return false;
                }
                predictor
            }
            Shape::NoCanary { name } => return canaries(service).all(|(_, predictor)| !named(predictor, name)),
        };
        let Some(key) = &self.key else { return true };
        Record::read(&service::annotations(predictor))
            .is_some_and(|record| record.key.as_ref().or(record.rolled_back.as_ref()) == Some(key))
    }
}

/// The canaries of the standard mode: share and predictor.
fn canaries(service: &InferenceService) -> impl Iterator<Item = (Option<i64>, &Map<String, Value>)> {
    let entry = |entry: &'_ Value| entry.get("trafficPercent").and_then(Value::as_i64);
    service.canaries().iter().filter_map(move |value| Some((entry(value), value.get("predictor")?.as_object()?)))
}

fn named(predictor: &Map<String, Value>, name: &str) -> bool {
    predictor.get("name").and_then(Value::as_str) == Some(name)
}

fn record_of(predictor: &Map<String, Value>) -> Option<Record> {
    Record::read(&service::annotations(predictor))
}

/// The canary of ours, if one is under way in the standard mode: its place in the list, its predictor, what it wrote down.
fn own_canary(service: &InferenceService) -> Option<(usize, &Map<String, Value>, Record)> {
    service.canaries().iter().enumerate().find_map(|(place, value)| {
        let predictor = value.get("predictor")?.as_object()?;
        let record = record_of(predictor).filter(|record| record.key.is_some())?;
        Some((place, predictor, record))
    })
}

/// The list of canaries without one of them, as a merge patch takes it: lists are replaced whole.
fn without(service: &InferenceService, place: Option<usize>) -> Vec<Value> {
    let all = service.canaries().iter().enumerate();
    all.filter(|(at, _)| Some(*at) != place).map(|(_, value)| value.clone()).collect()
}

fn list(entries: Vec<Value>) -> Value {
    if entries.is_empty() { Value::Null } else { Value::Array(entries) }
}

/// A predictor whose files can be named, and its form.
fn usable(service: &InferenceService) -> Result<(&Map<String, Value>, &'static str), Error> {
    let name = &service.name;
    let predictor = service.predictor().ok_or_else(|| Error::input(format!("`{name}` has no predictor")))?;
    let Some(form) = service::form(predictor) else {
        return Err(Error::input(format!(
            "the predictor of `{name}` is made of containers of its own, so there is no storageUri to change"
        ))
        .with_hint("give it a `model` with a modelFormat and a storageUri first"));
    };
    let model = predictor.get(form).unwrap_or(&Value::Null);
    let has = |value: Option<&Value>| value.is_some_and(|value| !value.is_null());
    if has(model.get("storage")) || has(predictor.get("storageUris")) || has(model.get("storageUris")) {
        return Err(Error::input(format!("the predictor of `{name}` has its files by `storage` or `storageUris`, which are not changed"))
            .with_hint("give it a storageUri first"));
    }
    Ok((predictor, form))
}

/// The patch that rolls something out.
pub(super) fn rollout(service: &InferenceService, wanted: &Rollout) -> Result<Planned, Error> {
    check(wanted)?;
    if let Some(planned) = earlier(service, wanted)? {
        return Ok(planned);
    }
    let (predictor, form) = usable(service)?;
    let record = Record {
        key: Some(wanted.key.clone()),
        rolled_back: None,
        storage_uri: wanted.storage_uri.clone(),
        previous: Some(previous(service, wanted)?),
        baseline: Baseline::of(service),
        orders: Record::orders_with(service.predictor().and_then(record_of).as_ref(), Some(&wanted.key)),
        evidence: wanted.evidence.clone(),
    };
    let name = &service.name;
    match (service.mode(), wanted.canary) {
        (Mode::Standard, Some(percent)) => canary_beside(service, predictor, form, wanted, percent, record),
        (Mode::ModelMesh, Some(_)) => Err(Error::input(format!("`{name}` is run by ModelMesh, which has no canary"))),
        (Mode::Unknown(mode), Some(_)) => {
            let mode = mode.map_or_else(|| "its status does not tell its mode yet".to_owned(), |mode| format!("its mode is `{mode}`"));
            Err(Error::input(format!("there is no telling how `{name}` has a canary: {mode}"))
                .with_hint("roll it out without a canary, or wait until the service is ready"))
        }
        (Mode::Knative, Some(_)) if service.status.revisions.rolled_out.is_none() => {
            Err(Error::input(format!("no revision of `{name}` has had all traffic yet, so nothing could keep the rest beside a canary"))
                .with_hint("roll it out without a canary"))
        }
        (_, percent) => {
            let own = own_canary(service).map(|(place, ..)| place);
            if service.canaries().len() > usize::from(own.is_some()) {
                return Err(foreign_canary(name));
            }
            let mut model = Map::from_iter([("storageUri".to_owned(), json!(wanted.storage_uri))]);
            if let Some(runtime) = &wanted.runtime {
                model.insert("runtime".to_owned(), json!(runtime));
            }
            let annotations = record.patch(&service::annotations(predictor));
            let mut spec = json!({"predictor": {form: model, "canaryTrafficPercent": percent, "annotations": annotations}});
            if own.is_some() {
                spec["canary"] = Value::Null;
            }
            let shape = Shape::Predictor { storage_uri: wanted.storage_uri.clone(), percent };
            let goal = Goal { shape, key: Some(wanted.key.clone()), starts_pods: true, leaves: None };
            Ok(Planned::Patch { spec, goal, record: Some(record) })
        }
    }
}

/// A canary in the standard mode: the predictor's model with other files, as an entry of a list.
fn canary_beside(
    service: &InferenceService,
    predictor: &Map<String, Value>,
    form: &'static str,
    wanted: &Rollout,
    percent: u8,
    record: Record,
) -> Result<Planned, Error> {
    let own = own_canary(service).map(|(place, ..)| place);
    let mut entries = without(service, own);
    let taken: i64 = entries.iter().filter_map(|entry| entry.get("trafficPercent")?.as_i64()).sum();
    if taken + i64::from(percent) > 100 {
        return Err(Error::input(format!(
            "other canaries of `{}` have {taken} % of the traffic, so {percent} % are too many",
            service.name
        )));
    }
    if predictor.get("minReplicas").and_then(Value::as_i64) == Some(0) {
        return Err(Error::input(format!(
            "the predictor of `{}` has minReplicas 0, so a canary beside it would have no pods",
            service.name
        ))
        .with_hint("roll it out without a canary, or give the predictor at least one pod"));
    }
    let mut model = predictor.get(form).and_then(Value::as_object).cloned().unwrap_or_default();
    model.insert("storageUri".to_owned(), json!(wanted.storage_uri));
    if let Some(runtime) = &wanted.runtime {
        model.insert("runtime".to_owned(), json!(runtime));
    }
    let name = canary_name(&wanted.key);
    let mut entry = json!({"name": name, form: model, "annotations": record.annotations()});
    // Its pods are a share of the predictor's as its traffic is, and without any it would never be ready.
    if percent == 0 {
        entry["minReplicas"] = json!(1);
    }
    entries.push(json!({"trafficPercent": percent, "predictor": entry}));
    let shape = Shape::Canary { name, storage_uri: wanted.storage_uri.clone(), percent };
    let goal = Goal { shape, key: Some(wanted.key.clone()), starts_pods: true, leaves: None };
    Ok(Planned::Patch { spec: json!({"canary": entries}), goal, record: Some(record) })
}

/// The canary's name is a part of its deployment's, so it is short; and another rollout has another one.
fn canary_name(key: &str) -> String {
    // FNV-1a: nothing depends on its being hard to meet twice.
    let hash = key.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    format!("pm{:08x}", (hash >> 32) ^ (hash & 0xffff_ffff))
}

fn check(wanted: &Rollout) -> Result<(), Error> {
    let uri = &wanted.storage_uri;
    if !uri.contains("://") || uri.chars().any(|letter| letter.is_whitespace() || letter.is_control()) {
        return Err(Error::input(format!("`{uri}` is no storageUri: it has to begin with s3://, gs://, pvc:// and the like")));
    }
    if wanted.canary.is_some_and(|percent| percent > 99) {
        return Err(Error::input("a canary has 0 to 99 % of the traffic").with_hint("leave the canary out to give it all"));
    }
    if wanted.key.is_empty() {
        return Err(Error::input("a rollout needs a key by which it is known again"));
    }
    let fits = |name: &str| {
        let bytes = name.as_bytes();
        let is_end = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        let is_inside = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        bytes.len() <= 63 && is_end(bytes.first()) && is_end(bytes.last()) && bytes.iter().all(is_inside)
    };
    match wanted.evidence.keys().find(|name| !fits(name) || OURS.contains(&name.as_str())) {
        Some(name) => Err(Error::input(format!("`{PREFIX}{name}` cannot be an annotation of a rollout"))),
        None => Ok(()),
    }
}

/// A rollout with this key that is there already.
fn earlier(service: &InferenceService, wanted: &Rollout) -> Result<Option<Planned>, Error> {
    let key = Some(&wanted.key);
    let own = service.predictor().and_then(record_of);
    if own.as_ref().is_some_and(|record| record.rolled_back.as_ref() == key) {
        return Err(Error::input(format!("the rollout `{}` of `{}` was rolled back", wanted.key, service.name))
            .with_hint("roll out by another key to try it again"));
    }
    let (record, shape) = match (own, own_canary(service)) {
        (Some(record), _) if record.key.as_ref() == key => {
            let percent = service.canary_percent().and_then(|percent| u8::try_from(percent).ok());
            let shape = Shape::Predictor { storage_uri: record.storage_uri.clone(), percent };
            (record, shape)
        }
        (_, Some((place, predictor, record))) if record.key.as_ref() == key => {
            let share = service.canaries().get(place).and_then(|entry| entry.get("trafficPercent")?.as_u64());
            let name = predictor.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
            let percent = share.and_then(|share| u8::try_from(share).ok()).unwrap_or_default();
            (record.clone(), Shape::Canary { name, storage_uri: record.storage_uri, percent })
        }
        (own, _) if wanted.once && own.as_ref().is_some_and(|record| record.orders.contains(&wanted.key)) => {
            return Err(superseded(&service.name, &wanted.key));
        }
        _ => return Ok(None),
    };
    if record.storage_uri != wanted.storage_uri {
        return Err(Error::input(format!("the key `{}` was used to roll out {}", wanted.key, record.storage_uri))
            .with_hint("other files need another key"));
    }
    let goal = Goal { shape, key: Some(wanted.key.clone()), starts_pods: true, leaves: None };
    if !goal.is_reached(service) {
        return Err(Error::Moved {
            message: format!("somebody changed the files of `{}` since `{}` was rolled out", service.name, wanted.key),
            hint: "roll out by another key, if that is what you want".to_owned(),
        });
    }
    Ok(Some(Planned::Already(goal, Some(record))))
}

/// A canary of somebody else keeps its requests, whatever is done beside it.
fn foreign_canary(name: &str) -> Error {
    Error::input(format!("a canary of `{name}` is under way that proofmark did not start")).with_hint("promote it or take it back first")
}

/// What was done before, and something else after it.
fn superseded(name: &str, key: &str) -> Error {
    Error::input(format!("`{key}` was done to `{name}` before, and something else came after it"))
        .with_hint("do it by another key, if it is meant once more")
}

/// What is in production. While a canary is under way that is not what the specification says.
fn previous(service: &InferenceService, wanted: &Rollout) -> Result<Previous, Error> {
    let revisions = &service.status.revisions;
    let own = service.predictor().and_then(record_of);
    let uri = service.storage_uri();
    let is_canary = service.mode() != Mode::Standard && service.canary_percent().is_some_and(|percent| percent < 100);
    let is_current = own.as_ref().is_some_and(|record| uri == Some(&record.storage_uri));
    match own {
        // It takes the canary's place, and goes back to what was there before both.
        Some(Record { key: Some(_), previous: Some(previous), .. }) if is_canary && is_current => return Ok(previous),
        // What was rolled back to is in production, though its newest revision has no traffic.
        Some(Record { rolled_back: Some(_), .. }) if is_canary && is_current => {}
        _ if is_canary => {
            return Err(foreign_canary(&service.name));
        }
        _ => {}
    }
    let uri = uri.ok_or_else(|| Error::input(format!("the predictor of `{}` has no storageUri to go back to", service.name)))?;
    let runtime = wanted.runtime.as_deref().filter(|runtime| Some(*runtime) != service.runtime());
    Ok(Previous {
        storage_uri: uri.to_owned(),
        revision: revisions.rolled_out.clone().or_else(|| revisions.ready.clone()),
        runtime: runtime.map(|_| service.runtime().map(str::to_owned)),
    })
}

#[cfg(test)]
mod tests;
