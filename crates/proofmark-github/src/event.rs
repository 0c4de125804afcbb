//! GitHub's events as events of any sender: from the body of a webhook, or in a run of Actions from its environment and payload.
//!
//! Pure functions: signatures, deliveries and files are the caller's. What GitHub does not tell is taken for a stranger's.

mod error;
mod form;
mod moment;
mod parts;
mod run;

use proofmark_core::event::Event;

pub use self::error::EventError;
pub use self::form::{guess, name_of_file};
pub use self::run::of_run;

use self::error::NAME_TOO_LONG;
use crate::actions::payload::{KEPT, Keep, LONGEST_NAME, Payload};

/// The parts that tell of an event and not of a run.
const KEPT_BESIDE: [&str; 17] = [
    "branch",
    "branches",
    "client_payload",
    "comment",
    "context",
    "deployment_status",
    "head_commit",
    "id",
    "inputs",
    "label",
    "package",
    "registry_package",
    "schedule",
    "sender",
    "state",
    "updated_at",
    "workflow",
];

/// The event that the body of a webhook tells of. `name` is the header `X-GitHub-Event`, which no signature covers, so that it
/// must fit the body. The id of the delivery, the header `X-GitHub-Delivery`, is the caller's to add.
///
/// An event that proofmark has no type for is [`proofmark_core::event::Kind::Other`], with what is known of any event.
///
/// # Errors
/// See [`EventError`].
pub fn read(name: &str, payload: &[u8]) -> Result<Event, EventError> {
    let payload = parse(payload)?;
    let root = payload.bounded_root();
    let name = checked_name(name)?;
    form::check(name, &root)?;
    Ok(parts::read(form::kind(name), &root, &parts::Known::default())?)
}

/// Reads what is used; of what only tells events apart, the names.
fn parse(payload: &[u8]) -> Result<Payload, EventError> {
    let keep = |name: &str| match name {
        name if KEPT.contains(&name) || KEPT_BESIDE.contains(&name) => Keep::Whole,
        name if form::NAMED.contains(&name) => Keep::Name,
        _ => Keep::Nothing,
    };
    Payload::keeping(payload, &keep).map_err(|error| EventError::of(error, payload))
}

fn checked_name(name: &str) -> Result<&str, EventError> {
    match name {
        "" => Err(EventError::Name { problem: "is empty" }),
        name if name.chars().count() > LONGEST_NAME => Err(EventError::Name { problem: NAME_TOO_LONG }),
        name => Ok(name),
    }
}
