//! The storage that artifacts are downloaded from: another host, with addresses that are good for a short time.

use super::answer::{Answer, Body};
use super::clock::real_seconds;
use super::http::Request;
use super::world::World;

pub(crate) fn handle(world: &World, request: &Request) -> Answer {
    let segments: Vec<&str> = request.path.split('/').skip(1).collect();
    let (Some(until), Some(_)) = (request.parameter("se").and_then(|text| text.parse::<u64>().ok()), request.parameter("sig")) else {
        return refused(403, "AuthenticationFailed");
    };
    // The signature in the address is the whole permission; a token besides it is a mistake that leaks it.
    if request.header("authorization").is_some() || until < real_seconds() {
        return refused(403, "AuthenticationFailed");
    }
    let ["artifacts", repository, file] = segments.as_slice() else {
        return refused(404, "BlobNotFound");
    };
    let found = repository.parse().ok().and_then(|id| world.find_by_id(id)).zip(file.strip_suffix(".zip").and_then(|id| id.parse().ok()));
    match found.and_then(|(name, id)| world.repo(&name).artifacts.get(&id)) {
        Some(artifact) => Answer::bytes("application/zip", artifact.bytes()),
        None => refused(404, "BlobNotFound"),
    }
}

fn refused(status: u16, code: &str) -> Answer {
    let text = format!("<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{code}</Code></Error>");
    Answer { status, headers: Vec::new(), body: Body::Other("application/xml", text.into_bytes()) }
}
