//! Deployments: one for each key, and what has become of it.

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::client::Client;
use crate::error::{GitHubError, shape_with};
use crate::wire::triggers::{self, seconds};
use crate::workflows::{Begun, StartPatience};
use crate::{fit, routes, wire};

/// Where the key stands in a deployment's payload.
const KEY: &str = "proofmark";
/// Characters of a description.
const MOST_CHARACTERS: usize = 140;
/// How often a status is sent whose answers get lost, each time after a look at what is there.
const TRIES: u32 = 3;

/// A deployment to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentOrder {
    /// The branch, tag or commit.
    pub reference: String,
    /// The name of the environment.
    pub environment: String,
    /// What it is found again by.
    pub key: String,
    /// One line about it.
    pub description: String,
}

/// A deployment that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Deployment {
    /// Its number; later ones have greater ones.
    pub id: u64,
    /// The commit.
    pub sha: String,
    /// The branch, tag or commit that was asked for.
    pub reference: String,
    /// The environment.
    pub environment: String,
    /// Its address at the API.
    pub url: String,
    /// When it was made, in seconds since 1970; 0 where that is not told.
    pub created: u64,
}

/// The deployment of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StartedDeployment {
    /// Where it comes from.
    pub begun: Begun,
    /// The deployment; its number is 0 in a dry run.
    pub deployment: Deployment,
}

/// What has become of a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "GitHub's names say it")]
pub enum DeploymentState {
    Queued,
    InProgress,
    Success,
    Failure,
    Error,
    Inactive,
}

/// A status to be set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentStatusOrder {
    /// The deployment's number.
    pub deployment: u64,
    /// What has become of it.
    pub state: DeploymentState,
    /// One line about it.
    pub description: String,
    /// Where its log is; what is no web address is left out.
    pub log_url: Option<String>,
    /// Where what was deployed can be seen.
    pub environment_url: Option<String>,
}

impl DeploymentState {
    /// GitHub's name of it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::InProgress => "in_progress",
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Error => "error",
            Self::Inactive => "inactive",
        }
    }
}

impl Client {
    /// Makes a deployment, once for each key, environment and reference, however many answers get lost. Nothing is merged for it,
    /// and no status is waited for: whoever asks has judged already.
    ///
    /// # Errors
    /// [`GitHubError::Unknown`] when nobody can tell whether it was made; a refusal with the status 202 where GitHub has merged a
    /// branch instead; else see [`GitHubError`].
    pub async fn create_deployment(&self, order: &DeploymentOrder, patience: &StartPatience) -> Result<StartedDeployment, GitHubError> {
        let environment = order.environment.trim();
        if order.key.is_empty() || environment.is_empty() || order.reference.trim().is_empty() {
            return Err(GitHubError::Input("a deployment has a reference, an environment and a key".to_owned()));
        }
        if let Some(deployment) = self.deployed(order).await? {
            return Ok(StartedDeployment { begun: Begun::Earlier, deployment });
        }
        let mut why = "it was never asked for".to_owned();
        for _ in 0..patience.tries.max(1) {
            match self.deploy(order).await {
                Ok(own) => return Ok(self.first_of(own, order).await),
                Err(error) if error.is_lost() => why = error.to_string(),
                // What came before was looked for and is not there.
                Err(error) => return Err(error),
            }
            let looked = self.deployed_by_now(order, patience).await;
            if let Some(deployment) = looked.map_err(|error| unknown(order, format!("{why}; and then {error}")))? {
                return Ok(StartedDeployment { begun: Begun::FoundAgain, deployment });
            }
        }
        Err(unknown(order, why))
    }

    /// Tells what has become of a deployment. Nothing is sent when the latest status says the same; the result tells whether
    /// something was.
    ///
    /// # Errors
    /// See [`GitHubError`].
    pub async fn set_deployment_status(&self, order: &DeploymentStatusOrder) -> Result<bool, GitHubError> {
        let description = fit::line(&order.description);
        let description = fit::characters(&description, MOST_CHARACTERS);
        let address = |url: &Option<String>| url.as_deref().and_then(wire::web_address).unwrap_or_default().to_owned();
        let (log, environment) = (address(&order.log_url), address(&order.environment_url));
        let mut status = json!({ "state": order.state.as_str(), "description": description });
        for (field, url) in [("log_url", &log), ("environment_url", &environment)] {
            if !url.is_empty() {
                status[field] = json!(url);
            }
        }
        let request = routes::deployments::create_status(&self.repo, order.deployment, status);
        let mut lost = None;
        for _ in 0..TRIES {
            let statuses: Vec<triggers::DeploymentStatus> = self.json(&routes::deployments::statuses(&self.repo, order.deployment)).await?;
            let same = |there: &triggers::DeploymentStatus| {
                let text = |field: &Option<String>| field.clone().unwrap_or_default();
                there.state == order.state.as_str()
                    && text(&there.description) == description
                    && text(&there.log_url) == log
                    && text(&there.environment_url) == environment
            };
            if statuses.first().is_some_and(same) {
                // After a lost answer, it was ours.
                return Ok(lost.is_some());
            }
            match self.send(&request).await {
                Err(error) if error.is_lost() => lost = Some(error),
                sent => return sent.map(|_| true),
            }
        }
        lost.map_or(Ok(false), Err)
    }

