//! The ways to Pipelines and to a cluster, as the environment names them.

use std::time::Duration;

use proofmark_kubeflow::Access;
use proofmark_kubeflow::pipelines::{Pace, Pipelines};
use proofmark_kubeflow::serving::{Cluster, ClusterAccess};

use crate::exit::CliError;
use crate::network;
use crate::world::World;

/// What names the address of Pipelines.
pub(crate) const ENDPOINT: &str = "KF_PIPELINES_ENDPOINT";
/// What names the namespace.
const NAMESPACE: &str = "KF_PIPELINES_NAMESPACE";

/// A server of Pipelines. Nothing is sent yet.
pub(crate) fn pipelines(host: Option<&str>, namespace: Option<&str>, world: &World) -> Result<Pipelines, CliError> {
    let host = host.or_else(|| world.var(ENDPOINT)).ok_or_else(|| {
        CliError::input("the address of Kubeflow Pipelines is not known").hint(format!("set {ENDPOINT}, or give it as `host`"))
    })?;
    let access = Access::from_environment(host, &|name| world.var(name).map(str::to_owned), network::terms(world))?;
    Ok(Pipelines::open(&access, namespace.or_else(|| world.var(NAMESPACE)))?)
}

/// The cluster whose models KServe serves. Nothing is sent yet.
pub(crate) fn cluster(world: &World) -> Result<Cluster, CliError> {
    let access = ClusterAccess::from_environment(&|name| world.var(name).map(str::to_owned), network::terms(world))?;
    Ok(Cluster::open(&access)?)
}

/// How often is asked. Tests and impatient people can have it all quicker.
pub(crate) fn pace(world: &World) -> Pace {
    let usual = Pace::default();
    match settling(world) {
        Some(settling) => Pace { shortest: settling / 20, longest: settling / 4, settling, ..usual },
        None => usual,
    }
}

/// The pause between two looks at a service.
pub(crate) fn pause(world: &World) -> Duration {
    settling(world).map_or(Duration::from_secs(2), |settling| settling / 20)
}

fn settling(world: &World) -> Option<Duration> {
    world.var("PROOFMARK_SETTLING_MILLISECONDS").and_then(|text| text.parse().ok()).map(Duration::from_millis)
}
