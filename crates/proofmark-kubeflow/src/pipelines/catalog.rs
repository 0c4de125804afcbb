//! Pipelines that were uploaded, and their versions.

use std::ops::ControlFlow;

use proofmark_http::api::{Call, is_part, one_line};
use serde::Deserialize;
use serde_json::Value;

use crate::Error;
use crate::spec::Spec;

use super::client::{Page, Pipelines, V2, moment};
use super::filter::Filter;

/// Pages that are read of a list that should hold one entry, and of all pipelines.
const MOST_PAGES: usize = 20;

/// A pipeline that was uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pipeline {
    /// Its id.
    pub id: String,
    /// Its name, unique in its namespace.
    pub name: String,
    /// What people see; the same as the name, mostly.
    pub display_name: String,
    /// Its namespace; none where it is for everybody.
    pub namespace: Option<String>,
    /// When it was uploaded, in milliseconds since 1970.
    pub created: Option<i64>,
}

/// A version of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Its id.
    pub id: String,
    /// The id of its pipeline.
    pub pipeline: String,
    /// Its name, unique in its pipeline.
    pub name: String,
    /// What people see.
    pub display_name: String,
    /// What somebody wrote about it.
    pub description: String,
    /// When it was uploaded, in milliseconds since 1970.
    pub created: Option<i64>,
}

/// Servers up to 2.4 know the name that is shown, and no other.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PipelineAnswer {
    pipeline_id: String,
    name: String,
    display_name: String,
    namespace: String,
    created_at: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct VersionAnswer {
    pipeline_id: String,
    pipeline_version_id: String,
    name: String,
    display_name: String,
    description: String,
    created_at: String,
}

#[derive(Debug, Deserialize)]
struct PipelinesPage {
    #[serde(default)]
    pipelines: Vec<PipelineAnswer>,
    next_page_token: Option<String>,
}

#[derive(Debug, Deserialize)]
struct VersionsPage {
    #[serde(default)]
    pipeline_versions: Vec<VersionAnswer>,
    next_page_token: Option<String>,
}

#[derive(Debug, Deserialize)]
struct SpecAnswer {
    #[serde(default)]
    pipeline_spec: Value,
}

impl Page for PipelinesPage {
    type Item = PipelineAnswer;

    fn into_parts(self) -> (Vec<PipelineAnswer>, Option<String>) {
        (self.pipelines, self.next_page_token)
    }
}

impl Page for VersionsPage {
    type Item = VersionAnswer;

    fn into_parts(self) -> (Vec<VersionAnswer>, Option<String>) {
        (self.pipeline_versions, self.next_page_token)
    }
}

/// The two names of something, each for the other where only one is told.
fn names(name: String, display_name: String) -> (String, String) {
    match (name.is_empty(), display_name.is_empty()) {
        (true, _) => (display_name.clone(), display_name),
        (_, true) => (name.clone(), name),
        _ => (name, display_name),
    }
}

impl PipelineAnswer {
    pub(super) fn into_pipeline(self) -> Option<Pipeline> {
        let (name, display_name) = names(self.name, self.display_name);
        let namespace = Some(self.namespace).filter(|namespace| !namespace.is_empty());
        let pipeline = Pipeline { id: self.pipeline_id, name, display_name, namespace, created: moment(&self.created_at) };
        is_part(&pipeline.id).then_some(pipeline)
    }
}

impl VersionAnswer {
    pub(super) fn into_version(self, pipeline: &str) -> Option<Version> {
        let (name, display_name) = names(self.name, self.display_name);
        let is_here = self.pipeline_id.is_empty() || self.pipeline_id == pipeline;
        let version = Version {
            id: self.pipeline_version_id,
            pipeline: pipeline.to_owned(),
            name,
            display_name,
            description: self.description,
            created: moment(&self.created_at),
        };
        (is_here && is_part(&version.id)).then_some(version)
    }
}

