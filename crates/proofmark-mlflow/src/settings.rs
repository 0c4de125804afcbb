//! What MLflow's own client reads from the environment.

use std::path::{Path, PathBuf};
use std::time::Duration;

use proofmark_http::{Budget, Secret};

use crate::error::{self, Error};

/// MLflow's client waits 120 s for one answer; that would leave no time for a second try.
const TIMEOUT: Duration = Duration::from_secs(60);
/// The most repeats that MLflow's client takes.
const MOST_RETRIES: u32 = 10;
/// The longest time for one answer.
const LONGEST_TIMEOUT: u64 = 3600;
/// More of a credentials file is not read.
const LONGEST_FILE: u64 = 64 << 10;
/// How a server is spoken to.
#[derive(Debug, Clone)]
pub struct Access {
    /// As whom.
    pub credentials: Option<Credentials>,
    /// Whether any certificate will do.
    pub insecure: bool,
    /// A PEM file with the only authorities that are trusted.
    pub authorities: Option<PathBuf>,
    /// A PEM file with a certificate and key of our own.
    pub identity: Option<PathBuf>,
    /// The workspace, for servers that have them.
    pub workspace: Option<String>,
    /// For one try of one request.
    pub timeout: Duration,
    /// Time and tries.
    pub budget: Budget,
    /// Proxies, as the environment has them: name, value.
    pub proxies: Vec<(String, String)>,
    /// What we call ourselves.
    pub user_agent: String,
    /// Spreads the waiting of several runs at once.
    pub seed: u64,
}

/// As whom a server is spoken to.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// User name and password.
    Basic(String, Secret),
    /// A token.
    Bearer(Secret),
}

impl Access {
    /// From the variables that MLflow's client honours, and `.mlflow/credentials` in the home folder.
    ///
    /// An empty variable counts as one that is not set. The pauses between tries are our own (`MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR`
    /// and `_JITTER` are not read), a server that says when to come again is always heeded (nor is
    /// `MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER`), and where nothing is set there is less patience.
    ///
    /// # Errors
    /// [`Error::Setting`] for a value that MLflow would refuse, [`Error::Unsupported`] for ways to authenticate that need Python.
    pub fn from_environment(var: &dyn Fn(&str) -> Option<String>, home: Option<&Path>, user_agent: &str, seed: u64) -> Result<Self, Error> {
        let variables = Variables(var);
        variables.refuse_plugins()?;
        let insecure = variables.flag("MLFLOW_TRACKING_INSECURE_TLS")?.unwrap_or(false);
        let named = variables.path("MLFLOW_TRACKING_SERVER_CERT_PATH");
        if insecure && named.is_some() {
            let why = "MLFLOW_TRACKING_SERVER_CERT_PATH is set as well; only one of them may be".to_owned();
            return Err(Error::Setting { what: "MLFLOW_TRACKING_INSECURE_TLS".to_owned(), why });
        }
        // The library below MLflow's client reads these two.
        let authorities = named.or_else(|| variables.path("REQUESTS_CA_BUNDLE")).or_else(|| variables.path("CURL_CA_BUNDLE"));
        let timeout = variables.number("MLFLOW_HTTP_REQUEST_TIMEOUT", 1, LONGEST_TIMEOUT)?.map_or(TIMEOUT, Duration::from_secs);
        let retries = variables.number("MLFLOW_HTTP_REQUEST_MAX_RETRIES", 0, MOST_RETRIES.into())?;
        let usual = Budget::default();
        let attempts = retries.and_then(|retries| u32::try_from(retries + 1).ok()).unwrap_or(usual.attempts);
        Ok(Self {
            credentials: variables.credentials(home)?,
            insecure,
            authorities: authorities.filter(|_| !insecure),
            identity: variables.path("MLFLOW_TRACKING_CLIENT_CERT_PATH"),
            workspace: variables.workspace()?,
            timeout,
            budget: Budget { total: usual.total.max(timeout), attempts },
            proxies: proofmark_http::api::proxies(var),
            user_agent: user_agent.to_owned(),
            seed,
        })
    }
}

/// The environment.
struct Variables<'a>(&'a dyn Fn(&str) -> Option<String>);

