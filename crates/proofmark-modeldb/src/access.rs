//! How ModelDB is spoken to: its address, who asks, and in which workspace.

use http::HeaderName;
use proofmark_http::Secret;
use proofmark_http::api::{Api, ApiError, Header, Identity, Terms, server_address};

use crate::Error;

/// The workspace of the open-source server, which has no others.
const OPEN_SOURCE: &str = "personal";
/// Where the hosted platform is, whose address is usually given without a scheme.
const PLATFORM: &str = ".verta.ai";

/// How a server is spoken to.
#[derive(Debug, Clone)]
pub struct Access {
    /// Its address without a slash at its end: `http://modeldb.example.com:3000`.
    pub address: String,
    /// As whom.
    pub credentials: Credentials,
    /// Where projects are looked for; none lets the server decide.
    pub workspace: Option<String>,
    /// The organization's id, on the hosted platform.
    pub organization: Option<String>,
    /// Proxies, certificates, time and tries.
    pub terms: Terms,
}

/// As whom a server is asked.
#[derive(Debug, Clone, Default)]
pub enum Credentials {
    /// As nobody: the open-source server has no users.
    #[default]
    Nobody,
    /// A user's key.
    Key {
        /// The user's mail address.
        email: String,
        /// The key.
        key: Secret,
    },
    /// A token.
    Token {
        /// The token.
        token: Secret,
        /// Its signature.
        signature: Option<Secret>,
    },
}

impl Access {
    /// From the address that the configuration or `VERTA_HOST` names, and the variables `VERTA_EMAIL` with `VERTA_DEV_KEY`, or
    /// `VERTA_JWT_TOKEN` with `VERTA_JWT_TOKEN_SIG`, `VERTA_WORKSPACE` and `VERTA_ORG_ID`.
    ///
    /// An address without a scheme is `https` at `verta.ai` and `http` elsewhere, as for ModelDB's client; a key is never sent to
    /// the latter unless it is this machine.
    ///
    /// # Errors
    /// [`Error::Setting`] for a value that is missing or cannot be used.
    pub fn from_environment(address: Option<&str>, var: &dyn Fn(&str) -> Option<String>, terms: Terms) -> Result<Self, Error> {
        let given = |name: &str| var(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let credentials = Credentials::from_environment(&given)?;
        let (what, typed) = match address.map(str::trim).filter(|address| !address.is_empty()) {
            Some(address) => ("the address of ModelDB", Some(address.to_owned())),
            None => ("VERTA_HOST", given("VERTA_HOST")),
        };
        let typed = typed.ok_or_else(|| Error::setting(what, "is not set, and the configuration names no address of ModelDB"))?;
        let whole = with_scheme(&typed, !matches!(credentials, Credentials::Nobody)).map_err(|why| Error::setting(what, why))?;
        let address = server_address(&whole).map_err(|why| Error::setting(what, why))?;
        let default = matches!(credentials, Credentials::Nobody).then(|| OPEN_SOURCE.to_owned());
        Ok(Self { address, credentials, workspace: given("VERTA_WORKSPACE").or(default), organization: given("VERTA_ORG_ID"), terms })
    }

    /// The way to the server, with nothing asked yet.
    pub(crate) fn api(&self) -> Result<Api, Error> {
        Ok(Api::new(&self.address, self.terms.clone(), identity(self.credentials.clone(), self.organization.clone()))?)
    }
}

fn with_scheme(typed: &str, has_credentials: bool) -> Result<String, &'static str> {
    if typed.contains("://") {
        return Ok(typed.to_owned());
    }
    let host = typed.split(['/', ':']).next().unwrap_or_default();
    if host.ends_with(PLATFORM) {
        return Ok(format!("https://{typed}"));
    }
    if has_credentials && !matches!(host, "localhost" | "127.0.0.1") {
        return Err("write it with https:// (or http://, where the key may travel in plain text)");
    }
    Ok(format!("http://{typed}"))
}

impl Credentials {
    fn from_environment(given: &dyn Fn(&str) -> Option<String>) -> Result<Self, Error> {
        match (given("VERTA_EMAIL"), given("VERTA_DEV_KEY")) {
            (Some(email), Some(key)) => return Ok(Self::Key { email, key: secret(&key, "VERTA_DEV_KEY")? }),
            (Some(_), None) => return Err(Error::setting("VERTA_DEV_KEY", "is not set, and VERTA_EMAIL is")),
            (None, Some(_)) => return Err(Error::setting("VERTA_EMAIL", "is not set, and VERTA_DEV_KEY is")),
            (None, None) => {}
        }
        let Some(token) = given("VERTA_JWT_TOKEN") else { return Ok(Self::Nobody) };
        let signature = given("VERTA_JWT_TOKEN_SIG").map(|text| secret(&text, "VERTA_JWT_TOKEN_SIG")).transpose()?;
        Ok(Self::Token { token: secret(&token, "VERTA_JWT_TOKEN")?, signature })
    }
}

