//! What the environment says of the way to any server: certificates and proxies.

use std::time::Duration;

use proofmark_http::Settings;

use crate::exit::CliError;
use crate::world::World;

/// Where more certificates of authorities may be named: ours, and the one that actions in JavaScript obey.
const AUTHORITIES: [&str; 2] = ["PROOFMARK_CA_FILE", "NODE_EXTRA_CA_CERTS"];

/// The variables of proxies.
const PROXIES: [&str; 9] =
    ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy", "REQUEST_METHOD"];

/// Settings of a client whose every try of a request takes so many seconds at most.
pub(crate) fn settings(world: &World, seconds: u64) -> Result<Settings, CliError> {
    Ok(Settings {
        user_agent: concat!("proofmark/", env!("CARGO_PKG_VERSION")).to_owned(),
        authorities: authorities(world)?,
        proxies: PROXIES.iter().filter_map(|name| Some(((*name).to_owned(), world.var(name)?.to_owned()))).collect(),
        tls: true,
        timeout: Duration::from_secs(seconds),
    })
}

fn authorities(world: &World) -> Result<Option<Vec<u8>>, CliError> {
    let Some((name, path)) = AUTHORITIES.iter().find_map(|name| Some((name, world.var(name)?))) else { return Ok(None) };
    let bytes = std::fs::read(world.folder.join(path));
    bytes.map(Some).map_err(|error| CliError::input(format!("the certificates that {name} names cannot be read")).because(&error))
}
