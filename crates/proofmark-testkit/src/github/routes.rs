//! From a request to its endpoint, with what holds for all of them: token, limit, visibility, headers.

use std::sync::atomic::{AtomicU64, Ordering};

use super::answer::{Answer, Body, Outcome};
use super::call::Call;
use super::clock::{http_date, real_seconds};
use super::http::{Request, decode};
use super::site::Site;
use super::token::Token;
use super::world::World;
use super::{
    actions, checks, comments, compare, contents, deployments, dispatches, git, graphql, issues, people, pulls, references, reviews, runs,
    statuses,
};

/// What Enterprise Server puts before every path.
const ENTERPRISE: &str = "/api/v3";
/// What `X-GitHub-Api-Version` may be.
const VERSIONS: [&str; 2] = ["2022-11-28", "2026-03-10"];

/// Answers one request. The caller holds the world's lock.
pub(crate) fn handle(world: &mut World, request: &Request, origin: &str, storage: &str) -> Answer {
    // A test may have put something in since.
    world.settle();
    let prefix = if request.path.starts_with("/api/v3/") { ENTERPRISE } else { "" };
    let site = Site { base: format!("{origin}{prefix}") };
    if let Some(refused) = odd(request) {
        return finish(refused, request, None);
    }
    let token = match request.token().map(|text| spend(world, text, request)) {
        None => None,
        Some(Some(token)) => Some(token),
        Some(None) => return finish(Answer::error(401, "Bad credentials"), request, None),
    };
    if let Some(token) = token.as_ref().filter(|token| token.used > token.limit) {
        return finish(exceeded(&token.login), request, Some(token));
    }
    let mut call = Call { world, request, token, site, storage, repository: String::new() };
    let answer = dispatch(&mut call).unwrap_or_else(|refused| refused);
    let (key, token) = (request.token(), call.token);
    let answer = finish(answer, request, token.as_ref());
    // What has not changed costs nothing.
    if let Some(token) = key.filter(|_| answer.status == 304).and_then(|key| world.tokens.get_mut(key)) {
        token.used = token.used.saturating_sub(1);
    }
    answer
}

/// What the service asks of every client.
fn odd(request: &Request) -> Option<Answer> {
    if request.header("user-agent").is_none_or(str::is_empty) {
        let message = "Request forbidden by administrative rules. Please make sure your request has a User-Agent header.";
        return Some(Answer::error(403, message));
    }
    let version = request.header("x-github-api-version").filter(|version| !VERSIONS.contains(version))?;
    Some(Answer::error(400, &format!("{version} is not a supported version")))
}

/// The token behind a text, one request poorer; `None` for an unknown one.
fn spend(world: &mut World, text: &str, request: &Request) -> Option<Token> {
    let token = world.tokens.get_mut(text)?;
    let now = real_seconds();
    if token.reset == 0 || token.reset < now {
        if token.reset != 0 {
            token.used = 0;
        }
        token.reset = now + 3600;
    }
    if request.path.trim_start_matches(ENTERPRISE) != "/rate_limit" {
        token.used += 1;
    }
    Some(token.clone())
}

fn exceeded(login: &str) -> Answer {
    let id = super::site::user_id(login);
    Answer::error(403, &format!("API rate limit exceeded for installation ID {id}."))
}

fn dispatch(call: &mut Call<'_>) -> Outcome {
    let path = call.request.path.clone();
    let path = path.strip_prefix(ENTERPRISE).unwrap_or(&path);
    if matches!(path, "/graphql" | "/api/graphql") && call.request.method == "POST" {
        return graphql::answer(call);
    }
    let decoded: Vec<String> = path.split('/').skip(1).map(|segment| decode(segment, false)).collect();
    let segments: Vec<&str> = decoded.iter().map(String::as_str).collect();
    let (repository, rest) = match segments.as_slice() {
        ["repos", owner, name, rest @ ..] => (call.world.find(owner, name), rest),
        ["repositories", id, rest @ ..] => (id.parse().ok().and_then(|id| call.world.find_by_id(id)), rest),
        other => return people::global(call, other).unwrap_or_else(|| Err(Answer::not_found())),
    };
    call.repository = repository.filter(|name| call.sees(name)).ok_or_else(Answer::not_found)?;
    let families = [
        people::route,
        comments::route,
        issues::route,
        pulls::route,
        reviews::route,
        checks::route,
        statuses::route,
        actions::route,
        runs::route,
        dispatches::route,
        deployments::route,
        compare::route,
        contents::route,
        git::route,
        references::route,
    ];
    families.iter().find_map(|family| family(call, rest)).unwrap_or_else(|| Err(Answer::not_found()))
}

/// The headers that every answer carries, and 304 for what the client already has.
fn finish(mut answer: Answer, request: &Request, token: Option<&Token>) -> Answer {
    if request.method == "GET" && answer.status == 200 {
        let tag = answer.tag();
        let known = request.header("if-none-match").is_some_and(|tags| tags.split(',').any(|known| known.trim() == tag));
        if known {
            (answer.status, answer.body) = (304, Body::Empty);
        }
        answer = answer.header("ETag", tag).header("Cache-Control", "private, max-age=60, s-maxage=60");
    }
    let (limit, used, reset) = people::left(token);
    let reset = if reset == 0 { real_seconds() + 3600 } else { reset };
    let resource = if request.path.ends_with("/graphql") { "graphql" } else { "core" };
    let answer = common(answer);
    answer
        .header("X-RateLimit-Limit", limit.to_string())
        .header("X-RateLimit-Remaining", limit.saturating_sub(used).to_string())
        .header("X-RateLimit-Used", used.to_string())
        .header("X-RateLimit-Reset", reset.to_string())
        .header("X-RateLimit-Resource", resource)
}

/// What even answers of broken machinery carry.
pub(crate) fn common(answer: Answer) -> Answer {
    static REQUESTS: AtomicU64 = AtomicU64::new(1);
    let id = REQUESTS.fetch_add(1, Ordering::Relaxed);
    answer
        .header("Server", "github.com")
        .header("Date", http_date(real_seconds()))
        .header("X-GitHub-Media-Type", "github.v3; format=json")
        .header("X-GitHub-Request-Id", format!("FA4E:{id:04X}"))
}
