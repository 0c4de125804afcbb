//! What can go wrong between a client and GitHub, and when.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::answer::Answer;
use super::clock::real_seconds;
use super::http::Request;

/// One thing that goes wrong for the requests it matches. The first that applies is the one that happens.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// `GET`, `POST`, ...; `*` for all.
    #[serde(default = "any")]
    pub method: String,
    /// A path, where `*` stands for any text, slashes too.
    #[serde(default = "any")]
    pub path: String,
    /// Which of the matching requests.
    #[serde(default)]
    pub hits: Hits,
    /// What happens.
    pub what: What,
    #[serde(skip)]
    seen: AtomicU64,
    #[serde(skip)]
    drawn: AtomicU64,
}

/// Which of the matching requests a fault happens to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hits {
    /// All of them.
    #[default]
    All,
    /// One of them, counted from 1.
    Nth(u64),
    /// So many from the first on.
    First(u64),
    /// Each with this chance between 0 and 1, drawn from a seed, the same each time.
    Chance(f64, u64),
}

/// What happens instead of, or besides, the right answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// This status, and nothing was done.
    StatusBefore(u16),
    /// This status although everything was done.
    StatusAfter(u16),
    /// The connection ends without an answer, and nothing was done.
    CutBefore,
    /// The connection ends without an answer although everything was done.
    CutAfter,
    /// Everything was done, but the connection ends in the middle of the body.
    CutInBody,
    /// 403 with the message of a secondary limit; seconds for `Retry-After`, if any.
    SecondaryLimit(Option<u64>),
    /// 429; seconds for `Retry-After`, if any.
    TooManyRequests(Option<u64>),
    /// 503, with so many seconds for `Retry-After`, and nothing was done.
    Unavailable(u64),
    /// 403 with nothing left, until so many seconds from now.
    PrimaryLimit(u64),
    /// The right answer, so many milliseconds late.
    Slow(u64),
    /// A page of HTML with this status, and nothing was done.
    Html(u16),
    /// Everything was done, and the body is empty.
    Empty,
    /// Everything was done, and the JSON ends in the middle.
    Truncated,
    /// Everything was done, and the JSON is of another shape: a list for an object and the other way round.
    WrongShape,
    /// This status and JSON, and nothing was done.
    Body(u16, String),
    /// A redirect, and nothing was done. In the address, `*` stands for what follows the repository in the path and query.
    Redirect(u16, String),
    /// Everything was done, and the addresses of other pages name this server, as `http://host:port/path`.
    ForeignPages(String),
    /// A body that does not end, up to 256 MiB.
    Endless,
}

fn any() -> String {
    "*".to_owned()
}

impl Fault {
    /// Goes wrong for every request with this method and path, where `*` stands for any text.
    pub fn new(method: &str, path: &str, what: What) -> Self {
        let (seen, drawn) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { method: method.to_owned(), path: path.to_owned(), hits: Hits::All, what, seen, drawn }
    }

    /// Only for one of them, counted from 1.
    #[must_use]
    pub fn nth(self, nth: u64) -> Self {
        Self { hits: Hits::Nth(nth), ..self }
    }

    /// Only for so many from the first on.
    #[must_use]
    pub fn first(self, count: u64) -> Self {
        Self { hits: Hits::First(count), ..self }
    }

    /// With this chance, drawn from a seed.
    #[must_use]
    pub fn chance(self, chance: f64, seed: u64) -> Self {
        Self { hits: Hits::Chance(chance, seed), ..self }
    }

    /// Whether it happens to this request. Matching requests are counted.
    pub(crate) fn strikes(&self, request: &Request) -> bool {
        if !matches(&self.method, &request.method) || !matches(&self.path, &request.path) {
            return false;
        }
        let count = self.seen.fetch_add(1, Ordering::SeqCst) + 1;
        match self.hits {
            Hits::All => true,
            Hits::Nth(nth) => count == nth,
            Hits::First(last) => count <= last,
            Hits::Chance(chance, seed) => {
                let draw = Dice::new(seed).nth(self.drawn.fetch_add(1, Ordering::SeqCst));
                (draw as f64) < chance * u64::MAX as f64
            }
        }
    }
}

impl What {
    /// Whether the request is carried out.
    pub(crate) fn commits(&self) -> bool {
        matches!(
            self,
            Self::StatusAfter(_)
                | Self::CutAfter
                | Self::CutInBody
                | Self::Slow(_)
                | Self::Empty
                | Self::Truncated
                | Self::WrongShape
                | Self::ForeignPages(_)
        )
    }

