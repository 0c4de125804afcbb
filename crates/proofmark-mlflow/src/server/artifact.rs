//! Reads a file among the artifacts of a run.
//!
//! Its folder is listed first: a server before MLflow 3 answers a missing file as it answers a failure of its own, and the size in
//! the list says whether the whole file came, and not a login page.

use crate::Error;
use crate::run::Run;
use crate::store::Artifact;

use super::answers::FilesAnswer;
use super::wire::{Request, Wire};

pub(super) fn read(wire: &Wire, run: &Run, path: &str, limit: u64) -> Result<Option<Artifact>, Error> {
    let what = format!("artifact `{}`", wire.clean(path));
    let inside = !path.is_empty() && !path.contains(['\\', '\0']) && path.split('/').all(|part| !matches!(part, "" | "." | ".."));
    if !inside {
        return Err(Error::Setting { what, why: "the path has to lead from the run's artifacts to one of them".to_owned() });
    }
    let list = Request::get("artifacts/list").with("run_id", &run.id);
    let list = match path.rsplit_once('/') {
        Some((folder, _)) => list.with("path", folder),
        None => list,
    };
    let page: FilesAnswer = wire.list(&list)?;
    let size = match page.files.iter().find(|file| file.path == path) {
        Some(file) if file.is_dir => return Ok(None),
        Some(file) => file.file_size.and_then(|size| u64::try_from(size.0).ok()),
        // A list of which this is only a part does not say that the file is missing.
        None if page.next_page_token.is_some_and(|token| !token.is_empty()) => None,
        None => return Ok(None),
    };
    if size.is_some_and(|size| size > limit) {
        return Err(Error::TooLarge { what, limit });
    }
    let request = Request::get("get-artifact").at("/get-artifact").with("run_uuid", &run.id).with("path", path);
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let (bytes, kind) = wire.bytes(&request, most).map_err(|error| match error {
        Error::TooLarge { .. } => Error::TooLarge { what: what.clone(), limit },
        error => error,
    })?;
    let page = kind.starts_with("text/html") && ![".html", ".htm"].iter().any(|end| path.to_ascii_lowercase().ends_with(end));
    if page || size.is_some_and(|size| size != bytes.len() as u64) {
        return Err(wire.strange(&request, "it is not the file in the list of artifacts"));
    }
    Ok(Some(Artifact::Bytes(bytes)))
}
