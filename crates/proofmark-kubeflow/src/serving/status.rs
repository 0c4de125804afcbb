//! What the cluster's API says no with.

use proofmark_http::api::{ApiError, one_line};
use serde_json::Value;

use crate::Error;

/// What was tried.
#[derive(Debug, Clone, Copy)]
pub(super) struct Doing<'a> {
    pub(super) verb: &'static str,
    pub(super) namespace: &'a str,
    pub(super) name: &'a str,
}

/// Whether a refusal has these words.
pub(super) fn says(error: &ApiError, words: &str) -> bool {
    match error {
        ApiError::Refused { message, json, .. } => {
            let told = json.as_ref().and_then(|json| json.get("message")?.as_str());
            told.or(message.as_deref()).is_some_and(|text| text.contains(words))
        }
        _ => false,
    }
}

/// The same in words of this service, with what to do.
pub(super) fn explained(error: ApiError, doing: Doing<'_>) -> Error {
    let Doing { verb, namespace, name } = doing;
    let is_webhook = says(&error, "admission webhook");
    match &error {
        ApiError::Refused { status: 404, json, .. } => missing(json.as_ref(), doing),
        ApiError::Refused { status, json, .. } => {
            let causes = json.as_ref().map(causes).unwrap_or_default();
            let hint = match status {
                401 => "the token or certificate does not count here, or has run out: renew it".to_owned(),
                _ if is_webhook => "a rule of the cluster refused it; what it says has to be met".to_owned(),
                403 => format!(
                    "a Role in the namespace {namespace} has to allow the verbs get and patch on inferenceservices of serving.kserve.io, \
                     and a RoleBinding has to give it to this user; {verb} is what failed"
                ),
                409 => "somebody else changed the service at the same time: run this again".to_owned(),
                415 => "is this the Kubernetes API itself?".to_owned(),
                422 => "the service would not be valid; see the fields that are named".to_owned(),
                429 | 500.. => "the cluster's API is busy or out of order; try again later".to_owned(),
                _ => return with_causes(Error::from(error), &causes),
            };
            with_causes(Error::from(error), &causes).advised(hint)
        }
        ApiError::Strange { .. } => {
            Error::from(error).advised(format!("is the address that of the cluster's API? `{name}` was asked for there"))
        }
        ApiError::Http { .. } => Error::from(error)
            .advised("is the cluster's API reachable from here, and its authority's certificate the one that is set (KUBE_CA_CERT)?"),
        _ => Error::from(error),
    }
}

fn missing(json: Option<&Value>, doing: Doing<'_>) -> Error {
    let Doing { namespace, name, .. } = doing;
    // Of a kind that is not known there are no details.
    let named = json.and_then(|json| json.pointer("/details/name")?.as_str());
    let told = json.and_then(|json| json.get("message")?.as_str()).unwrap_or_default();
    if named == Some(name) || told.contains(&format!("\"{name}\"")) {
        return Error::input(format!("there is no InferenceService `{name}` in the namespace `{namespace}`"))
            .with_hint("make it once by hand, with its runtime and its resources; proofmark changes its model");
    }
    Error::input("the cluster does not know InferenceServices of serving.kserve.io/v1beta1")
        .with_hint("is KServe installed, and is this the address of the cluster's API?")
}

/// Which fields are wrong, and why.
fn causes(json: &Value) -> Vec<String> {
    let all = json.pointer("/details/causes").and_then(Value::as_array).into_iter().flatten();
    let told = all.filter_map(|cause| {
        let message = cause.get("message").and_then(Value::as_str)?;
        let field = cause.get("field").and_then(Value::as_str).filter(|field| !field.is_empty());
        Some(field.map_or_else(|| message.to_owned(), |field| format!("{field}: {message}")))
    });
    told.take(5).map(|cause| one_line(&cause, &[])).collect()
}

fn with_causes(error: Error, causes: &[String]) -> Error {
    match error {
        Error::Refused { what, status, message } => {
            let new: Vec<&String> = causes.iter().filter(|cause| !message.contains(*cause)).collect();
            let more = new.iter().map(|cause| format!("; {cause}")).collect::<String>();
            Error::Refused { what, status, message: format!("{message}{more}") }
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(status: u16, json: Value) -> Error {
        let doing = Doing { verb: "patch", namespace: "team-a", name: "churn" };
        explained(ApiError::Refused { what: "PATCH x".into(), status, message: None, json: Some(json) }, doing)
    }

    #[test]
    fn each_refusal_says_what_to_do() {
        let forbidden = "inferenceservices.serving.kserve.io \"churn\" is forbidden: User \"u\" cannot patch resource";
        let error = refused(403, json!({"kind": "Status", "reason": "Forbidden", "message": forbidden, "code": 403}));
        assert!(error.to_string().contains("User \"u\" cannot patch"), "{error}");
        assert!(error.hint().is_some_and(|hint| hint.contains("RoleBinding") && hint.contains("team-a")));
        let error = refused(403, json!({"message": "admission webhook \"x\" denied the request: no"}));
        assert!(error.hint().is_some_and(|hint| hint.contains("rule of the cluster")));
        let causes = json!([{"field": "spec.predictor", "message": "Required value"}, {"message": "too long"}]);
        let error = refused(422, json!({"reason": "Invalid", "message": "is invalid", "details": {"causes": causes}}));
        assert!(error.to_string().ends_with("422: is invalid; spec.predictor: Required value; too long"), "{error}");
        assert_eq!((error.status(), error.is_outside()), (Some(422), true));
    }

    #[test]
    fn a_missing_service_is_told_from_a_missing_kserve() {
        let error = refused(404, json!({"reason": "NotFound", "message": "x \"churn\" not found", "details": {"name": "churn"}}));
        assert!(error.to_string().contains("no InferenceService `churn`"));
        let error =
            refused(404, json!({"reason": "NotFound", "message": "the server could not find the requested resource", "details": {}}));
        assert!(error.to_string().contains("does not know"));
        let doing = Doing { verb: "get", namespace: "a", name: "b" };
        let text = ApiError::Refused { what: "GET x".into(), status: 404, message: Some("404 page not found".into()), json: None };
        assert!(explained(text, doing).to_string().contains("does not know"));
    }
}
