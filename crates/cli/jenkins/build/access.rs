//! Where Jenkins is, and as whom it is spoken to.

use std::time::Duration;

use proofmark_http::Secret;
use proofmark_jenkins::client::{Access, Base, Pace};

use crate::exit::CliError;
use crate::network;
use crate::world::World;

/// One try of one request, in seconds. A large Jenkins may think for a while before it takes a job.
const TIMEOUT: u64 = 60;

/// The address of Jenkins: what `named` says, by its name and its text, else the variable.
pub(crate) fn base(named: Option<(&str, &str)>, world: &World) -> Result<Base, CliError> {
    let (name, text) = match (named, world.var("JENKINS_URL")) {
        (Some(named), _) => named,
        (None, Some(text)) => ("JENKINS_URL", text),
        (None, None) => {
            return Err(CliError::input("the address of Jenkins is not known").hint("give `--server URL`, or set JENKINS_URL"));
        }
    };
    Base::parse(text).map_err(|why| CliError::input(format!("{name} is not the address of a Jenkins: {why}")))
}

pub(crate) fn access(world: &World) -> Result<Access, CliError> {
    let network = network::settings(world, TIMEOUT)?;
    Ok(Access { credentials: credentials(world)?, network, pace: pace(world)?, seed: world.random() })
}

/// Both or neither, since Jenkins would take a lonely one for nobody.
fn credentials(world: &World) -> Result<Option<(String, Secret)>, CliError> {
    let token = match (world.var("JENKINS_API_TOKEN"), world.var("JENKINS_API_TOKEN_FILE")) {
        (Some(token), _) => Secret::parse(token).map_err(|why| CliError::input(format!("JENKINS_API_TOKEN {why}")))?,
        (None, Some(file)) => {
            let text = std::fs::read_to_string(world.folder.join(file));
            let text =
                text.map_err(|error| CliError::input("the file that JENKINS_API_TOKEN_FILE names cannot be read").because(&error))?;
            Secret::parse(&text).map_err(|why| CliError::input(format!("the file that JENKINS_API_TOKEN_FILE names {why}")))?
        }
        (None, None) => None,
    };
    match (world.var("JENKINS_USER_ID"), token) {
        (Some(user), Some(token)) => Ok(Some((user.to_owned(), token))),
        (None, None) => Ok(None),
        (Some(_), None) => Err(CliError::input("JENKINS_USER_ID is set without a token").hint("set JENKINS_API_TOKEN as well")),
        (None, Some(_)) => Err(CliError::input("JENKINS_API_TOKEN is set without a user").hint("set JENKINS_USER_ID as well")),
    }
}

fn pace(world: &World) -> Result<Pace, CliError> {
    let usual = Pace::default();
    match world.var("PROOFMARK_NETWORK_SECONDS").map(str::parse) {
        Some(Ok(seconds)) => Ok(Pace { patience: Duration::from_secs(seconds), ..usual }),
        Some(Err(_)) => Err(CliError::input("PROOFMARK_NETWORK_SECONDS is not a whole number of seconds")),
        None => Ok(usual),
    }
}