impl Variables<'_> {
    fn text(&self, name: &str) -> Option<String> {
        (self.0)(name).filter(|value| !value.trim().is_empty())
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        self.text(name).map(PathBuf::from)
    }

    fn flag(&self, name: &str) -> Result<Option<bool>, Error> {
        let Some(value) = self.text(name) else { return Ok(None) };
        match &*value.to_ascii_lowercase() {
            "true" | "1" => Ok(Some(true)),
            "false" | "0" => Ok(Some(false)),
            _ => Err(wrong(name, "is neither true, false, 1 nor 0")),
        }
    }

    fn number(&self, name: &str, least: u64, most: u64) -> Result<Option<u64>, Error> {
        let Some(value) = self.text(name) else { return Ok(None) };
        let number = value.trim().parse().ok().filter(|number| (least..=most).contains(number));
        number.map(Some).ok_or_else(|| wrong(name, &format!("is no whole number from {least} to {most}")))
    }

    /// Name and password win over a token, each from the environment before the file, as in MLflow's client.
    fn credentials(&self, home: Option<&Path>) -> Result<Option<Credentials>, Error> {
        let given = |name| (self.0)(name).filter(|value| !value.is_empty());
        let (name, password) = (given("MLFLOW_TRACKING_USERNAME"), given("MLFLOW_TRACKING_PASSWORD"));
        let (name, password) = match (name, password, home) {
            (Some(name), Some(password), _) => (Some(name), Some(password)),
            (name, password, Some(home)) => {
                let file = File::read(&home.join(".mlflow").join("credentials"))?;
                (name.or(file.name), password.or(file.password))
            }
            (name, password, None) => (name, password),
        };
        if let (Some(name), Some(password)) = (name, password.as_deref().and_then(Secret::password)) {
            return Ok(Some(Credentials::Basic(name, password)));
        }
        let Some(token) = given("MLFLOW_TRACKING_TOKEN") else { return Ok(None) };
        let token = Secret::parse(&token).map_err(|problem| wrong("MLFLOW_TRACKING_TOKEN", problem))?;
        Ok(token.map(Credentials::Bearer))
    }

    fn workspace(&self) -> Result<Option<String>, Error> {
        let Some(workspace) = self.text("MLFLOW_WORKSPACE") else { return Ok(None) };
        let workspace = workspace.trim();
        let plain = workspace.bytes().all(|byte| byte.is_ascii_graphic());
        if plain { Ok(Some(workspace.to_owned())) } else { Err(wrong("MLFLOW_WORKSPACE", "is no name of a workspace")) }
    }

    fn refuse_plugins(&self) -> Result<(), Error> {
        let unsupported = |what: &str| {
            let hint = "put a proxy in front of the server, and set MLFLOW_TRACKING_TOKEN or a user name and password".to_owned();
            Err(Error::Unsupported { what: what.to_owned(), hint })
        };
        if self.flag("MLFLOW_TRACKING_AWS_SIGV4")? == Some(true) {
            return unsupported("signing requests for AWS (MLFLOW_TRACKING_AWS_SIGV4)");
        }
        match self.text("MLFLOW_TRACKING_AUTH") {
            Some(plugin) => unsupported(&format!("MLflow's plugin `{}` (MLFLOW_TRACKING_AUTH)", error::clean(&plugin, &[]))),
            None => Ok(()),
        }
    }
}

/// `[mlflow]` of `.mlflow/credentials`.
#[derive(Default)]
struct File {
    name: Option<String>,
    password: Option<String>,
}

impl File {
    fn read(path: &Path) -> Result<Self, Error> {
        let wrong = |why: String| Error::Setting { what: "~/.mlflow/credentials".to_owned(), why };
        match std::fs::metadata(path) {
            Ok(found) if found.is_file() && found.len() <= LONGEST_FILE => {}
            Ok(_) => return Err(wrong("it is no file, or too long".to_owned())),
            Err(_) => return Ok(Self::default()),
        }
        let text = std::fs::read(path).map_err(|error| wrong(error.kind().to_string()))?;
        Ok(Self::parse(&String::from_utf8_lossy(&text)))
    }

    /// Keys in any letter case, `=` or `:`, comments at the beginning of a line: as Python's `configparser` has it.
    fn parse(text: &str) -> Self {
        let (mut file, mut inside) = (Self::default(), false);
        for line in text.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';'])) {
            if let Some(section) = line.strip_prefix('[') {
                inside = section.strip_suffix(']') == Some("mlflow");
            }
            let Some(at) = line.find(['=', ':']).filter(|_| inside) else { continue };
            let (key, value) = line.split_at(at);
            let value = value.get(1..).map(str::trim).filter(|value| !value.is_empty()).map(str::to_owned);
            match &*key.trim().to_ascii_lowercase() {
                "mlflow_tracking_username" => file.name = value,
                "mlflow_tracking_password" => file.password = value,
                _ => {}
            }
        }
        file
    }
}

/// The value itself is never told: it may be a secret in the wrong place.
fn wrong(name: &str, why: &str) -> Error {
    Error::Setting { what: name.to_owned(), why: why.to_owned() }
}

#[cfg(test)]
mod tests;