    pub(crate) fn delay(&self) -> Duration {
        Duration::from_millis(if let Self::Slow(milliseconds) = self { *milliseconds } else { 0 })
    }

    /// The answer that takes the place of the right one, if it is one at all.
    pub(crate) fn instead(&self, request: &Request) -> Option<Answer> {
        let late = |answer: Answer, seconds: &Option<u64>| match seconds {
            Some(seconds) => answer.header("Retry-After", seconds.to_string()),
            None => answer,
        };
        Some(match self {
            Self::StatusBefore(status) | Self::StatusAfter(status) => Answer::json(*status, json!({"message": "Server Error"})),
            Self::SecondaryLimit(seconds) => {
                let message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
                late(Answer::error(403, message).header("X-RateLimit-Remaining", "4000"), seconds)
            }
            Self::TooManyRequests(seconds) => late(Answer::error(429, "Too many requests"), seconds),
            Self::Unavailable(seconds) => late(Answer::error(503, "Service Unavailable"), &Some(*seconds)),
            Self::PrimaryLimit(seconds) => Answer::error(403, "API rate limit exceeded for installation ID 1.")
                .header("X-RateLimit-Limit", "1000")
                .header("X-RateLimit-Remaining", "0")
                .header("X-RateLimit-Used", "1000")
                .header("X-RateLimit-Resource", "core")
                .header("X-RateLimit-Reset", (real_seconds() + seconds).to_string()),
            Self::Body(status, text) => {
                Answer { status: *status, ..Answer::bytes("application/json; charset=utf-8", text.clone().into_bytes()) }
            }
            Self::Redirect(status, to) => {
                let to = to.replace('*', &below_repository(request));
                Answer::json(*status, json!({"message": "Moved", "url": to})).header("Location", to)
            }
            Self::Html(status) => {
                let page = "<!DOCTYPE html><html><body><h1>Unicorn!</h1><script>alert(1)</script></body></html>";
                Answer { status: *status, ..Answer::bytes("text/html; charset=utf-8", page.into()) }
            }
            _ => return None,
        })
    }
}

/// `/issues/7?page=2` of `/repos/owner/name/issues/7?page=2`.
fn below_repository(request: &Request) -> String {
    let rest = request.path.splitn(5, '/').nth(4).map(|rest| format!("/{rest}")).unwrap_or_default();
    if request.query.is_empty() { rest } else { format!("{rest}?{}", request.query) }
}

/// `*` stands for any text; everything else for itself.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let Some(last) = parts.next_back() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Random numbers that are the same each time (SplitMix64).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn nth(self, index: u64) -> u64 {
        let mut value = self.0.wrapping_add(index.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(path: &str) -> Request {
        Request { method: "POST".to_owned(), path: path.to_owned(), ..Request::default() }
    }

    #[test]
    fn patterns_match_whole_paths() {
        assert!(matches("/repos/*/comments", "/repos/a/b/issues/1/comments"));
        assert!(!matches("/repos/*/comments", "/repos/a/b/issues/1/comments/2"));
        assert!(matches("*", "") && matches("GET", "GET") && !matches("GET", "GETS"));
        assert!(!matches("/a*a", "/a"));
    }

    #[test]
    fn hits_are_counted() {
        let strikes = |fault: &Fault| (0..4).map(|_| fault.strikes(&post("/x"))).collect::<Vec<_>>();
        assert_eq!(strikes(&Fault::new("POST", "/x", What::CutAfter).nth(2)), [false, true, false, false]);
        assert_eq!(strikes(&Fault::new("*", "/*", What::CutAfter).first(2)), [true, true, false, false]);
        assert_eq!(strikes(&Fault::new("GET", "*", What::CutAfter)), [false; 4]);
    }

    #[test]
    fn chances_are_drawn_from_the_seed() {
        let count = |chance, seed| {
            let fault = Fault::new("*", "*", What::CutAfter).chance(chance, seed);
            (0..1000).filter(|_| fault.strikes(&post("/x"))).count()
        };
        assert!((200..400).contains(&count(0.3, 7)), "{}", count(0.3, 7));
        assert_eq!((count(0.3, 7), count(0.0, 7), count(1.0, 7)), (count(0.3, 7), 0, 1000));
        assert_ne!(Dice::new(1).nth(0), Dice::new(2).nth(0));
    }
}
