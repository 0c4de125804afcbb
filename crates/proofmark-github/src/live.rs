//! The way to the servers: whole addresses, redirects, next pages, and who may see the token.
//!
//! Redirects are followed here and not in the client below. There, a `POST` that is led on would turn into a `GET`, and a
//! request that a repository's new address refuses would seem to be refused at the old one.

use std::sync::{Mutex, PoisonError};

use http::Uri;
use proofmark_http::{Answer, Failure};

use crate::client::Connection;
use crate::error::GitHubError;
use crate::request::{Accept, Method, Request};

/// GitHub leads on once; whoever leads on for ever is given up.
const MOST_HOPS: usize = 5;
/// Bytes of a refusal, or of the words beside a redirect, where the answer itself may be shorter.
const WORDS: usize = 64 << 10;
/// What Enterprise Server puts before every path.
const ENTERPRISE: &str = "/api/v3";

/// A client and where it talks to.
#[derive(Debug)]
pub(crate) struct Live {
    octocrab: octocrab::Octocrab,
    api: String,
    graphql: String,
}

/// Where a request has been led to, for messages.
#[derive(Debug, Default)]
pub(crate) struct Trail(Mutex<Option<String>>);

impl Trail {
    /// The last place, without a query, which may hold a signature.
    pub(crate) fn end(self) -> Option<String> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn reach(&self, address: &str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(without_query(address).to_owned());
    }
}

impl Live {
    /// Gets ready. Requests carry whole addresses: octocrab puts the base's path in front of any other, which breaks GraphQL on
    /// GitHub Enterprise Server (/api/v3/api/graphql). The bases only say which servers may see the token.
    pub(crate) fn connect(connection: &Connection) -> Result<Self, GitHubError> {
        let wrong = |what: &str, detail: String| GitHubError::Input(format!("{what}: {detail}"));
        let api = connection.api.trim_end_matches('/').to_owned();
        let graphql = connection.graphql.clone();
        let tls = [&api, &graphql].iter().any(|address| address.starts_with("https:"));
        let settings = proofmark_http::Settings { tls, ..connection.network.clone() };
        let client = proofmark_http::client(&settings).map_err(|error| wrong("cannot set up the network", error.to_string()))?;
        let mut builder = octocrab::OctocrabBuilder::default()
            .base_uri(server(&api))
            .map_err(|error| wrong("the address of the API cannot be used", error.to_string()))?
            .upload_uri(server(&graphql))
            .map_err(|error| wrong("the address of the GraphQL API cannot be used", error.to_string()))?
            .add_header(http::header::USER_AGENT, settings.user_agent);
        if let Some(token) = &connection.token {
            builder = builder.personal_token(token.expose());
        }
        let octocrab = builder.build_with_reqwest(client).map_err(|error| wrong("cannot set up the client", error.to_string()))?;
        Ok(Self { octocrab, api, graphql })
    }

    /// One try: the request, and wherever it is led on to. A redirect that is not followed is the answer.
    pub(crate) async fn attempt(&self, request: &Request, trail: &Trail) -> Result<Answer, Failure> {
        let mut address = match &request.path {
            Some(path) => format!("{}{path}", self.api),
            None => self.graphql.clone(),
        };
        let mut answer = self.once(request, &address).await?;
        for _ in 0..MOST_HOPS {
            let Ok(next) = next(request, &address, &answer) else { break };
            trail.reach(next.strip_prefix(&self.api).unwrap_or(&next));
            answer = self.once(request, &next).await?;
            address = next;
        }
        Ok(answer)
    }

    async fn once(&self, request: &Request, address: &str) -> Result<Answer, Failure> {
        let uri: Uri = address.parse().map_err(|error| Failure::NotSent(format!("`{}` is no address: {error}", without_query(address))))?;
        let method = match request.method {
            Method::Get => http::Method::GET,
            Method::Post => http::Method::POST,
            Method::Patch => http::Method::PATCH,
            Method::Delete => http::Method::DELETE,
        };
        let accept = match request.accept {
            Accept::Json => "application/vnd.github+json",
            Accept::Raw => "application/vnd.github.raw+json",
            Accept::Any => "*/*",
        };
        let builder = http::Request::builder().method(method).uri(uri).header(http::header::ACCEPT, accept);
        let built = self.octocrab.build_request(builder, request.body.as_ref());
        let built = built.map_err(|error| Failure::NotSent(error.to_string()))?;
        let response = self.octocrab.execute(built).await.map_err(|error| proofmark_http::failure(&error))?;
        let limit = if response.status().is_success() { request.limit } else { request.limit.max(WORDS) };
        proofmark_http::collect(response, limit).await
    }

