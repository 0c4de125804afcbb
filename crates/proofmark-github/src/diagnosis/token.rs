//! What a token tells about itself, without being shown.

use proofmark_http::{Answer, Secret};

use super::{Finding, Health};

/// Where a token comes from, by how it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenKind {
    /// Of an app: `GITHUB_TOKEN` of a workflow, or another app's.
    App,
    /// A personal access token, classic: its scopes hold for every repository of its owner.
    Classic,
    /// A personal access token with permissions of its own.
    FineGrained,
    /// Given to an app by a person.
    User,
    /// Of no form that is known.
    Other,
}

impl TokenKind {
    /// The kind of a token.
    pub fn of(token: &Secret) -> Self {
        let kinds =
            [("ghs_", Self::App), ("ghp_", Self::Classic), ("github_pat_", Self::FineGrained), ("gho_", Self::User), ("ghu_", Self::User)];
        kinds.into_iter().find(|(start, _)| token.expose().starts_with(start)).map_or(Self::Other, |(_, kind)| kind)
    }
}

pub(super) fn finding(kind: Option<TokenKind>) -> Finding {
    let good = |found: &str| Finding::new("token", Health::Good, found);
    match kind {
        None => Finding::new("token", Health::Bad, "there is none").advise(
            "In a workflow pass `${{ github.token }}`: the action does, and a `run` step needs it under `env:` as `GITHUB_TOKEN`. \
             Elsewhere set `GITHUB_TOKEN`.",
        ),
        Some(TokenKind::App) => good("a token of an app, as workflows have it"),
        Some(TokenKind::FineGrained) => good("a fine-grained personal access token; it cannot write check runs, only commit statuses"),
        Some(TokenKind::User) => good("a token that a person gave to an app"),
        Some(TokenKind::Classic) => {
            Finding::new("token", Health::Warning, "a classic personal access token; it cannot write check runs, only commit statuses")
                .advise("It opens every repository of its owner. The workflow's own token, or a fine-grained one, opens only this one.")
        }
        Some(TokenKind::Other) => Finding::new("token", Health::Unknown, "of a form that is not known"),
    }
}

/// The scopes of a classic token, which GitHub tells in a header.
pub(super) fn scopes(kind: Option<TokenKind>, answer: &Answer) -> Option<Finding> {
    let told = answer.header("x-oauth-scopes").filter(|_| matches!(kind, Some(TokenKind::Classic | TokenKind::User)))?;
    let scopes: Vec<&str> = told.split(',').map(str::trim).filter(|scope| !scope.is_empty()).collect();
    let found = if scopes.is_empty() { "none".to_owned() } else { scopes.join(", ") };
    Some(if scopes.contains(&"repo") {
        Finding::new("scopes", Health::Good, found)
    } else if scopes.contains(&"public_repo") {
        Finding::new("scopes", Health::Warning, found).advise("`public_repo` is enough for public repositories only.")
    } else {
        Finding::new("scopes", Health::Bad, found).advise("Comments and commit statuses take the scope `repo`.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_by_the_beginning() {
        let kind = |text: &str| TokenKind::of(&Secret::new(text).expect("a token"));
        assert_eq!(kind("ghs_abc"), TokenKind::App);
        assert_eq!(kind(" ghp_abc\n"), TokenKind::Classic);
        assert_eq!(kind("github_pat_abc"), TokenKind::FineGrained);
        assert_eq!(kind("abc"), TokenKind::Other);
        assert_eq!(finding(None).health, Health::Bad);
    }

    #[test]
    fn scopes_are_judged_for_classic_tokens_only() {
        let health = |told: &str, kind| {
            let headers = http::HeaderMap::from_iter([(http::HeaderName::from_static("x-oauth-scopes"), told.parse().expect("a header"))]);
            scopes(Some(kind), &Answer { status: 200, headers, body: Vec::new() }).map(|finding| finding.health)
        };
        assert_eq!(health("read:org, repo", TokenKind::Classic), Some(Health::Good));
        assert_eq!(health("public_repo", TokenKind::Classic), Some(Health::Warning));
        assert_eq!(health("", TokenKind::Classic), Some(Health::Bad));
        assert_eq!(health("", TokenKind::App), None);
    }
}
