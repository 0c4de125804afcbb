//! What workflow runs upload.

use std::io::{Cursor, Write};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::answer::{Answer, Outcome};
use super::base64;
use super::call::{Call, Need};
use super::clock::real_seconds;
use super::comments::number;
use super::paging;
use super::runs::find;

const READ: Need = Need::read(&["actions"]);
/// Seconds that the address of a download is good for.
const DOWNLOAD_LASTS: u64 = 60;

/// What a run uploaded.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Artifact {
    /// Its number.
    pub id: u64,
    /// The run that made it.
    pub run: u64,
    /// Its name.
    pub name: String,
    /// The archive, in base64.
    pub zip: String,
    /// Deleted since.
    pub expired: bool,
    /// Of the archive, `sha256:..`, if it is to be told.
    pub digest: Option<String>,
    /// When it was uploaded.
    pub created_at: String,
}

impl Artifact {
    /// An archive of these files.
    ///
    /// # Panics
    /// When the archive cannot be written: the test is wrong.
    pub fn of(id: u64, run: u64, name: &str, files: &[(&str, &[u8])]) -> Self {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (path, bytes) in files {
            writer.start_file(*path, SimpleFileOptions::default()).unwrap_or_else(|error| panic!("cannot begin {path}: {error}"));
            writer.write_all(bytes).unwrap_or_else(|error| panic!("cannot write {path}: {error}"));
        }
        let bytes = writer.finish().unwrap_or_else(|error| panic!("cannot end the archive: {error}")).into_inner();
        Self::with_bytes(id, run, name, &bytes)
    }

    /// Any bytes, whether or not they are an archive, with their digest.
    pub fn with_bytes(id: u64, run: u64, name: &str, bytes: &[u8]) -> Self {
        let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        let digest = Some(format!("sha256:{hex}"));
        Self { id, run, name: name.to_owned(), zip: base64::encode(bytes), digest, ..Self::default() }
    }

    /// The archive's bytes.
    pub fn bytes(&self) -> Vec<u8> {
        base64::decode(&self.zip).unwrap_or_default()
    }

    pub(crate) fn settle(&mut self, id: u64, now: &str) {
        self.id = id;
        if self.created_at.is_empty() {
            now.clone_into(&mut self.created_at);
        }
    }
}

pub(crate) fn route(call: &mut Call<'_>, path: &[&str]) -> Option<Outcome> {
    let method = call.request.method.as_str();
    Some(match (method, path) {
        ("GET", ["actions", "runs", run, "artifacts"]) => list(call, number(run)?),
        ("GET", ["actions", "artifacts", id]) => artifact(call, number(id)?),
        ("GET", ["actions", "artifacts", id, "zip"]) => download(call, number(id)?),
        _ => return None,
    })
}

fn list(call: &mut Call<'_>, run: u64) -> Outcome {
    call.needs(READ)?;
    find(call, run)?;
    let name = call.request.parameter("name");
    let of_run = call.repo().artifacts.values().filter(|artifact| artifact.run == run);
    let named = of_run.filter(|artifact| name.as_ref().is_none_or(|name| *name == artifact.name));
    let shown = named.map(|artifact| shape(call, artifact)).collect();
    Ok(paging::counted(call, "artifacts", shown))
}

fn artifact(call: &mut Call<'_>, id: u64) -> Outcome {
    call.needs(READ)?;
    let artifact = call.repo().artifacts.get(&id).ok_or_else(Answer::not_found)?;
    Ok(Answer::ok(shape(call, artifact)))
}

/// The one read that anonymous requests cannot make even where all is public.
fn download(call: &mut Call<'_>, id: u64) -> Outcome {
    call.has(READ)?;
    let artifact = call.repo().artifacts.get(&id).ok_or_else(Answer::not_found)?;
    if artifact.expired {
        return Err(Answer::error(410, "Artifact has expired"));
    }
    let until = real_seconds() + DOWNLOAD_LASTS;
    let location = format!("{}/artifacts/{}/{id}.zip?se={until}&sig=fake", call.storage, call.repo().id);
    Ok(Answer::empty(302).header("Location", location))
}

fn shape(call: &Call<'_>, artifact: &Artifact) -> Value {
    let url = call.site.api(&format!("/repos/{}/actions/artifacts/{}", call.repository, artifact.id));
    let run = call.repo().runs.get(&artifact.run).cloned().unwrap_or_default();
    let id = call.repo().id;
    let head = if run.head_repository.is_empty() { id } else { super::site::user_id(&run.head_repository) };
    json!({
        "id": artifact.id,
        "node_id": format!("MDg6QXJ0aWZhY3Q{}", artifact.id),
        "name": artifact.name,
        "size_in_bytes": artifact.bytes().len(),
        "url": url,
        "archive_download_url": format!("{url}/zip"),
        "expired": artifact.expired,
        "digest": artifact.digest,
        "created_at": artifact.created_at,
        "updated_at": artifact.created_at,
        "expires_at": "2037-01-01T00:00:00Z",
        "workflow_run": {
            "id": artifact.run,
            "repository_id": id,
            "head_repository_id": head,
            "head_branch": run.head_branch,
            "head_sha": run.head_sha,
        },
    })
}
