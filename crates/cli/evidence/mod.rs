//! What rules rest on beside metrics files: prediction tables, other commits, and the recorded history.

mod past;
mod progress;
mod references;
mod tables;

use proofmark_core::compare::Comparison;
use proofmark_core::gate::wanted;
use proofmark_core::policy::Policy;

use crate::exit::CliError;
use crate::session::{Read, Session};
use crate::world::World;

/// Adds to the comparison what the policy asks for. Says what people should know about it.
pub(crate) fn gather(
    session: &Session,
    read: &mut Read,
    policy: &Policy,
    comparison: &mut Comparison,
    world: &World,
) -> Result<Vec<String>, CliError> {
    let mut notes = Vec::new();
    let places = tables::evaluate(session, read, policy, comparison, world, &mut notes)?;
    let wanted = wanted(comparison, policy);
    references::add(session, read, policy, comparison, &wanted, &places, world)?;
    past::add(session, policy, comparison, &wanted, &mut notes)?;
    Ok(notes)
}
