//! Where Jenkins is, and as whom it is spoken to.

use std::time::Duration;

use proofmark_http::{Secret, Settings};
use proofmark_jenkins::client::{Access, Base, Pace};

use super::Build;
use crate::exit::CliError;
use crate::world::World;

/// Where more certificates of authorities may be named, as for GitHub.
const AUTHORITIES: [&str; 2] = ["PROOFMARK_CA_FILE", "NODE_EXTRA_CA_CERTS"];

/// The variables of proxies.
const PROXIES: [&str; 9] =
    ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy", "REQUEST_METHOD"];

/// One try of one request, in seconds. A large Jenkins may think for a while before it takes a job.
const TIMEOUT: u64 = 60;

pub(super) fn base(args: &Build, world: &World) -> Result<Base, CliError> {
    let (name, text) = match (&args.server, world.var("JENKINS_URL")) {
        (Some(text), _) => ("--server", text.as_str()),
        (None, Some(text)) => ("JENKINS_URL", text),
        (None, None) => {
            return Err(CliError::input("the address of Jenkins is not known").hint("give `--server URL`, or set JENKINS_URL"));
        }
    };
    Base::parse(text).map_err(|why| CliError::input(format!("{name} is not the address of a Jenkins: {why}")))
}

pub(super) fn access(world: &World) -> Result<Access, CliError> {
    let network = Settings {
        user_agent: concat!("proofmark/", env!("CARGO_PKG_VERSION")).to_owned(),
        authorities: authorities(world)?,
        proxies: PROXIES.iter().filter_map(|name| Some(((*name).to_owned(), world.var(name)?.to_owned()))).collect(),
        tls: true,
        timeout: Duration::from_secs(TIMEOUT),
    };
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

fn authorities(world: &World) -> Result<Option<Vec<u8>>, CliError> {
    let Some((name, path)) = AUTHORITIES.iter().find_map(|name| Some((name, world.var(name)?))) else { return Ok(None) };
    let bytes = std::fs::read(world.folder.join(path));
    bytes.map(Some).map_err(|error| CliError::input(format!("the certificates that {name} names cannot be read")).because(&error))
}
