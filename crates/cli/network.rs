//! What the environment says of the way to any server: certificates and proxies.

use std::time::Duration;

use proofmark_http::Settings;
use proofmark_http::api::{Terms, proxies};

use crate::exit::CliError;
use crate::world::World;

/// Where more certificates of authorities may be named: ours, and the one that actions in JavaScript obey.
const AUTHORITIES: [&str; 2] = ["PROOFMARK_CA_FILE", "NODE_EXTRA_CA_CERTS"];

/// Settings of a client whose every try of a request takes so many seconds at most.
pub(crate) fn settings(world: &World, seconds: u64) -> Result<Settings, CliError> {
    Ok(Settings {
        user_agent: concat!("proofmark/", env!("CARGO_PKG_VERSION")).to_owned(),
        authorities: authorities(world)?,
        proxies: proxies(&|name| world.var(name).map(str::to_owned)),
        tls: true,
        timeout: Duration::from_secs(seconds),
    })
}

/// How the server of another system is spoken to.
pub(crate) fn terms(world: &World) -> Terms {
    let var = |name: &str| world.var(name).map(str::to_owned);
    let user_agent = concat!("proofmark/", env!("CARGO_PKG_VERSION"));
    let mut terms = Terms::from_environment(&var, user_agent, world.random());
    if let Some(seconds) = world.var("PROOFMARK_NETWORK_SECONDS").and_then(|text| text.parse().ok()) {
        terms.budget.total = Duration::from_secs(seconds);
    }
    terms
}

fn authorities(world: &World) -> Result<Option<Vec<u8>>, CliError> {
    let Some((name, path)) = AUTHORITIES.iter().find_map(|name| Some((name, world.var(name)?))) else { return Ok(None) };
    let bytes = std::fs::read(world.folder.join(path));
    bytes.map(Some).map_err(|error| CliError::input(format!("the certificates that {name} names cannot be read")).because(&error))
}
