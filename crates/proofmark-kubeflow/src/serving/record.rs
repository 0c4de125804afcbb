//! What a rollout writes down about itself: annotations of the predictor that it changes.
//!
//! Not the service's own: KServe copies those into the pods of every component, so each of their changes would restart
//! transformers, explainers and, where pods of a canary stand beside them, those in production.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::service::{self, InferenceService};

/// What our annotations begin with.
pub(super) const PREFIX: &str = "proofmark.dev/";
const KEY: &str = "key";
const STORAGE: &str = "storage-uri";
const PREVIOUS_STORAGE: &str = "previous-storage-uri";
const PREVIOUS_REVISION: &str = "previous-revision";
const PREVIOUS_RUNTIME: &str = "previous-runtime";
const REVISION_BEFORE: &str = "revision-before";
const OBSERVED_BEFORE: &str = "observed-before";
const BEHIND_BEFORE: &str = "behind-before";
const ROLLED_BACK: &str = "rolled-back";
const ORDERS: &str = "orders";
/// Orders that are remembered: what is older is not sent again.
const MOST_ORDERS: usize = 20;
/// Names that evidence cannot have.
pub(super) const OURS: [&str; 10] = [
    KEY,
    STORAGE,
    PREVIOUS_STORAGE,
    PREVIOUS_REVISION,
    PREVIOUS_RUNTIME,
    REVISION_BEFORE,
    OBSERVED_BEFORE,
    BEHIND_BEFORE,
    ROLLED_BACK,
    ORDERS,
];

/// What was in production before.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Previous {
    /// Where the model's files were.
    pub storage_uri: String,
    /// The revision that had all traffic, where Knative runs the service.
    pub revision: Option<String>,
    /// The serving runtime that was asked for, where the rollout changes it; the inner one is missing where there was none.
    pub runtime: Option<Option<String>>,
}

/// How a service stood right before a change, to see afterwards that its controller looked at it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Baseline {
    pub(super) revision: Option<String>,
    pub(super) observed: Option<i64>,
    /// How many changes of ours came before it that the controller had not looked at either.
    pub(super) behind: i64,
}

/// A rollout, as it is written down.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Record {
    /// By which the same rollout is known; none after it was rolled back.
    pub key: Option<String>,
    /// The key of the rollout that was rolled back.
    pub rolled_back: Option<String>,
    /// Where the files are that it rolled out, or went back to.
    pub storage_uri: String,
    /// What was in production before; none after it was rolled back.
    pub previous: Option<Previous>,
    pub(super) baseline: Baseline,
    /// The keys of what was done here, the newest last: a list without end would grow with each rollout.
    pub(super) orders: Vec<String>,
    /// What it rests on.
    pub evidence: BTreeMap<String, String>,
}

impl Baseline {
    pub(super) fn of(service: &InferenceService) -> Self {
        let mut now = Self { revision: service.status.revisions.created.clone(), observed: service.status.observed_generation, behind: 0 };
        let earlier =
            service.predictor().and_then(|predictor| Record::read(&service::annotations(predictor))).map(|record| record.baseline);
        if let Some(earlier) = earlier.filter(|earlier| now.is_still(earlier)) {
            now.behind = earlier.behind + 1;
        }
        now
    }

    /// Whether nothing shows that the controller has looked since.
    fn is_still(&self, earlier: &Self) -> bool {
        match (&self.revision, self.observed) {
            (Some(_), _) => self.revision == earlier.revision,
            (None, Some(_)) => self.observed == earlier.observed,
            (None, None) => false,
        }
    }
}

impl InferenceService {
    /// What rollouts wrote down: the predictor's, and then those of canaries beside it.
    pub fn records(&self) -> Vec<Record> {
        let canaries = self.canaries().iter().filter_map(|entry| entry.get("predictor")?.as_object());
        self.predictor().into_iter().chain(canaries).filter_map(|predictor| Record::read(&service::annotations(predictor))).collect()
    }
}

impl Record {
    /// What was written down; nothing where that was never ours.
    pub(super) fn read(annotations: &BTreeMap<String, String>) -> Option<Self> {
        let mut ours: BTreeMap<&str, &String> =
            annotations.iter().filter_map(|(name, text)| Some((name.strip_prefix(PREFIX)?, text))).collect();
        let mut take = |name: &str| ours.remove(name).cloned();
        let (key, rolled_back) = (take(KEY), take(ROLLED_BACK));
        if key.is_none() && rolled_back.is_none() {
            return None;
        }
        let storage_uri = take(STORAGE)?;
        let (revision, runtime) = (take(PREVIOUS_REVISION), take(PREVIOUS_RUNTIME));
        let runtime = runtime.map(|name| Some(name).filter(|name| !name.is_empty()));
        let previous = take(PREVIOUS_STORAGE).map(|storage_uri| Previous { storage_uri, revision, runtime });
        let observed = take(OBSERVED_BEFORE).and_then(|number| number.parse().ok());
        let behind = take(BEHIND_BEFORE).and_then(|number| number.parse().ok()).unwrap_or_default();
        let baseline = Baseline { revision: take(REVISION_BEFORE), observed, behind };
        let orders = take(ORDERS).and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        let evidence = ours.into_iter().map(|(name, text)| (name.to_owned(), text.clone())).collect();
        Some(Self { key, rolled_back, storage_uri, previous, baseline, orders, evidence })
    }

