//! Who we are, and what others may do in the repository.

use std::fmt;

use serde_json::Value;

use crate::client::Client;
use crate::error::GitHubError;
use crate::routes;
use crate::wire::User;
use crate::wire::triggers::Standing;

/// Who speaks with the token of a workflow run.
pub(crate) const ACTIONS: &str = "github-actions[bot]";
/// The longest login that is asked about; GitHub's own end at 39 characters.
const LONGEST: usize = 100;

/// What somebody may do in a repository, from nothing to everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Nothing.
    None,
    /// Look.
    Read,
    /// Sort issues and pull requests.
    Triage,
    /// Push.
    Write,
    /// Manage the repository, without what is dangerous.
    Maintain,
    /// Everything.
    Admin,
}

impl Role {
    /// GitHub's name of it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Read => "read",
            Self::Triage => "triage",
            Self::Write => "write",
            Self::Maintain => "maintain",
            Self::Admin => "admin",
        }
    }

    /// The role of GitHub's own of this name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::None, Self::Read, Self::Triage, Self::Write, Self::Maintain, Self::Admin].into_iter().find(|role| role.as_str() == name)
    }

    /// What GitHub's older field calls it, which knows neither triage nor maintain.
    fn base(self) -> Self {
        match self {
            Self::Triage => Self::Read,
            Self::Maintain => Self::Write,
            other => other,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// Somebody's role, and what the organisation calls it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Access {
    /// The role; of one that an organisation has made, the one that it builds on.
    pub role: Role,
    /// The name of a role that an organisation has made; foreign text.
    pub custom: Option<String>,
}

impl Client {
    /// What somebody may do in the repository now. One request.
    ///
    /// # Errors
    /// See [`GitHubError`]; [`GitHubError::Input`] for what is no login. Whom GitHub does not know may do nothing.
    pub async fn access_of(&self, login: &str) -> Result<Access, GitHubError> {
        if !is_login(login) {
            return Err(GitHubError::Input(format!("`{}` is no login of GitHub", login.escape_debug())));
        }
        match self.json::<Standing>(&routes::permission(&self.repo, login)).await {
            Ok(standing) => Ok(read(standing)),
            Err(error) if error.status() == Some(404) => Ok(Access { role: Role::None, custom: None }),
            Err(error) => Err(error),
        }
    }

    /// The same without the name of the role.
    ///
    /// # Errors
    /// As [`Client::access_of`].
    pub async fn role(&self, login: &str) -> Result<Role, GitHubError> {
        self.access_of(login).await.map(|access| access.role)
    }

    /// Whom the token speaks for, so that one's own doings are told from others'; see [`is_same_login`]. One request.
    ///
    /// # Errors
    /// A server that cannot be reached. One that does not tell is asked by a workflow's own token.
    pub async fn viewer_login(&self) -> Result<String, GitHubError> {
        if self.is_dry() {
            return Ok(ACTIONS.to_owned());
        }
        if self.is_user_token() {
            return or_actions(self.json::<User>(&routes::user()).await.map(|user| user.login));
        }
        let told = self.json::<Value>(&routes::viewer()).await;
        or_actions(told.map(|told| told.pointer("/data/viewer/login").and_then(Value::as_str).unwrap_or_default().to_owned()))
    }
}

/// Whether an author is who has this login. Apps are `name[bot]`, which no person can be called; GraphQL and people leave the
/// `[bot]` of `login` out.
pub fn is_same_login(author: &str, login: &str) -> bool {
    let same = |wanted: &str| !author.is_empty() && author.eq_ignore_ascii_case(wanted);
    same(login) || author.len() > login.len() && same(&format!("{login}[bot]"))
}

/// A server that does not tell is no reason to give up, but one that cannot be reached is.
fn or_actions(told: Result<String, GitHubError>) -> Result<String, GitHubError> {
    match told {
        Ok(login) if !login.is_empty() => Ok(login),
        Ok(_) | Err(GitHubError::Refused { .. } | GitHubError::Shape { .. }) => Ok(ACTIONS.to_owned()),
        Err(error) => Err(error),
    }
}

/// Letters, digits and `-`, or `_` before the short name of a company; apps end in `[bot]`.
fn is_login(text: &str) -> bool {
    let name = text.strip_suffix("[bot]").unwrap_or(text);
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    plain && !name.is_empty() && !name.starts_with('-') && text.len() <= LONGEST
}

/// The older field is what the role rests on; the newer one may only say more exactly what that is.
fn read(standing: Standing) -> Access {
    let base = Role::parse(&standing.permission).map_or(Role::None, Role::base);
    let name = standing.role_name.unwrap_or_default();
    match Role::parse(&name) {
        Some(role) if role.base() == base => Access { role, custom: None },
        _ => Access { role: base, custom: Some(name).filter(|name| !name.is_empty() && Role::parse(name).is_none()) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_ordered_and_have_names() {
        assert!(Role::None < Role::Read && Role::Read < Role::Triage && Role::Triage < Role::Write);
        assert!(Role::Write < Role::Maintain && Role::Maintain < Role::Admin);
        for role in [Role::None, Role::Read, Role::Triage, Role::Write, Role::Maintain, Role::Admin] {
            assert_eq!(Role::parse(role.as_str()), Some(role));
        }
        assert_eq!((Role::parse("Admin"), Role::parse("")), (None, None));
    }

    #[test]
    fn a_role_never_says_more_than_the_older_field() {
        for (permission, name, role, custom) in [
            ("admin", Some("admin"), Role::Admin, None),
            ("write", Some("maintain"), Role::Maintain, None),
            ("write", Some("write"), Role::Write, None),
            ("read", Some("triage"), Role::Triage, None),
            ("read", Some("read"), Role::Read, None),
            ("none", Some("none"), Role::None, None),
            ("write", Some("Data owners"), Role::Write, Some("Data owners")),
            ("read", Some("Admin"), Role::Read, Some("Admin")),
            ("read", Some("admin"), Role::Read, None),
            ("write", None, Role::Write, None),
            ("write", Some(""), Role::Write, None),
            ("owner", Some("owner"), Role::None, Some("owner")),
            ("", None, Role::None, None),
        ] {
            let access = read(Standing { permission: permission.to_owned(), role_name: name.map(str::to_owned) });
            assert_eq!((access.role, access.custom.as_deref()), (role, custom), "{permission} {name:?}");
        }
    }

    #[test]
    fn only_logins_are_asked_about() {
        for good in ["ada", "Ada-1", "github-actions[bot]", "ada_acme", "a-"] {
            assert!(is_login(good), "{good}");
        }
        for bad in ["", "[bot]", "a/b", "../x", "a b", "ä", "-a", "a?b", "a[bot]x", &"a".repeat(101)] {
            assert!(!is_login(bad), "{bad}");
        }
    }
}
