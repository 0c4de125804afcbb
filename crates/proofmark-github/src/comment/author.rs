//! Whose comments are ours: nobody takes a comment over, or has one of theirs changed, by quoting a marker.

use serde_json::Value;

use crate::client::Client;
use crate::error::GitHubError;
use crate::routes;
use crate::wire::{Comment, User};

/// Who speaks with the token of a workflow run.
const ACTIONS: &str = "github-actions[bot]";

/// Our own login, asked for only when somebody's comment has the marker.
pub(super) async fn login(client: &Client, marked: &[Comment]) -> Result<String, GitHubError> {
    if client.is_user_token() {
        return or_actions(client.json::<User>(&routes::user()).await.map(|user| user.login));
    }
    if marked.iter().all(|comment| is_by(comment, ACTIONS)) {
        return Ok(ACTIONS.to_owned());
    }
    let told = client.json::<Value>(&routes::viewer()).await;
    or_actions(told.map(|told| told.pointer("/data/viewer/login").and_then(Value::as_str).unwrap_or_default().to_owned()))
}

/// A server that does not tell is no reason to give up, but one that cannot be reached is.
fn or_actions(told: Result<String, GitHubError>) -> Result<String, GitHubError> {
    match told {
        Ok(login) if !login.is_empty() => Ok(login),
        Ok(_) | Err(GitHubError::Refused { .. } | GitHubError::Shape { .. }) => Ok(ACTIONS.to_owned()),
        Err(error) => Err(error),
    }
}

/// Whether the comment is by this login. Apps are `name[bot]`, which no person can be called; GraphQL and people leave the
/// `[bot]` out.
pub(super) fn is_by(comment: &Comment, login: &str) -> bool {
    let author = comment.user.as_ref().map(|user| user.login.as_str()).unwrap_or_default();
    let same = |wanted: &str| !author.is_empty() && author.eq_ignore_ascii_case(wanted);
    same(login) || author.len() > login.len() && same(&format!("{login}[bot]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_match_with_and_without_bot_but_not_the_other_way_round() {
        let by =
            |author: &str| serde_json::from_value::<Comment>(serde_json::json!({"id": 1, "user": {"login": author}})).expect("a comment");
        for (author, login, same) in [
            ("github-actions[bot]", "github-actions[bot]", true),
            ("github-actions[bot]", "GitHub-Actions", true),
            ("github-actions", "github-actions[bot]", false),
            ("Ada", "ada", true),
            ("", "", false),
            ("[bot]", "", true),
        ] {
            assert_eq!(is_by(&by(author), login), same, "{author} {login}");
        }
    }
}