    /// The path of the next page at this server, whatever name the server has for itself: the token goes nowhere else. `None`
    /// when the address is none of the API's.
    pub(crate) fn path_of(&self, address: &str) -> Option<String> {
        let below = |base: &str, path: &str| path.strip_prefix(base).filter(|rest| rest.starts_with('/')).map(str::to_owned);
        if let Some(path) = below(&self.api, address) {
            return Some(path);
        }
        let path = if address.starts_with('/') && !address.starts_with("//") { address } else { address.get(origin(address)?.1..)? };
        let base = &self.api[server(&self.api).len()..];
        let own = if base.is_empty() { None } else { below(base, path) };
        let path = own.or_else(|| below(ENTERPRISE, path)).unwrap_or_else(|| path.to_owned());
        ["/repos/", "/repositories/"].iter().any(|start| path.starts_with(start)).then_some(path)
    }
}

/// Why a redirect is not followed; `None` for an answer that is none.
pub(crate) fn refused_redirect(request: &Request, answer: &Answer) -> Option<(String, &'static str)> {
    let location = answer.header("location").filter(|_| (300..400).contains(&answer.status) && answer.status != 304)?;
    let why = match (is_followed(answer.status), request.accept) {
        (false, _) => "which is no new address of the same thing",
        (true, Accept::Any) => "which is no address that may be followed, or after too many others",
        (true, _) => "which is another server, no address, or one of too many in a row",
    };
    Some((without_query(location).chars().take(300).collect(), why))
}

fn is_followed(status: u16) -> bool {
    matches!(status, 301 | 302 | 307 | 308)
}

/// Where an answer leads a request on to, if that is followed: to the same server, and for a download, which carries neither
/// the token nor a body there, to any that is reached no less safely.
fn next(request: &Request, from: &str, answer: &Answer) -> Result<String, ()> {
    let location = answer.header("location").filter(|_| is_followed(answer.status)).ok_or(())?;
    let (here, end) = origin(from).ok_or(())?;
    if location.starts_with('/') && !location.starts_with("//") {
        return Ok(format!("{}{location}", &from[..end]));
    }
    let (there, after) = origin(location).ok_or(())?;
    if there == here {
        // As the address was written at first: that is how the token knows its server.
        let slash = if location[after..].starts_with('/') { "" } else { "/" };
        return Ok(format!("{}{slash}{}", &from[..end], &location[after..]));
    }
    let is_download = request.accept == Accept::Any && request.method == Method::Get;
    if is_download && (there.starts_with("https:") || here.starts_with("http:")) { Ok(location.to_owned()) } else { Err(()) }
}

/// Scheme, host and port of an address in one form for all ways to write them, and where its path begins. `None` without a
/// scheme and for an address with a name or password.
fn origin(address: &str) -> Option<(String, usize)> {
    let end = server(address).len();
    let uri: Uri = address[..end].parse().ok()?;
    let (scheme, authority) = (uri.scheme_str()?, uri.authority()?);
    let usual = match scheme {
        "https" => 443,
        "http" => 80,
        _ => return None,
    };
    let plain = !authority.as_str().contains('@');
    plain.then(|| (format!("{scheme}://{}:{}", authority.host().to_ascii_lowercase(), authority.port_u16().unwrap_or(usual)), end))
}

/// `scheme://host:port` of an address, as it is written.
fn server(address: &str) -> &str {
    let after_scheme = address.find("://").map_or(0, |at| at + 3);
    let end = address[after_scheme..].find(['/', '?', '#']).map_or(address.len(), |at| after_scheme + at);
    &address[..end]
}

