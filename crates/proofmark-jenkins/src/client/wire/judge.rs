//! What an answer is, before it is read.

use http::Method;
use proofmark_http::Answer;
use serde::de::DeserializeOwned;

use super::{Request, Wire};
use crate::client::error::Error;

/// Bytes of a page in which words for people are looked for.
const WORDS: usize = 64 << 10;

/// Whether nobody is at home: Jenkins starts, or the proxy in front of it finds none.
pub(super) fn away(answer: &Answer) -> bool {
    matches!(answer.status, 502..=504)
}

/// Whether it is the page of a Jenkins that starts, which is worth waiting for even when it was never seen at work.
pub(super) fn starting(answer: &Answer) -> bool {
    answer.status == 503 && (answer.header("x-jenkins").is_some() || beginning(answer).contains("Jenkins"))
}

/// Whether it is Jenkins' refusal of a change without a crumb.
pub(super) fn crumb_missing(request: &Request, answer: &Answer) -> bool {
    request.method == Method::POST && answer.status == 403 && beginning(answer).to_ascii_lowercase().contains("crumb")
}

/// An answer of status 2xx; any other one is an error.
pub(in crate::client) fn checked(wire: &Wire<'_>, request: &Request, answer: Answer) -> Result<Answer, Error> {
    let is_jenkins = answer.header("x-jenkins").is_some();
    match answer.status {
        200..300 if is_jenkins => Ok(answer),
        200..300 => Err(strange(wire, request, &format!("it has no header X-Jenkins{}", title(&answer)))),
        300..400 => {
            let place = answer.header("location").map_or("nowhere", host);
            Err(strange(wire, request, &format!("it leads to {place}, with status {}", answer.status)))
        }
        404 if !is_jenkins => Err(strange(wire, request, "nothing is at this address, with status 404 and no header X-Jenkins")),
        _ => Err(refusal(wire, request, &answer)),
    }
}

/// The answer in JSON.
pub(super) fn parsed<T: DeserializeOwned>(wire: &Wire<'_>, request: &Request, answer: &Answer) -> Result<T, Error> {
    match answer.body.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') => serde_json::from_slice(&answer.body).map_err(|error| strange(wire, request, &error.to_string())),
        Some(b'<') => Err(strange(wire, request, &format!("it is a page of HTML{}, as for a login", title(answer)))),
        _ => Err(strange(wire, request, "it is no JSON object")),
    }
}

/// Why Jenkins refused.
pub(in crate::client) fn refusal(wire: &Wire<'_>, request: &Request, answer: &Answer) -> Error {
    let what = request.name.to_owned();
    let header = |name| answer.header(name).map(|value| wire.clean(value)).filter(|value| !value.is_empty());
    let told = || Some(wire.clean(&words(answer))).filter(|told| !told.is_empty());
    match answer.status {
        401 => Error::Unauthorized { what, sent: wire.user().is_some() },
        403 => {
            let permission = header("x-required-permission");
            let told = if permission.is_some() { None } else { told() };
            Error::Forbidden { what, user: header("x-you-are-authenticated-as"), permission, told }
        }
        status => Error::Refused { what, status, told: told() },
    }
}

pub(in crate::client) fn strange(wire: &Wire<'_>, request: &Request, why: &str) -> Error {
    Error::Strange { what: request.name.to_owned(), why: wire.clean(why) }
}

/// What an answer says to people.
pub(in crate::client) fn words(answer: &Answer) -> String {
    // Jenkins puts the message of most errors here, whatever the page looks like.
    if let Some(message) = answer.header("x-error") {
        return message.to_owned();
    }
    let text = beginning(answer);
    if !text.trim_start().starts_with('<') {
        return text;
    }
    ["p", "h1", "title"].into_iter().find_map(|tag| element(&text, tag)).unwrap_or_default()
}

fn title(answer: &Answer) -> String {
    element(&beginning(answer), "title").map(|title| format!(" ({title})")).unwrap_or_default()
}

fn beginning(answer: &Answer) -> String {
    String::from_utf8_lossy(answer.body.get(..answer.body.len().min(WORDS)).unwrap_or_default()).into_owned()
}

/// The text of the first such element that has any, without the elements inside of it.
fn element(page: &str, tag: &str) -> Option<String> {
    let lower = page.to_ascii_lowercase();
    let (open, close) = (format!("<{tag}"), format!("</{tag}>"));
    let mut from = 0;
    while let Some(at) = lower.get(from..)?.find(&open) {
        let start = from + at;
        let inside = start + lower.get(start..)?.find('>')? + 1;
        let end = inside + lower.get(inside..)?.find(&close)?;
        // `<p` also begins `<pre` and `<param`.
        let is_it = lower.get(start + open.len()..)?.starts_with(['>', ' ', '\n']);
        let text = without_tags(page.get(inside..end)?);
        if is_it && !text.is_empty() {
            return Some(text);
        }
        from = inside;
    }
    None
}

fn without_tags(text: &str) -> String {
    let mut out = String::new();
    let mut within = false;
    for letter in text.chars() {
        match letter {
            '<' => within = true,
            '>' if within => within = false,
            _ if !within => out.push(letter),
            _ => {}
        }
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The scheme and host of an address, or the whole of a path.
fn host(address: &str) -> &str {
    let address = address.split(['?', '#']).next().unwrap_or_default();
    let Some(start) = address.find("//").map(|at| at + 2) else { return address };
    let end = address.get(start..).and_then(|rest| rest.find('/')).map_or(address.len(), |at| start + at);
    address.get(..end).unwrap_or(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_pages() {
        let of = |body: &str| words(&Answer { status: 500, headers: http::HeaderMap::new(), body: body.as_bytes().to_vec() });
        assert_eq!(of("<html><title>T</title><pre>x</pre><p class=\"e\">Illegal <b>choice</b> for\n x</p>"), "Illegal choice for x");
        assert_eq!(of("<html><title>Jenkins</title><p></p>"), "Jenkins");
        assert_eq!(of("plain words"), "plain words");
        assert_eq!(of("<p>unclosed"), "");
        assert_eq!(of(""), "");
    }

    #[test]
    fn places_without_queries() {
        assert_eq!(host("https://sso.example/login?from=%2Fjob%2Fsecret"), "https://sso.example");
        assert_eq!(host("/login?x"), "/login");
        assert_eq!(host(""), "");
    }
}
