//! Whose comments are ours: nobody takes a comment over, or has one of theirs changed, by quoting a marker.

use crate::client::Client;
use crate::error::GitHubError;
use crate::people::{ACTIONS, is_same_login};
use crate::wire::Comment;

/// Our own login, asked for only when somebody's comment has the marker.
pub(super) async fn login(client: &Client, marked: &[Comment]) -> Result<String, GitHubError> {
    if !client.is_user_token() && marked.iter().all(|comment| is_by(comment, ACTIONS)) {
        return Ok(ACTIONS.to_owned());
    }
    client.viewer_login().await
}

/// Whether the comment is by this login.
pub(super) fn is_by(comment: &Comment, login: &str) -> bool {
    let author = comment.user.as_ref().map(|user| user.login.as_str()).unwrap_or_default();
    is_same_login(author, login)
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
