//! Opens a store by its place.

use crate::location::Location;
use crate::registry::Registry;
use crate::settings::Access;
use crate::store::Store;
use crate::{Error, folders, server};

/// Opens a store. Nothing is sent to a server before the first question.
///
/// # Errors
/// [`Error::NoStore`] where nothing is there, [`Error::Setting`] where the settings cannot work.
pub fn open(location: &Location, access: &Access) -> Result<Box<dyn Store>, Error> {
    match location {
        Location::Server(address) => Ok(Box::new(server::Server::new(address, access)?)),
        Location::Folder(path) => Ok(Box::new(folders::Folders::open(path)?)),
        #[cfg(feature = "sqlite")]
        Location::Database(path) => Ok(Box::new(crate::database::Database::open(path)?)),
        #[cfg(not(feature = "sqlite"))]
        Location::Database(_) => Err(Error::Unsupported {
            what: "MLflow's SQLite database without a server".to_owned(),
            hint: "this program was built without the feature `sqlite`; start `mlflow server` and name its address".to_owned(),
        }),
    }
}

/// Opens a registry to write to.
///
/// # Errors
/// [`Error::Unsupported`] where the place is no server.
pub fn open_registry(location: &Location, access: &Access) -> Result<Box<dyn Registry>, Error> {
    match location {
        Location::Server(address) => Ok(Box::new(server::Server::new(address, access)?)),
        Location::Folder(_) | Location::Database(_) => Err(Error::Unsupported {
            what: "writing to a registry without its server".to_owned(),
            hint: "start `mlflow server` on this store and name its address in MLFLOW_TRACKING_URI".to_owned(),
        }),
    }
}