    /// The annotations of ours that a predictor is to have, and no others.
    pub(super) fn annotations(&self) -> BTreeMap<String, String> {
        let previous = self.previous.as_ref();
        let pairs = [
            (KEY, self.key.clone()),
            (ROLLED_BACK, self.rolled_back.clone()),
            (STORAGE, Some(self.storage_uri.clone())),
            (PREVIOUS_STORAGE, previous.map(|previous| previous.storage_uri.clone())),
            (PREVIOUS_REVISION, previous.and_then(|previous| previous.revision.clone())),
            (PREVIOUS_RUNTIME, previous.and_then(|previous| previous.runtime.clone()).map(Option::unwrap_or_default)),
            (REVISION_BEFORE, self.baseline.revision.clone()),
            (OBSERVED_BEFORE, self.baseline.observed.map(|number| number.to_string())),
            (BEHIND_BEFORE, Some(self.baseline.behind).filter(|count| *count > 0).map(|count| count.to_string())),
            (ORDERS, Some(&self.orders).filter(|orders| !orders.is_empty()).map(|orders| Value::from(orders.clone()).to_string())),
        ];
        let own = pairs.into_iter().filter_map(|(name, text)| Some((format!("{PREFIX}{name}"), text?)));
        let evidence = self.evidence.iter().map(|(name, text)| (format!("{PREFIX}{name}"), text.clone()));
        evidence.chain(own).collect()
    }

    /// The orders of a record, and one more.
    pub(super) fn orders_with(record: Option<&Self>, key: Option<&String>) -> Vec<String> {
        let mut orders = record.map(|record| record.orders.clone()).unwrap_or_default();
        if let Some(key) = key {
            orders.retain(|known| known != key);
            orders.push(key.clone());
        }
        orders.drain(..orders.len().saturating_sub(MOST_ORDERS));
        orders
    }

    /// The part of a merge patch that leaves exactly these of ours, and all of others.
    pub(super) fn patch(&self, present: &BTreeMap<String, String>) -> Map<String, Value> {
        let mut patch: Map<String, Value> = self.annotations().into_iter().map(|(name, text)| (name, Value::String(text))).collect();
        for name in present.keys().filter(|name| name.starts_with(PREFIX)) {
            patch.entry(name.clone()).or_insert(Value::Null);
        }
        patch
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn record() -> impl Strategy<Value = Record> {
        let text = || "[a-z0-9:/]{1,8}";
        let previous = (text(), prop::option::of(text()), prop::option::of(prop::option::of(text())))
            .prop_map(|(storage_uri, revision, runtime)| Previous { storage_uri, revision, runtime });
        let evidence = prop::collection::btree_map("evidence-[a-z]{1,3}", text(), 0..3);
        (
            text(),
            prop::option::of(text()),
            text(),
            prop::option::of(previous),
            prop::option::of(text()),
            (prop::option::of(0_i64..9), 0_i64..3),
            prop::collection::vec("[ -~]{1,8}", 0..3),
            evidence,
        )
            .prop_map(|(key, rolled_back, storage_uri, previous, revision, (observed, behind), orders, evidence)| Record {
                key: Some(key),
                rolled_back,
                storage_uri,
                previous,
                baseline: Baseline { revision, observed, behind },
                orders,
                evidence,
            })
    }

    proptest! {
        #[test]
        fn what_is_written_down_is_read_again(record in record()) {
            prop_assert_eq!(Record::read(&record.annotations()), Some(record));
        }

        #[test]
        fn a_patch_replaces_ours_and_nothing_else(old in record(), new in record()) {
            let mut present = old.annotations();
            present.insert("team.example.com/owner".into(), "x".into());
            let mut after = present.clone();
            for (name, value) in new.patch(&present) {
                match value {
                    Value::String(text) => after.insert(name, text),
                    _ => after.remove(&name),
                };
            }
            prop_assert_eq!(after.remove("team.example.com/owner"), Some("x".to_owned()));
            prop_assert_eq!(after, new.annotations());
        }
    }

    #[test]
    fn annotations_of_others_are_no_record() {
        let others = BTreeMap::from([("a".to_owned(), "b".to_owned()), (format!("{PREFIX}storage-uri"), "s3://x".to_owned())]);
        assert_eq!(Record::read(&others), None);
    }
}
