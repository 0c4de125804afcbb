//! Opens MLflow's stores by what the configuration and MLflow's own variables say.

use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use proofmark_mlflow::location::{self, Location};
use proofmark_mlflow::model::ModelUri;
use proofmark_mlflow::{Access, Error, Registry, Store};

use crate::exit::CliError;
use crate::tracking::Opener;

/// What MLflow's client asks for its tracking URI.
const VARIABLE: &str = "MLFLOW_TRACKING_URI";

impl Opener {
    /// The tracking store: what the configuration names, else what the environment does.
    pub(crate) fn open(&self, typed: Option<&str>) -> Result<Rc<dyn Store>, Error> {
        let (location, access) = self.tracking_place(typed)?;
        self.store(location, &access)
    }

    /// The store of the model registry, which may be another one.
    pub(crate) fn open_registry(&self, typed: Option<&str>) -> Result<Rc<dyn Store>, Error> {
        let (location, access) = self.registry_place(typed)?;
        self.store(location, &access)
    }

    fn store(&self, location: Location, access: &Access) -> Result<Rc<dyn Store>, Error> {
        let known = self.opened.borrow().iter().find(|(known, _)| *known == location).map(|(_, store)| Rc::clone(store));
        if let Some(store) = known {
            return Ok(store);
        }
        let store: Rc<dyn Store> = Rc::from(proofmark_mlflow::open(&location, access)?);
        self.opened.borrow_mut().push((location, Rc::clone(&store)));
        Ok(store)
    }

    fn registry_place(&self, typed: Option<&str>) -> Result<(Location, Access), Error> {
        match self.world.var("MLFLOW_REGISTRY_URI") {
            Some(uri) => self.at(uri, true),
            None => self.tracking_place(typed),
        }
    }

    fn tracking_place(&self, typed: Option<&str>) -> Result<(Location, Access), Error> {
        match self.place(typed, VARIABLE) {
            Some(place) => self.at(&place.address, place.with_credentials),
            // Whoever wrote the change could have put runs there, of both sides.
            None if ["GITHUB_ACTIONS", "JENKINS_URL"].iter().any(|name| self.world.var(name).is_some()) => Err(Error::Setting {
                what: VARIABLE.to_owned(),
                why: "is not set, and in CI a store in the checkout is the change's own".to_owned(),
            }),
            None => {
                let location = location::default(&self.root)?;
                Ok((location, self.access(None, true)?))
            }
        }
    }

    fn at(&self, uri: &str, with_credentials: bool) -> Result<(Location, Access), Error> {
        Ok((Location::parse(uri, &self.root)?, self.access(Some(uri), with_credentials)?))
    }

    fn access(&self, uri: Option<&str>, with_credentials: bool) -> Result<Access, Error> {
        let world = &self.world;
        let var = |name: &str| world.var(name).map(str::to_owned);
        let home = var("HOME").or_else(|| var("USERPROFILE")).map(PathBuf::from);
        let user_agent = concat!("proofmark/", env!("CARGO_PKG_VERSION"));
        let mut access = Access::from_environment(&var, home.as_deref(), user_agent, world.random())?;
        if !with_credentials {
            (access.credentials, access.identity) = (None, None);
        }
        // As for MLflow's own client, what stands in the address counts first.
        if let Some(of_address) = uri.and_then(location::user_info) {
            access.credentials = Some(of_address);
        }
        if let Some(seconds) = world.var("PROOFMARK_NETWORK_SECONDS").and_then(|text| text.parse().ok()) {
            access.budget.total = Duration::from_secs(seconds);
        }
        Ok(access)
    }
}

/// The registry to write to.
pub(crate) fn registry(opener: &Opener, typed: Option<&str>) -> Result<Box<dyn Registry>, CliError> {
    let (location, access) = opener.registry_place(typed)?;
    Ok(proofmark_mlflow::open_registry(&location, &access)?)
}

/// A version of a registered model as `[baselines]` names it.
pub(crate) fn model_uri(text: &str) -> Result<ModelUri, CliError> {
    ModelUri::parse(text).map_err(|why| {
        CliError::input(format!("[baselines]: `{text}` is no version of a registered model: {why}"))
            .hint("write models:/NAME@ALIAS, models:/NAME/VERSION or models:/NAME/STAGE")
    })
}
