//! Who may ask: the check of host names, credentials, rights.

use super::call::plain;
use super::world::{Version, World};
use crate::base64;
use crate::github::answer::Answer;
use crate::http::Request;

const PAGE: &str = "text/html; charset=utf-8";
const LOCAL: [&str; 10] = ["localhost", "127.0.0.1", "[::1]", "0.0.0.0", "10.*", "192.168.*", "172.*", "[fc00:*", "[fd00:*", "fd00:*"];

pub(crate) fn check(world: &World, request: &Request, path: &str) -> Result<(), Answer> {
    if world.version == Version::New {
        network(world, request, path)?;
    }
    if let Some(token) = &world.token {
        if request.header("authorization") != Some(&format!("Bearer {token}")) {
            return Err(
                plain(401, PAGE, "<html><body><h1>401 Authorization Required</h1></body></html>").header("WWW-Authenticate", "Bearer")
            );
        }
        return Ok(());
    }
    if world.users.is_empty() {
        return Ok(());
    }
    let credentials = request.header("authorization").and_then(|value| value.strip_prefix("Basic ")).and_then(base64::decode);
    let credentials = credentials.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    let (name, password) = credentials.split_once(':').unwrap_or_default();
    let Some(user) = world.users.iter().find(|user| user.name == name && user.password == password) else {
        let text = "You are not authenticated. Please see https://www.mlflow.org/docs/latest/auth/index.html#authenticating-to-mlflow \
                    on how to authenticate.";
        return Err(plain(401, PAGE, text).header("WWW-Authenticate", "Basic realm=\"mlflow\""));
    };
    let reads = request.method == "GET" || path.ends_with("/search");
    if reads || user.writes { Ok(()) } else { Err(plain(403, PAGE, "Permission denied")) }
}

/// MLflow 3 answers only under names that it knows, and no page of another site.
fn network(world: &World, request: &Request, path: &str) -> Result<(), Answer> {
    let host = request.header("host").unwrap_or_default();
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit())).map_or(host, |(name, _)| name);
    let fits = |pattern: &&str| pattern.strip_suffix('*').map_or(*pattern == name, |start| name.starts_with(start));
    let known = if world.hosts.is_empty() { LOCAL.iter().any(fits) } else { world.hosts.iter().any(|known| known == host) };
    if !known && path != "/version" {
        return Err(plain(403, "text/plain", "Invalid Host header - possible DNS rebinding attack detected"));
    }
    if request.method != "GET" && request.header("origin").is_some() {
        return Err(plain(403, "text/plain", "Cross-origin request blocked"));
    }
    Ok(())
}
