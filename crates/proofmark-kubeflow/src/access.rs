//! How Kubeflow is spoken to: its address, who asks, and whose certificates count.

use std::path::{Path, PathBuf};

use http::HeaderName;
use http::header::{AUTHORIZATION, COOKIE};
use proofmark_http::Secret;
use proofmark_http::api::{Api, Header, Identity, Terms, pem_file, server_address};

use crate::Error;

/// The header by which Kubeflow's gateway tells the services behind it who asks.
const USER_HEADER: &str = "kubeflow-userid";
/// Where a pod finds the token that Pipelines takes, unless a variable says otherwise.
const POD_TOKEN: &str = "/var/run/secrets/kubeflow/pipelines/token";
/// A token is not longer.
const LONGEST_TOKEN: u64 = 64 << 10;

/// How a server of Kubeflow is spoken to.
#[derive(Debug, Clone)]
pub struct Access {
    /// Its address without a slash at its end: `https://kubeflow.example.com/pipeline`.
    pub address: String,
    /// As whom.
    pub credentials: Credentials,
    /// Proxies, certificates, time and tries.
    pub terms: Terms,
}

/// As whom a server is asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Credentials {
    /// As nobody: one of the cluster's own addresses, without users.
    #[default]
    Nobody,
    /// A token.
    Token(Token),
    /// A token in a file, which is read again when it has run out.
    TokenFile(PathBuf),
    /// The whole `Cookie` header of a session, whatever its cookies are called.
    Cookie(Token),
    /// A user's name, where nothing but the gateway and its like reach the server.
    User(String),
}

/// A secret that can be compared.
#[derive(Debug, Clone)]
pub struct Token(pub Secret);

impl PartialEq for Token {
    fn eq(&self, other: &Self) -> bool {
        self.0.expose() == other.0.expose()
    }
}

impl Eq for Token {}

impl Access {
    /// From the address that the configuration or `KF_PIPELINES_ENDPOINT` names, and the variables `KF_PIPELINES_TOKEN`,
    /// `KF_PIPELINES_SA_TOKEN_PATH`, `KF_PIPELINES_COOKIE`, `KF_PIPELINES_USER` and `KF_PIPELINES_CA_CERT`. In a pod the token
    /// of its service account is used.
    ///
    /// # Errors
    /// [`Error::Setting`] for a value that cannot be used.
    pub fn from_environment(address: &str, var: &dyn Fn(&str) -> Option<String>, terms: Terms) -> Result<Self, Error> {
        let address = server_address(address).map_err(|why| Error::setting("the address of Kubeflow Pipelines", why))?;
        let (credentials, terms) = (Credentials::from_environment(var)?, with_certificates(var, terms)?);
        Ok(Self { address, credentials, terms })
    }

    /// The Model Registry's, from the address that the configuration or `MODEL_REGISTRY_ENDPOINT` names. `MODEL_REGISTRY_TOKEN`
    /// and `MODEL_REGISTRY_CA_CERT` come before what [`Self::from_environment`] takes; the token that a pod has for Pipelines is
    /// never sent there.
    ///
    /// # Errors
    /// [`Error::Setting`] for a value that cannot be used.
    pub fn of_registry(address: &str, var: &dyn Fn(&str) -> Option<String>, mut terms: Terms) -> Result<Self, Error> {
        let address = server_address(address).map_err(|why| Error::setting("the address of the Model Registry", why))?;
        let given = |name: &str| var(name).filter(|value| !value.trim().is_empty());
        let credentials = match given("MODEL_REGISTRY_TOKEN") {
            Some(text) => Credentials::Token(Token(secret(&text, "MODEL_REGISTRY_TOKEN")?)),
            None => match Credentials::from_environment(var)? {
                Credentials::TokenFile(_) if given("KF_PIPELINES_SA_TOKEN_PATH").is_none() => Credentials::Nobody,
                credentials => credentials,
            },
        };
        terms = with_certificates(var, terms)?;
        if let Some(path) = given("MODEL_REGISTRY_CA_CERT") {
            terms.certificates.only = Some(pem_file(Path::new(path.trim()), "MODEL_REGISTRY_CA_CERT")?);
        }
        Ok(Self { address, credentials, terms })
    }

