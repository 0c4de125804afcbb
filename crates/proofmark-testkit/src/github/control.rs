//! Addresses through which a test in another process sees and changes the fake. They are no part of GitHub.

use serde_json::{Value, json};

use super::answer::Answer;
use super::fault::Fault;
use super::http::Request;
use super::server::{Shared, lock};

/// `GET /__state`, `GET /__requests`, `POST /__fault`, `DELETE /__fault`, `POST /__world`.
pub(crate) fn answer(shared: &Shared, request: &Request) -> Option<Answer> {
    let done = |result: Result<(), String>| match result {
        Ok(()) => Answer::ok(json!({"ok": true})),
        Err(message) => Answer::error(400, &message),
    };
    Some(match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/__state") => Answer::ok(lock(&shared.world).to_json()),
        ("GET", "/__requests") => Answer::ok(json!(*lock(&shared.recorded))),
        ("POST", "/__fault") => done(read::<Fault>(request).map(|fault| lock(&shared.faults).push(fault))),
        ("DELETE", "/__fault") => {
            lock(&shared.faults).clear();
            done(Ok(()))
        }
        ("POST", "/__world") => done(read::<Value>(request).and_then(|more| lock(&shared.world).merge(more))),
        _ => return None,
    })
}

fn read<T: serde::de::DeserializeOwned>(request: &Request) -> Result<T, String> {
    serde_json::from_slice(&request.body).map_err(|error| error.to_string())
}
