//! Uploads a compiled pipeline as a version of a pipeline, at most once.
//!
//! Names are unique, so an upload whose answer was lost is made again without harm: the server refuses the second one, and what
//! has the name is compared with what was to be uploaded.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};

use http::Method;
use proofmark_http::api::{ApiError, Call, one_line};
use serde::de::DeserializeOwned;

use crate::Error;
use crate::spec::Spec;

use super::catalog::{Pipeline, PipelineAnswer, Version, VersionAnswer};
use super::client::{Pipelines, V2};

/// Bytes of a name at most: the server counts bytes.
const LONGEST_NAME: usize = 127;

/// What is uploaded.
#[derive(Debug, Clone)]
pub struct Upload<'a> {
    /// The pipeline's name; it is made where it is not there.
    pub pipeline: &'a str,
    /// The version's name: a commit, mostly.
    pub version: &'a str,
    /// The compiled pipeline.
    pub spec: &'a Spec,
    /// What people are told about the version.
    pub description: Option<&'a str>,
    /// Where its source is.
    pub source: Option<&'a str>,
}

/// What an upload came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uploaded {
    /// The pipeline.
    pub pipeline: Pipeline,
    /// The version.
    pub version: Version,
    /// Whether the version was there already, with the same content.
    pub was_there: bool,
}

impl Pipelines {
    /// Uploads a version, and before it the pipeline where it is not there. The first upload of a pipeline makes a version named
    /// like the pipeline as well, which cannot be helped.
    ///
    /// # Errors
    /// [`Error::Input`] for names that cannot be, and where the version's name is taken by another content; else see [`Error`].
    pub fn upload(&self, upload: &Upload<'_>) -> Result<Uploaded, Error> {
        check_name("the pipeline's name", upload.pipeline)?;
        check_name("the version's name", upload.version)?;
        upload.spec.check_form()?;
        let pipeline = self.ensure_pipeline(upload)?;
        if let Some(version) = self.version_named(&pipeline, upload.version)? {
            return self.taken(upload, pipeline, version);
        }
        let call = Call::change(Method::POST, "version", format!("{V2}/pipelines/upload_version"))
            .with("name", upload.version)
            .with("pipelineid", &pipeline.id);
        let sent = self.send::<VersionAnswer>(call, upload);
        let made = match sent {
            Ok(answer) => answer.into_version(&pipeline.id).filter(|version| version.name == upload.version),
            Err(error) => {
                // Taken meanwhile, or by us while the answer was lost.
                let found = self.version_named(&pipeline, upload.version).ok().flatten();
                let version = found.ok_or_else(|| told(error, "the upload of the version"))?;
                return self.taken(upload, pipeline, version);
            }
        };
        let version = match made {
            Some(version) => version,
            None => self.version_named(&pipeline, upload.version)?.ok_or_else(|| Error::Doubt {
                what: "the upload of the version".to_owned(),
                why: "the server answered, and does not list the version".to_owned(),
            })?,
        };
        Ok(Uploaded { pipeline, version, was_there: false })
    }

    fn ensure_pipeline(&self, upload: &Upload<'_>) -> Result<Pipeline, Error> {
        let scope = self.scope()?;
        if let Some(found) = self.pipeline_in(scope, upload.pipeline)? {
            return Ok(found);
        }
        let call = Call::change(Method::POST, "pipeline", format!("{V2}/pipelines/upload"))
            .with("name", upload.pipeline)
            .with_some("namespace", scope);
        let error = match self.send::<PipelineAnswer>(call, upload) {
            Ok(answer) => match answer.into_pipeline().filter(|pipeline| pipeline.name == upload.pipeline) {
                Some(pipeline) => return Ok(pipeline),
                None => None,
            },
            Err(error) => Some(error),
        };
        match (self.pipeline_in(scope, upload.pipeline), error) {
            (Ok(Some(found)), _) => Ok(found),
            (_, Some(error)) => Err(told(error, "the upload of the pipeline")),
            (found, None) => {
                let why = found.err().map_or_else(|| "the server does not list it".to_owned(), |error| error.to_string());
                Err(Error::Doubt { what: "the upload of the pipeline".to_owned(), why })
            }
        }
    }

    /// By its unique name alone: what is merely shown by this name does not keep another one from it.
    fn version_named(&self, pipeline: &Pipeline, name: &str) -> Result<Option<Version>, Error> {
        Ok(self.version(pipeline, name)?.filter(|version| version.name == name))
    }

    fn send<T: DeserializeOwned>(&self, call: Call, upload: &Upload<'_>) -> Result<T, ApiError> {
        let file = upload.spec.to_file();
        let boundary = boundary(&file);
        let call = call.with_some("description", upload.description).with_some("code_source_url", upload.source);
        let call = call.body(&format!("multipart/form-data; boundary={boundary}"), multipart(&boundary, &file));
        self.api().json(&call.freely())
    }

    fn taken(&self, upload: &Upload<'_>, pipeline: Pipeline, version: Version) -> Result<Uploaded, Error> {
        if self.spec_of(&version)?.is_same(upload.spec) {
            return Ok(Uploaded { pipeline, version, was_there: true });
        }
        let (name, of) = (one_line(&version.name, &[]), one_line(&pipeline.name, &[]));
        Err(Error::input(format!("the version name `{name}` of the pipeline `{of}` is taken by another content"))
            .with_hint("a version cannot be changed: upload it under another name, such as one with the commit"))
    }
}

fn told(error: ApiError, what: &str) -> Error {
    // A refusal says that nothing was made; but what it says may be the second of two tries.
    let is_lost = error.is_doubtful() && error.status().is_none();
    if is_lost { Error::Doubt { what: what.to_owned(), why: Error::from(error).to_string() } } else { error.into() }
}

/// What the server takes as a name.
fn check_name(what: &str, name: &str) -> Result<(), Error> {
    if name.trim().is_empty() {
        return Err(Error::input(format!("{what} is empty")));
    }
    if name.chars().any(char::is_control) || name.trim() != name {
        return Err(Error::input(format!("{what} holds a control character, or white space at its ends")));
    }
    if name.len() > LONGEST_NAME {
        return Err(Error::input(format!("{what} is longer than {LONGEST_NAME} bytes: `{}`", one_line(name, &[]))));
    }
    Ok(())
}

/// A line that does not stand in the file. It need not be secret, and each process has its own keys for hashes.
fn boundary(file: &[u8]) -> String {
    let state = RandomState::new();
    let mut number = 0_u64;
    loop {
        let mut hasher = state.build_hasher();
        hasher.write_u64(number);
        let text = format!("proofmark-{:016x}", hasher.finish());
        if !file.windows(text.len()).any(|part| part == text.as_bytes()) {
            return text;
        }
        number += 1;
    }
}

fn multipart(boundary: &str, file: &[u8]) -> Vec<u8> {
    let mut body = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"uploadfile\"; filename=\"pipeline.yaml\"\r\nContent-Type: \
         application/octet-stream\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(file);
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    body
}

#[cfg(test)]
mod tests;
