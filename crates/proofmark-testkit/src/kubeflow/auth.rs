//! Who is let in, and how the others are turned away.

use serde_json::{Value, json};

use super::call::{plain, refuse};
use super::world::World;
use crate::github::answer::Answer;
use crate::http::{Request, encode};

/// The page that people log in on.
const LOGIN_PAGE: &str = "<!DOCTYPE html><html><head><title>dex</title></head><body><form method=\"post\" action=\"/dex/auth/local/login\">\
                          <input name=\"login\"><input type=\"password\" name=\"password\"></form></body></html>";

/// Who is let in. Without tokens and cookies it is everybody.
#[derive(Debug, Clone, Default)]
pub struct Auth {
    /// The bearer tokens that are taken.
    tokens: Vec<Key>,
    /// The cookies that are taken, as `name=value`.
    cookies: Vec<Key>,
    /// Whoever has no cookie gets the login page at once, with status 200, and not a redirect to it.
    pub login_page: bool,
    /// `healthz` is for those with a token alone, as behind a gateway. With cookies it always is.
    pub guards_health: bool,
    /// The tokens that the Kubernetes API takes; empty for the same as above.
    kubernetes: Vec<Key>,
    /// What the Kubernetes API does not let the caller do: verb and namespace.
    forbidden: Vec<(String, String)>,
}

/// Something secret, with the requests that it is still good for.
#[derive(Debug, Clone)]
struct Key {
    text: String,
    left: Option<u64>,
}

impl Auth {
    /// From now on only those with one of the tokens given are let in; this is one of them.
    pub fn token(&mut self, token: &str) {
        self.tokens.push(Key { text: token.to_owned(), left: None });
    }

    /// The same with a token that is over after so many requests.
    pub fn token_for(&mut self, token: &str, requests: u64) {
        self.tokens.push(Key { text: token.to_owned(), left: Some(requests) });
    }

    /// From now on only those with one of the cookies given are let in; this is one of them, as `name=value`.
    pub fn cookie(&mut self, cookie: &str) {
        self.cookies.push(Key { text: cookie.to_owned(), left: None });
    }

    /// The same with a cookie that is over after so many requests.
    pub fn cookie_for(&mut self, cookie: &str, requests: u64) {
        self.cookies.push(Key { text: cookie.to_owned(), left: Some(requests) });
    }

    /// From now on the Kubernetes API takes tokens of its own; this is one of them.
    pub fn kubernetes_token(&mut self, token: &str) {
        self.kubernetes.push(Key { text: token.to_owned(), left: None });
    }

    /// From now on the Kubernetes API refuses a verb, such as `patch`, in a namespace.
    pub fn forbid(&mut self, verb: &str, namespace: &str) {
        self.forbidden.push((verb.to_owned(), namespace.to_owned()));
    }

    pub(crate) fn forbids(&self, verb: &str, namespace: &str) -> bool {
        self.forbidden.iter().any(|(known, place)| known == verb && place == namespace)
    }

    /// Ends a token or a cookie.
    pub fn revoke(&mut self, text: &str) {
        let keys = self.tokens.iter_mut().chain(&mut self.cookies).chain(&mut self.kubernetes);
        keys.filter(|key| key.text == text).for_each(|key| key.left = Some(0));
    }
}

/// Whether one of the keys fits; the one that does is used once.
fn opens(keys: &mut [Key], fits: impl Fn(&str) -> bool) -> bool {
    let Some(key) = keys.iter_mut().find(|key| key.left != Some(0) && fits(&key.text)) else {
        return false;
    };
    key.left = key.left.map(|left| left - 1);
    true
}

/// Lets a request through, or turns it away as the gateway and the pipelines' server do. Gives who asks.
pub(crate) fn check(world: &mut World, request: &Request, path: &str) -> Result<String, Answer> {
    let health = path.ends_with("/healthz");
    if !world.auth.cookies.is_empty() {
        let sent: Vec<&str> = request.header("cookie").unwrap_or_default().split(';').map(str::trim).collect();
        let by_token = has_token(&mut world.auth.tokens, request);
        if !by_token && !opens(&mut world.auth.cookies, |cookie| sent.contains(&cookie)) {
            return Err(login(world, request));
        }
    } else if !world.auth.tokens.is_empty() && (!health || world.auth.guards_health) && !has_token(&mut world.auth.tokens, request) {
        let shown = "Failed to authenticate the request: the token is missing, expired or of another audience";
        return Err(refuse(16, &format!("Unauthenticated: {shown}"), shown).header("WWW-Authenticate", "Bearer"));
    }
    let user = request.header("kubeflow-userid").unwrap_or_default().trim_start_matches("accounts.google.com:").to_owned();
    if world.multi_user && user.is_empty() && !health && path.starts_with("/apis/") {
        let shown = "Request header error: there is no user identity header.";
        return Err(refuse(16, &format!("Failed to authorize the request: Unauthenticated: {shown}"), shown));
    }
    Ok(user)
}

/// The same for the Kubernetes API.
pub(crate) fn check_kubernetes(world: &mut World, request: &Request) -> Result<(), Answer> {
    let auth = &mut world.auth;
    let keys = if auth.kubernetes.is_empty() { &mut auth.tokens } else { &mut auth.kubernetes };
    if keys.is_empty() || has_token(keys, request) {
        return Ok(());
    }
    let status: Value = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": "Unauthorized",
        "reason": "Unauthorized", "code": 401,
    });
    Err(Answer::json(401, status))
}

/// The same for the registry, which has no form of its own for it.
pub(crate) fn registry_refusal(answer: Answer) -> Answer {
    if answer.status == 401 {
        return Answer::json(401, json!({"code": "Unauthorized", "message": "Unauthorized"}));
    }
    answer
}

fn has_token(keys: &mut [Key], request: &Request) -> bool {
    let sent = request.header("authorization").and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    opens(keys, |token| token == sent)
}

fn login(world: &World, request: &Request) -> Answer {
    if world.auth.login_page {
        return plain(200, "text/html; charset=utf-8", LOGIN_PAGE);
    }
    let back = encode(&format!("{}?{}", request.path, request.query)).replace('/', "%2F");
    let to = format!("/dex/auth?client_id=oidc-authservice&redirect_uri=%2Flogin%2Foidc&response_type=code&state={back}");
    plain(302, "text/html; charset=utf-8", &format!("<a href=\"{to}\">Found</a>.\n\n")).header("Location", to)
}

/// The login page itself.
pub(crate) fn page() -> Answer {
    plain(200, "text/html; charset=utf-8", LOGIN_PAGE)
}

/// In multi-user mode, whether the caller may use the namespace.
pub(crate) fn may_use(world: &World, user: &str, namespace: &str, what: &str) -> Result<(), Answer> {
    if !world.multi_user || world.members.get(user).is_some_and(|known| known.iter().any(|known| known == namespace)) {
        return Ok(());
    }
    let shown = format!("User '{user}' is not authorized with reason:  (request: &ResourceAttributes{{Namespace:{namespace},}})");
    Err(refuse(7, &format!("{what}: PermissionDenied: {shown}"), &shown))
}