    /// One request.
    async fn deploy(&self, order: &DeploymentOrder) -> Result<Deployment, GitHubError> {
        let description = fit::line(&order.description);
        let request = routes::deployments::create(
            &self.repo,
            json!({
                "ref": order.reference,
                "environment": order.environment.trim(),
                "description": fit::characters(&description, MOST_CHARACTERS),
                "payload": { KEY: order.key },
                "auto_merge": false,
                "required_contexts": [],
            }),
        );
        let answer = self.send(&request).await?;
        if answer.status == 202 {
            let words = serde_json::from_slice::<Value>(&answer.body).unwrap_or_default();
            let words = self.clean(words["message"].as_str().unwrap_or("a branch was merged, and no deployment was made"));
            let message = fit::characters(&words, 300).into_owned();
            return Err(GitHubError::Refused { what: request.shown(), status: 202, message, needs: Vec::new() });
        }
        match serde_json::from_slice::<triggers::Deployment>(&answer.body) {
            Ok(deployment) => Ok(read(deployment)),
            Err(error) => Err(shape_with(&request, &answer, &self.clean(&error.to_string()))),
        }
    }

    /// The first deployment with the key. One request.
    async fn deployed(&self, order: &DeploymentOrder) -> Result<Option<Deployment>, GitHubError> {
        let list = routes::deployments::list(&self.repo, order.environment.trim(), &order.reference);
        let there: Vec<triggers::Deployment> = self.json(&list).await?;
        let ours = there.into_iter().filter(|deployment| key_of(&deployment.payload).as_deref() == Some(&order.key));
        Ok(ours.min_by_key(|deployment| deployment.id).map(read))
    }

    /// The same, until lists must show it.
    async fn deployed_by_now(&self, order: &DeploymentOrder, patience: &StartPatience) -> Result<Option<Deployment>, GitHubError> {
        let (since, mut pause) = (Instant::now(), patience.pause);
        loop {
            let last = since.elapsed() >= patience.settling;
            let found = self.deployed(order).await?;
            if found.is_some() || last {
                return Ok(found);
            }
            sleep(pause).await;
            pause = patience.next(pause);
        }
    }

    /// Of two that were made at one moment, or of one that was believed lost and its repetition, the first stays.
    async fn first_of(&self, own: Deployment, order: &DeploymentOrder) -> StartedDeployment {
        // A failure must not hide that it was made.
        let first = if self.is_dry() { None } else { self.deployed(order).await.unwrap_or_default() };
        match first.filter(|first| first.id < own.id) {
            None => StartedDeployment { begun: Begun::New, deployment: own },
            Some(first) => {
                let description = format!("the deployment {} came first", first.id);
                let (state, log_url, environment_url) = (DeploymentState::Inactive, None, None);
                let status = DeploymentStatusOrder { deployment: own.id, state, description, log_url, environment_url };
                // It says what would be seen without it as well: that nothing happens to this one.
                let _ = self.set_deployment_status(&status).await;
                StartedDeployment { begun: Begun::Earlier, deployment: first }
            }
        }
    }
}

fn unknown(order: &DeploymentOrder, why: String) -> GitHubError {
    GitHubError::Unknown {
        what: format!("the deployment of `{}` to `{}` with the key `{}` was made", order.reference, order.environment, order.key),
        why,
        look: "look at the deployments of the repository before it is made again".to_owned(),
    }
}

fn read(deployment: triggers::Deployment) -> Deployment {
    Deployment {
        id: deployment.id,
        sha: deployment.sha,
        reference: deployment.reference,
        environment: deployment.environment,
        url: wire::web_address(&deployment.url).unwrap_or_default().to_owned(),
        created: seconds(deployment.created_at.as_deref()),
    }
}

/// Our key, in a payload that may come back as an object or as its text.
fn key_of(payload: &Value) -> Option<String> {
    let own = |value: &Value| value.get(KEY).and_then(Value::as_str).map(str::to_owned);
    match payload {
        Value::String(text) => own(&serde_json::from_str(text).ok()?),
        other => own(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_from_objects_and_texts() {
        assert_eq!(key_of(&json!({"proofmark": "k"})).as_deref(), Some("k"));
        assert_eq!(key_of(&json!("{\"proofmark\": \"k\"}")).as_deref(), Some("k"));
        for other in [json!({}), json!(null), json!(""), json!("k"), json!("[\"k\"]"), json!({"proofmark": 1}), json!(["k"])] {
            assert_eq!(key_of(&other), None, "{other}");
        }
    }
}
