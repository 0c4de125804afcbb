//! What comes after a rollout: all traffic for it, or none.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Goal, Planned, Shape, Undo, foreign_canary, list, own_canary, record_of, superseded, usable, without};
use crate::Error;
use crate::serving::record::{Baseline, Record};
use crate::serving::service::{self, InferenceService};

/// The patch that gives all traffic to what is under way.
pub(in crate::serving) fn promotion(service: &InferenceService) -> Result<Planned, Error> {
    let own = own_canary(service);
    if service.canaries().len() > usize::from(own.is_some()) {
        return Err(foreign_canary(&service.name));
    }
    if let Some((_, canary, record)) = own {
        let form = service::form(canary).ok_or_else(|| Error::input("the canary has no model"))?;
        // The name goes along, so its pods stay and no others are started.
        let mut predictor = canary.clone();
        // How many there are is the predictor's business.
        predictor.remove("minReplicas");
        let old = service.predictor().map(service::annotations).unwrap_or_default();
        predictor.insert("annotations".to_owned(), Value::Object(record.patch(&old)));
        if let Some(other) = service.form().filter(|other| *other != form) {
            predictor.insert(other.to_owned(), Value::Null);
        }
        let spec = json!({"predictor": predictor, "canary": null});
        let shape = Shape::Predictor { storage_uri: record.storage_uri.clone(), percent: None };
        let leaves = canary.get("name").and_then(Value::as_str).map(str::to_owned);
        let goal = Goal { shape, key: record.key.clone(), starts_pods: false, leaves };
        return Ok(Planned::Patch { spec, goal, record: Some(record) });
    }
    let record = service.predictor().and_then(record_of);
    let uri = service.storage_uri().ok_or_else(|| Error::input(format!("the predictor of `{}` has no storageUri", service.name)))?;
    let goal = Goal { shape: Shape::Predictor { storage_uri: uri.to_owned(), percent: None }, key: None, starts_pods: false, leaves: None };
    if service.canary_percent().is_none() {
        return Ok(Planned::Already(goal, record));
    }
    // Annotations stay as they are: others would make another revision, which nobody has tried.
    Ok(Planned::Patch { spec: json!({"predictor": {"canaryTrafficPercent": null}}), goal, record })
}

/// The patch that goes back to what was written down.
pub(in crate::serving) fn rollback(service: &InferenceService, undo: &Undo) -> Result<Planned, Error> {
    let name = &service.name;
    let is_meant = |record: &Record| undo.key.is_none() || record.key == undo.key;
    if let Some((place, canary, record)) = own_canary(service) {
        if !is_meant(&record) {
            return Err(another(name, undo, record.key));
        }
        let canary = canary.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        let goal = Goal { shape: Shape::NoCanary { name: canary.clone() }, key: None, starts_pods: false, leaves: Some(canary) };
        return Ok(Planned::Patch { spec: json!({"canary": list(without(service, Some(place)))}), goal, record: None });
    }
    let (predictor, form) = usable(service)?;
    let Some(record) = record_of(predictor) else {
        return Err(
            Error::input(format!("`{name}` does not say what it had before")).with_hint("proofmark writes it down when it rolls out")
        );
    };
    if let Some(order) = undo.order.as_ref().filter(|order| record.orders.contains(*order))
        && (record.key.is_some() || record.orders.last() != Some(order))
    {
        return Err(superseded(name, order));
    }
    let percent = service.canary_percent().and_then(|percent| u8::try_from(percent).ok());
    let Some(key) = record.key.clone() else {
        if undo.key.is_some() && undo.key != record.rolled_back {
            return Err(another(name, undo, record.rolled_back));
        }
        let shape = Shape::Predictor { storage_uri: record.storage_uri.clone(), percent };
        let goal = Goal { shape, key: record.rolled_back.clone(), starts_pods: true, leaves: None };
        return if goal.is_reached(service) {
            Ok(Planned::Already(goal, Some(record)))
        } else {
            Err(changed_since(name, &record, service))
        };
    };
    if !is_meant(&record) {
        return Err(another(name, undo, record.key));
    }
    if !undo.forced && service.storage_uri() != Some(&record.storage_uri) {
        return Err(changed_since(name, &record, service));
    }
    let previous = record.previous.clone().ok_or_else(|| Error::input(format!("`{name}` does not say what it had before")))?;
    // While a canary is under way, no traffic for the newest revision leaves all of it, at once, to the one that was there
    // before. Taken away, it would all go to the bad one until the next is ready.
    let percent = percent.filter(|percent| *percent < 100).map(|_| 0);
    let mut model = Map::from_iter([("storageUri".to_owned(), json!(previous.storage_uri))]);
    if let Some(runtime) = &previous.runtime {
        model.insert("runtime".to_owned(), json!(runtime));
    }
    let new = Record {
        key: None,
        rolled_back: Some(key.clone()),
        storage_uri: previous.storage_uri.clone(),
        previous: None,
        baseline: Baseline::of(service),
        orders: Record::orders_with(Some(&record), undo.order.as_ref()),
        evidence: BTreeMap::new(),
    };
    let annotations = new.patch(&service::annotations(predictor));
    let spec = json!({"predictor": {form: model, "canaryTrafficPercent": percent, "annotations": annotations}});
    let goal =
        Goal { shape: Shape::Predictor { storage_uri: previous.storage_uri, percent }, key: Some(key), starts_pods: true, leaves: None };
    Ok(Planned::Patch { spec, goal, record: Some(new) })
}

fn another(name: &str, undo: &Undo, there: Option<String>) -> Error {
    let (meant, there) = (undo.key.as_deref().unwrap_or_default(), there.unwrap_or_default());
    Error::Moved {
        message: format!("`{name}` has nothing of the rollout `{meant}` to take back: the last one is `{there}`"),
        hint: "it was taken back before, or another one came after it".to_owned(),
    }
}

fn changed_since(name: &str, record: &Record, service: &InferenceService) -> Error {
    let now = service.storage_uri().unwrap_or("none");
    Error::Moved {
        message: format!("somebody changed `{name}` since: its files are {now}, and proofmark left it at {}", record.storage_uri),
        hint: "look at who did it; going back would undo that too".to_owned(),
    }
}