fn without_query(address: &str) -> &str {
    address.split(['?', '#']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn led(request: &Request, from: &str, status: u16, to: &str) -> Option<String> {
        let mut headers = http::HeaderMap::new();
        headers.insert("location", to.parse().expect("a header"));
        next(request, from, &Answer { status, headers, body: Vec::new() }).ok()
    }

    #[test]
    fn only_the_same_server_gets_the_request() {
        let post = Request::new(Method::Post, "/repos/a/b/issues/1/comments".to_owned());
        let from = "https://api.example/v3/repos/a/b/issues/1/comments";
        let to = |status, to| led(&post, from, status, to);
        let there = Some("https://api.example/repositories/9/x?y=1".to_owned());
        for status in [301, 302, 307, 308] {
            for target in
                ["https://api.example/repositories/9/x?y=1", "https://API.example:443/repositories/9/x?y=1", "/repositories/9/x?y=1"]
            {
                assert_eq!(to(status, target), there, "{status} {target}");
            }
        }
        for status in [200, 300, 303, 304, 305, 404] {
            assert_eq!(to(status, "/x"), None, "{status}");
        }
        let others = [
            "http://api.example/x",
            "https://api.example:444/x",
            "https://api.example.evil/x",
            "https://user:pw@api.example/x",
            "https://api.example@evil/x",
            "//api.example/x",
            "x",
            "",
            "ftp://api.example/x",
            "https://",
        ];
        for other in others {
            assert_eq!(to(307, other), None, "{other}");
        }
        assert_eq!(to(301, "https://api.example?x").as_deref(), Some("https://api.example/?x"));
    }

    #[test]
    fn a_download_goes_elsewhere_but_not_out_of_tls() {
        let zip = Request::get("/zip".to_owned()).accept(Accept::Any);
        let to = |from, to| led(&zip, from, 302, to).is_some();
        assert!(to("https://api.example/zip", "https://store.example/a?sig=1"));
        assert!(to("http://127.0.0.1:1/zip", "http://127.0.0.1:2/a") && to("http://a/zip", "https://b/a"));
        assert!(!to("https://api.example/zip", "http://store.example/a"));
        let delete = Request::new(Method::Delete, "/zip".to_owned()).accept(Accept::Any);
        assert_eq!(led(&delete, "https://a/zip", 302, "https://b/zip"), None);
    }

    #[test]
    fn next_pages_stay_at_the_api_whatever_they_are_called() {
        let path = |api: &str, address: &str| {
            let runtime = proofmark_http::Runtime::start().expect("a runtime");
            let connection = Connection {
                api: api.to_owned(),
                graphql: format!("{api}/graphql"),
                token: None,
                repository: crate::RepoName::parse("a/b").expect("a name"),
                network: proofmark_http::Settings {
                    user_agent: "test".to_owned(),
                    authorities: None,
                    proxies: Vec::new(),
                    tls: false,
                    timeout: std::time::Duration::from_secs(1),
                },
                budget: proofmark_http::Budget::default(),
                seed: 0,
            };
            runtime.block_on(async { Live::connect(&connection).expect("a client").path_of(address) })
        };
        let page = Some("/repositories/9/issues?page=2".to_owned());
        for (api, address) in [
            ("http://ghe.example/api/v3", "http://ghe.example/api/v3/repositories/9/issues?page=2"),
            ("http://ghe.example/api/v3", "https://inner.example:8443/api/v3/repositories/9/issues?page=2"),
            ("http://ghe.example/api/v3", "https://inner.example/repositories/9/issues?page=2"),
            ("http://ghe.example/own/api", "https://inner.example/api/v3/repositories/9/issues?page=2"),
            ("http://ghe.example/own/api", "/own/api/repositories/9/issues?page=2"),
            ("http://api.example", "http://inner.example/repositories/9/issues?page=2"),
        ] {
            assert_eq!(path(api, address), page, "{api} {address}");
        }
        for address in [
            "http://evil.example/login?page=2",
            "http://evil.example",
            "//evil/repositories/9",
            "?page=2",
            "",
            "mailto:x",
            "http://a@b/repositories/9",
        ] {
            assert_eq!(path("http://ghe.example/api/v3", address), None, "{address}");
        }
    }
}
