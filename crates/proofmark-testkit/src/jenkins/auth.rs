//! Who asks, in which session, and with which crumb.

use sha2::{Digest as _, Sha256};

use super::spec::{Permission, User};
use super::world::World;
use crate::base64;
use crate::github::answer::Answer;
use crate::http::Request;

/// The cookie of a session; Jetty's name with something behind it.
const COOKIE: &str = "JSESSIONID.4f2a";

/// The field and header of a crumb.
pub(crate) const CRUMB: &str = "Jenkins-Crumb";

/// Who asks.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// `None` for nobody in particular.
    pub(crate) user: Option<User>,
    /// By API token, which needs no crumb.
    by_token: bool,
    /// The session, known or new.
    session: String,
    is_new: bool,
}

impl Caller {
    /// Reads the request's credentials.
    pub(crate) fn of(world: &mut World, request: &Request) -> Result<Self, Answer> {
        let given = request.header("authorization").and_then(|value| value.strip_prefix("Basic ")).and_then(base64::decode);
        let given = given.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let (user, by_token) = match &given {
            None if request.header("authorization").is_some() => return Err(denied(401, "Invalid password/token")),
            None => (None, false),
            Some(text) => {
                let (name, secret) = text.split_once(':').unwrap_or((text, ""));
                let known = world.options.users.iter().find(|user| user.name == name && (user.password == secret || user.token == secret));
                match known {
                    Some(user) => (Some(user.clone()), user.token == secret),
                    None => return Err(denied(401, &format!("Invalid password/token for user: {name}"))),
                }
            }
        };
        let name = user.as_ref().map_or("anonymous", |user| user.name.as_str()).to_owned();
        let sent = cookies(request).find(|(cookie, _)| *cookie == COOKIE).map(|(_, value)| value.to_owned());
        let known = sent.filter(|session| world.sessions.get(session) == Some(&name));
        let is_new = known.is_none() && !by_token;
        let session = known.unwrap_or_else(|| if by_token { String::new() } else { world.session(&name) });
        Ok(Self { user, by_token, session, is_new })
    }

    /// The name that answers show.
    pub(crate) fn name(&self) -> &str {
        self.user.as_ref().map_or("anonymous", |user| user.name.as_str())
    }

    pub(crate) fn may(&self, permission: Permission, world: &World) -> bool {
        match &self.user {
            Some(user) => !user.lacks.contains(&permission),
            None => world.options.anonymous_reads && matches!(permission, Permission::OverallRead | Permission::JobRead),
        }
    }

    /// Refuses those who may not.
    pub(crate) fn needs(&self, permission: Permission, world: &World) -> Result<(), Answer> {
        if self.may(permission, world) {
            return Ok(());
        }
        let words = format!("{} is missing the {} permission", self.name(), permission.words());
        Err(denied(403, &words)
            .header("X-You-Are-Authenticated-As", self.name())
            .header("X-Required-Permission", permission.id())
            .header("X-Permission-Implied-By", "hudson.security.Permission.GenericWrite"))
    }

    /// What this session's crumb is.
    pub(crate) fn crumb(&self) -> String {
        let hash = Sha256::digest(format!("{}/{}/salt", self.name(), self.session));
        hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Refuses a write that another page may have made a browser send.
    pub(crate) fn needs_crumb(&self, request: &Request, world: &World) -> Result<(), Answer> {
        if !world.options.crumbs || self.by_token {
            return Ok(());
        }
        let given = request.header(&CRUMB.to_ascii_lowercase()).map(str::to_owned).or_else(|| request.parameter(CRUMB));
        if !self.is_new && given.as_deref() == Some(self.crumb().as_str()) {
            return Ok(());
        }
        Err(page(403, "No valid crumb was included in the request"))
    }

    /// Tells the client its session.
    pub(crate) fn remember(&self, answer: Answer) -> Answer {
        if self.is_new { answer.header("Set-Cookie", format!("{COOKIE}={}; Path=/; HttpOnly", self.session)) } else { answer }
    }
}

fn cookies(request: &Request) -> impl Iterator<Item = (&str, &str)> {
    request.header("cookie").into_iter().flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='))
}

fn denied(status: u16, message: &str) -> Answer {
    let answer = page(status, message);
    if status == 401 { answer.header("WWW-Authenticate", "Basic realm=\"Jenkins\"") } else { answer }
}

/// A page of HTML, as Jenkins sends its errors.
pub(crate) fn page(status: u16, message: &str) -> Answer {
    let text = format!(
        "<html><head><title>Error {status} {message}</title></head>\n<body><h2>HTTP ERROR {status}</h2>\n<p>{message}</p></body></html>\n"
    );
    Answer { status, ..Answer::bytes("text/html;charset=utf-8", text.into_bytes()) }
}
