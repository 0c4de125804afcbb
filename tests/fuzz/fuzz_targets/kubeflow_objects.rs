//! Objects of the Model Registry and of KServe: a property that is read and written is the same, and no service is half read.

#![no_main]

use libfuzzer_sys::fuzz_target;
use proofmark_kubeflow::registry::Property;
use proofmark_kubeflow::serving::InferenceService;
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    let Ok(value) = serde_json::from_slice::<Value>(bytes) else { return };
    kept(&value);
    match InferenceService::from_json(&value) {
        Ok(service) => {
            assert!(!service.name.is_empty() && !service.resource_version.is_empty());
            let _ = (service.mode(), service.form(), service.storage_uri(), service.runtime(), service.canary_percent());
            assert!(service.records().len() <= 1 + service.canaries().len());
            for condition in ["Ready", "PredictorReady"] {
                assert_eq!(service.is(condition).is_some(), service.status.conditions.contains_key(condition));
            }
        }
        Err(why) => assert!(!why.is_empty()),
    }
});

/// A write of properties replaces all of them, so that what is not understood has to come back as it was.
fn kept(value: &Value) {
    let property = Property::from_json(value);
    let written = property.to_json();
    let again = Property::from_json(&written);
    assert_eq!(again, property, "{value} became {written}");
    if let Property::Other(other) = &property {
        assert_eq!((other, &written), (value, value));
    }
    let _ = (property.as_id(), property.as_f64());
    match value {
        Value::Object(fields) => fields.values().for_each(kept),
        Value::Array(items) => items.iter().for_each(kept),
        _ => {}
    }
}