fn secret(text: &str, what: &str) -> Result<Secret, Error> {
    let parsed = Secret::parse(text).map_err(|why| Error::setting(what, why))?;
    parsed.ok_or_else(|| Error::setting(what, "is empty"))
}

/// What goes with every request. Names with `_` are dropped by some proxies, so that both spellings are sent.
fn identity(credentials: Credentials, organization: Option<String>) -> Identity {
    Box::new(move || {
        let mut headers = Vec::new();
        match &credentials {
            Credentials::Nobody => {}
            Credentials::Key { email, key } => {
                headers.push(plain("grpc-metadata-source", "PythonClient")?);
                headers.push(plain("grpc-metadata-email", email)?);
                headers.extend(both("grpc-metadata-developer_key", "grpc-metadata-developer-key", key)?);
            }
            Credentials::Token { token, signature } => {
                headers.push(plain("grpc-metadata-source", "JWT")?);
                headers.extend(both("grpc-metadata-bearer_access_token", "grpc-metadata-bearer-access-token", token)?);
                if let Some(signature) = signature {
                    let names = ("grpc-metadata-bearer_access_token_sig", "grpc-metadata-bearer-access-token-sig");
                    headers.extend(both(names.0, names.1, signature)?);
                }
            }
        }
        if let Some(id) = &organization {
            headers.push(plain("grpc-metadata-organization-id", id)?);
        }
        Ok(headers)
    })
}

fn plain(name: &'static str, value: &str) -> Result<Header, ApiError> {
    Header::plain(HeaderName::from_static(name), value, name)
}

fn both(one: &'static str, other: &'static str, secret: &Secret) -> Result<[Header; 2], ApiError> {
    let header = |name: &'static str| Header::secret(HeaderName::from_static(name), "", secret, name);
    Ok([header(one)?, header(other)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(address: Option<&str>, vars: &[(&str, &str)]) -> Result<Access, Error> {
        let var = |name: &str| vars.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        Access::from_environment(address, &var, Terms::from_environment(&|_| None, "test", 1))
    }

    #[test]
    fn the_configuration_comes_before_the_environment() {
        let found = access(Some("https://a.example:3000/"), &[("VERTA_HOST", "http://b")]).expect("an address");
        assert_eq!((found.address.as_str(), found.workspace.as_deref()), ("https://a.example:3000", Some("personal")));
        assert_eq!(access(None, &[("VERTA_HOST", "app.verta.ai")]).expect("an address").address, "https://app.verta.ai");
        assert_eq!(access(None, &[("VERTA_HOST", "localhost:3000")]).expect("an address").address, "http://localhost:3000");
        assert!(access(None, &[]).is_err_and(|error| error.to_string().starts_with("VERTA_HOST: is not set")));
        assert!(access(Some("http://u:p@h"), &[]).is_err());
    }

    #[test]
    fn half_of_the_credentials_is_none() {
        let key = [("VERTA_EMAIL", "a@b.c"), ("VERTA_DEV_KEY", "hunter22")];
        let found = access(Some("https://m"), &key).expect("credentials");
        assert!(matches!(found.credentials, Credentials::Key { .. }) && found.workspace.is_none());
        assert!(!format!("{found:?}").contains("hunter22"));
        assert!(access(Some("https://m"), &key[..1]).is_err() && access(Some("https://m"), &key[1..]).is_err());
        assert!(access(None, &[key[0], key[1], ("VERTA_HOST", "modeldb.example")]).is_err());
        assert!(access(Some("https://m"), &[("VERTA_JWT_TOKEN", "a b")]).is_err());
        let token = [("VERTA_JWT_TOKEN", "tok"), ("VERTA_JWT_TOKEN_SIG", "sig"), ("VERTA_WORKSPACE", "ws"), ("VERTA_ORG_ID", "org")];
        let found = access(Some("https://m"), &token).expect("credentials");
        let headers = identity(found.credentials, found.organization)().expect("headers");
        let names: Vec<&str> = headers.iter().map(|header| header.name.as_str()).collect();
        assert_eq!(names.len(), 6);
        assert!(names.contains(&"grpc-metadata-bearer_access_token_sig") && names.contains(&"grpc-metadata-bearer-access-token"));
        assert!(names.contains(&"grpc-metadata-organization-id"));
    }
}
