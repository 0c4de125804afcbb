//! Events of one's own for the workflows of a repository.
//!
//! GitHub tells nothing about an event that it took, and has no list of them: one whose answer was lost is never sent again.

use serde_json::Value;

use crate::client::Client;
use crate::error::{GitHubError, shape_with};
use crate::routes;

/// GitHub's limits.
const LONGEST_TYPE: usize = 100;
const MOST_KEYS: usize = 10;
const MOST_BYTES: usize = 64 << 10;

impl Client {
    /// Sends an event of this type. One request.
    ///
    /// # Errors
    /// [`GitHubError::Input`] for what GitHub would refuse; [`GitHubError::Unknown`] when the answer was lost; else see
    /// [`GitHubError`], and nothing was sent then.
    pub async fn repository_dispatch(&self, event_type: &str, payload: &Value) -> Result<(), GitHubError> {
        check(event_type, payload)?;
        let request = routes::repository_dispatch(&self.repo, event_type, payload);
        let sent = match self.send(&request).await {
            Ok(answer) if answer.status == 204 => return Ok(()),
            Ok(answer) => Err(shape_with(&request, &answer, "it is more than the nothing that was expected")),
            Err(error) => Err(error),
        };
        sent.map_err(|error| match error.is_lost() {
            true => GitHubError::Unknown {
                what: format!("the event `{event_type}` was sent"),
                why: error.to_string(),
                look: "look whether the workflows that wait for it have begun (GitHub keeps no list of such events)".to_owned(),
            },
            false => error,
        })
    }
}

fn check(event_type: &str, payload: &Value) -> Result<(), GitHubError> {
    let wrong = |words: String| Err(GitHubError::Input(words));
    let length = event_type.chars().count();
    if event_type.trim().is_empty() || length > LONGEST_TYPE || event_type.contains(char::is_control) {
        return wrong(format!("the type of an event is a line of 1 to {LONGEST_TYPE} characters, and this one has {length}"));
    }
    let Some(fields) = payload.as_object() else {
        return wrong("the payload of an event is a JSON object".to_owned());
    };
    if fields.len() > MOST_KEYS {
        return wrong(format!("the payload of an event has {MOST_KEYS} keys at most, and this one has {}", fields.len()));
    }
    let bytes = payload.to_string().len();
    if bytes >= MOST_BYTES {
        return wrong(format!("the payload of an event is less than {MOST_BYTES} bytes long, and this one has {bytes}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_github_would_refuse_is_refused_before() {
        let ten: Value = (0..10).map(|number| (number.to_string(), json!(number))).collect::<serde_json::Map<_, _>>().into();
        let eleven: Value = (0..11).map(|number| (number.to_string(), json!(number))).collect::<serde_json::Map<_, _>>().into();
        assert!(check("x", &json!({})).is_ok() && check(&"é".repeat(100), &ten).is_ok());
        assert!(check("x", &json!({"a": "x".repeat(65_500)})).is_ok());
        for (event, payload) in [
            ("", json!({})),
            (" ", json!({})),
            ("a\nb", json!({})),
            (&"é".repeat(101), json!({})),
            ("x", json!([])),
            ("x", json!(null)),
            ("x", eleven),
            ("x", json!({"a": "x".repeat(65_536)})),
        ] {
            assert!(matches!(check(event, &payload), Err(GitHubError::Input(_))), "{event}");
        }
    }
}