    /// The way to a service at this address, with nothing asked yet.
    pub(crate) fn api(&self) -> Result<Api, Error> {
        Ok(Api::new(&self.address, self.terms.clone(), identity(self.credentials.clone()))?)
    }
}

impl Credentials {
    fn from_environment(var: &dyn Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let given = |name: &str| var(name).filter(|value| !value.trim().is_empty());
        if let Some(text) = given("KF_PIPELINES_TOKEN") {
            return Ok(Self::Token(Token(secret(&text, "KF_PIPELINES_TOKEN")?)));
        }
        if let Some(path) = given("KF_PIPELINES_SA_TOKEN_PATH") {
            return Ok(Self::TokenFile(PathBuf::from(path)));
        }
        if let Some(text) = given("KF_PIPELINES_COOKIE") {
            // Several cookies have blanks between them.
            let text = text.trim();
            let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
            let cookie = Secret::password(text).filter(|_| is_plain && text.contains('='));
            let why = "it is no Cookie header: `name=value`, or several with `; ` between them";
            return Ok(Self::Cookie(Token(cookie.ok_or_else(|| Error::setting("KF_PIPELINES_COOKIE", why))?)));
        }
        if let Some(name) = given("KF_PIPELINES_USER") {
            return Ok(Self::User(name.trim().to_owned()));
        }
        Ok(if Path::new(POD_TOKEN).is_file() { Self::TokenFile(PathBuf::from(POD_TOKEN)) } else { Self::Nobody })
    }
}

fn with_certificates(var: &dyn Fn(&str) -> Option<String>, mut terms: Terms) -> Result<Terms, Error> {
    if let Some(path) = var("KF_PIPELINES_CA_CERT").filter(|path| !path.trim().is_empty()) {
        terms.certificates.only = Some(pem_file(Path::new(path.trim()), "KF_PIPELINES_CA_CERT")?);
    }
    Ok(terms)
}

fn secret(text: &str, what: &str) -> Result<Secret, Error> {
    let parsed = Secret::parse(text).map_err(|why| Error::setting(what, why))?;
    parsed.ok_or_else(|| Error::setting(what, "it is empty"))
}

/// What goes with every request. A token's file is read each time that it is asked for.
pub(crate) fn identity(credentials: Credentials) -> Identity {
    Box::new(move || {
        let header = match &credentials {
            Credentials::Nobody => return Ok(Vec::new()),
            Credentials::Token(token) => Header::secret(AUTHORIZATION, "Bearer ", &token.0, "the token")?,
            Credentials::TokenFile(path) => Header::secret(AUTHORIZATION, "Bearer ", &read_token(path)?, "the token")?,
            Credentials::Cookie(cookie) => Header::secret(COOKIE, "", &cookie.0, "the cookie")?,
            Credentials::User(name) => Header::plain(HeaderName::from_static(USER_HEADER), name, "KF_PIPELINES_USER")?,
        };
        Ok(vec![header])
    })
}

fn read_token(path: &Path) -> Result<Secret, proofmark_http::api::ApiError> {
    use proofmark_http::api::ApiError;
    let wrong = |why: String| ApiError::Setting { what: format!("the token's file `{}`", path.display()), why };
    match std::fs::metadata(path) {
        Ok(found) if found.is_file() && found.len() <= LONGEST_TOKEN => {}
        Ok(_) => return Err(wrong("it is no file, or too large".to_owned())),
        Err(error) => return Err(wrong(format!("it cannot be read: {}", error.kind()))),
    }
    let text = std::fs::read_to_string(path).map_err(|error| wrong(format!("it cannot be read: {}", error.kind())))?;
    let parsed = Secret::parse(&text).map_err(|why| wrong(why.to_owned()))?;
    parsed.ok_or_else(|| wrong("it is empty".to_owned()))
}