impl Pipelines {
    /// The pipeline of a name: in the namespace, or else among those for everybody; else the one that is shown by this name.
    ///
    /// # Errors
    /// [`Error::Input`] where several are shown by this name, or a namespace is needed and not set; else see [`Error`].
    pub fn pipeline(&self, name: &str) -> Result<Option<Pipeline>, Error> {
        let scope = self.scope()?;
        for namespace in [scope, None].into_iter().take(1 + usize::from(scope.is_some())) {
            if let Some(found) = self.pipeline_in(namespace, name)? {
                return Ok(Some(found));
            }
            let mut shown = self.listed(namespace, Some(("display_name", name)))?;
            shown.retain(|pipeline| pipeline.display_name == name);
            if shown.len() > 1 {
                let told: Vec<&str> = shown.iter().map(|pipeline| pipeline.name.as_str()).collect();
                let message = format!("{} pipelines are shown as `{}`", shown.len(), one_line(name, &[]));
                return Err(Error::input(message).with_hint(format!("use one of their names: {}", one_line(&told.join(", "), &[]))));
            }
            if let Some(found) = shown.pop() {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// All pipelines of the namespace and those for everybody, oldest first.
    ///
    /// # Errors
    /// See [`Self::pipeline`].
    pub fn pipelines(&self) -> Result<Vec<Pipeline>, Error> {
        let scope = self.scope()?;
        let mut all = self.listed(scope, None)?;
        if scope.is_some() {
            all.extend(self.listed(None, None)?);
        }
        Ok(all)
    }

    /// The pipeline of exactly this name in one namespace.
    ///
    /// By a list, since servers of version 2.0 answer `pipelines/names/…` with 500 whether there is one or not.
    pub(super) fn pipeline_in(&self, namespace: Option<&str>, name: &str) -> Result<Option<Pipeline>, Error> {
        match self.listed(namespace, Some(("name", name))) {
            // A server that does not know this key.
            Err(Error::Refused { status: 400, .. }) => Ok(None),
            found => Ok(found?.into_iter().find(|pipeline| pipeline.name == name)),
        }
    }

    fn listed(&self, namespace: Option<&str>, equals: Option<(&str, &str)>) -> Result<Vec<Pipeline>, Error> {
        let call = Call::get("pipelines", format!("{V2}/pipelines")).with_some("namespace", namespace);
        let filter = equals.map(|(key, text)| Filter::default().equals(key, text).text());
        let mut found = Vec::new();
        self.each::<PipelinesPage>(&call.with_some("filter", filter.as_deref()), MOST_PAGES, |answer| {
            found.extend(answer.into_pipeline());
            ControlFlow::Continue(())
        })?;
        Ok(found)
    }

    /// The version of a pipeline that has this name, or else is the only one shown by it.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn version(&self, pipeline: &Pipeline, name: &str) -> Result<Option<Version>, Error> {
        // The database may not tell small letters from large ones, and the newest of several is what people see first.
        for key in ["name", "display_name"] {
            let filter = Filter::default().equals(key, name).text();
            let mut found = match self.versions_with(pipeline, &filter) {
                // A server that does not know this key.
                Err(Error::Refused { status: 400, .. }) if key == "name" => continue,
                found => found?,
            };
            found.retain(|version| (if key == "name" { &version.name } else { &version.display_name }) == name);
            match found.len() {
                0 => {}
                1 => return Ok(found.pop()),
                count => {
                    let message = format!("{count} versions of the pipeline `{}` are shown as `{}`", pipeline.name, one_line(name, &[]));
                    return Err(Error::input(message).with_hint("use a version's name or id"));
                }
            }
        }
        Ok(None)
    }

    fn versions_with(&self, pipeline: &Pipeline, filter: &str) -> Result<Vec<Version>, Error> {
        let call = versions(pipeline).with("filter", filter);
        let mut found = Vec::new();
        self.each::<VersionsPage>(&call, MOST_PAGES, |answer| {
            found.extend(answer.into_version(&pipeline.id));
            ControlFlow::Continue(())
        })?;
        Ok(found)
    }

    /// The version of a pipeline that has this id.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn version_of_id(&self, pipeline: &str, id: &str) -> Result<Option<Version>, Error> {
        if !is_part(pipeline) || !is_part(id) {
            return Ok(None);
        }
        let call = version_call(pipeline, id);
        let Some(answer) = self.found::<VersionAnswer>(&call)? else { return Ok(None) };
        match answer.into_version(pipeline) {
            Some(version) if version.id == id => Ok(Some(version)),
            _ => Err(self.api().strange(&call, "it is another version, or none").into()),
        }
    }

    /// The version that was uploaded last.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn newest_version(&self, pipeline: &Pipeline) -> Result<Option<Version>, Error> {
        // One alone: each carries its whole pipeline.
        let call = versions(pipeline).with("sort_by", "created_at desc").with("page_size", "1");
        let page: VersionsPage = self.get(&call)?;
        Ok(page.pipeline_versions.into_iter().find_map(|answer| answer.into_version(&pipeline.id)))
    }

    /// The compiled pipeline of a version, as the server has it: by it parameters are checked.
    ///
    /// # Errors
    /// [`Error::Input`] where there is no such version, or it is of a kind that version 1 of Pipelines had; else see [`Error`].
    pub fn spec_of(&self, version: &Version) -> Result<Spec, Error> {
        let none = || {
            let told = if version.name.is_empty() { &version.id } else { &version.name };
            Error::input(format!("the server has no version `{}` of this pipeline", one_line(told, &[])))
        };
        if !is_part(&version.pipeline) || !is_part(&version.id) {
            return Err(none());
        }
        let call = version_call(&version.pipeline, &version.id);
        let answer: SpecAnswer = self.found(&call)?.ok_or_else(none)?;
        if answer.pipeline_spec.is_null() {
            return Err(self.api().strange(&call, "the version comes without its pipeline").into());
        }
        Spec::from_json(answer.pipeline_spec)
    }
}

fn versions(pipeline: &Pipeline) -> Call {
    Call::get("versions", format!("{V2}/pipelines")).part(&pipeline.id).then("/versions")
}

fn version_call(pipeline: &str, id: &str) -> Call {
    Call::get("version", format!("{V2}/pipelines")).part(pipeline).then("/versions").part(id)
}

#[cfg(test)]
mod tests;
