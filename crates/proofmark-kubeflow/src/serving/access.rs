//! How a cluster's API is reached: by variables, by a kubeconfig, or from inside of the cluster.
//!
//! No program is started to get a token, whatever a kubeconfig says.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use proofmark_http::Secret;
use proofmark_http::api::{Terms, pem_file, server_address};

use super::kubeconfig;
use crate::access::Token;
use crate::{Access, Credentials, Error};

/// Where a pod finds what it needs to speak to its cluster.
const POD: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
/// A namespace's name is not longer.
const LONGEST_NAME: usize = 63;

/// How a cluster's API is spoken to.
#[derive(Clone)]
pub struct ClusterAccess {
    /// Its address, as whom, and whose certificates count.
    pub(super) access: Access,
    /// The namespace that is meant where none is named.
    pub namespace: Option<String>,
    /// What said all this: `KUBE_API_SERVER`, a file, the pod.
    pub origin: String,
}

impl fmt::Debug for ClusterAccess {
    // Not all of it: the terms hold a certificate's key.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = out.debug_struct("ClusterAccess");
        out.field("address", &self.access.address).field("namespace", &self.namespace).field("origin", &self.origin);
        out.finish_non_exhaustive()
    }
}

impl ClusterAccess {
    /// From `KUBE_API_SERVER` with `KUBE_TOKEN` or `KUBE_TOKEN_FILE`, `KUBE_CA_CERT` and `KUBE_NAMESPACE`; else from the current
    /// context of `KUBECONFIG` or `~/.kube/config`; else, in a pod, from its service account.
    ///
    /// # Errors
    /// [`Error::Setting`] where nothing says how, or a value cannot be used.
    pub fn from_environment(var: &dyn Fn(&str) -> Option<String>, terms: Terms) -> Result<Self, Error> {
        Self::looked_up(var, terms, Path::new(POD))
    }

    fn looked_up(var: &dyn Fn(&str) -> Option<String>, terms: Terms, pod: &Path) -> Result<Self, Error> {
        let given = |name: &str| var(name).filter(|value| !value.trim().is_empty());
        if let Some(address) = given("KUBE_API_SERVER") {
            return Self::by_variables(&address, &given, terms);
        }
        let (files, is_named) = match given("KUBECONFIG") {
            Some(list) => (std::env::split_paths(&list).filter(|path| !path.as_os_str().is_empty()).collect(), true),
            None => (given("HOME").map(|home| Path::new(&home).join(".kube/config")).into_iter().collect::<Vec<_>>(), false),
        };
        if is_named || files.iter().any(|path| path.is_file()) {
            return Self::from_files(&files, terms);
        }
        if let Some(host) = given("KUBERNETES_SERVICE_HOST") {
            return Self::of_pod(&host, given("KUBERNETES_SERVICE_PORT").as_deref(), terms, pod);
        }
        Err(Error::setting("the cluster", "nothing says how to reach its API")
            .advised("set KUBECONFIG, or KUBE_API_SERVER with KUBE_TOKEN or KUBE_TOKEN_FILE and KUBE_CA_CERT"))
    }

    /// From the current context of kubeconfig files; what an earlier one says counts.
    ///
    /// # Errors
    /// [`Error::Setting`] for files that cannot be used.
    pub fn from_files(files: &[PathBuf], mut terms: Terms) -> Result<Self, Error> {
        let context = kubeconfig::read(files)?;
        let address = cluster_address(&context.server, &context.origin)?;
        terms.certificates.insecure = context.insecure;
        terms.certificates.only = context.authorities;
        terms.certificates.identity = context.identity;
        if let Some(proxy) = context.proxy {
            terms.settings.proxies = vec![("HTTPS_PROXY".to_owned(), proxy.clone()), ("HTTP_PROXY".to_owned(), proxy)];
        }
        let access = Access { address, credentials: context.credentials, terms };
        Ok(Self { access, namespace: context.namespace, origin: context.origin })
    }

    fn by_variables(address: &str, given: &dyn Fn(&str) -> Option<String>, mut terms: Terms) -> Result<Self, Error> {
        let address = cluster_address(address, "KUBE_API_SERVER")?;
        let credentials = match (given("KUBE_TOKEN"), given("KUBE_TOKEN_FILE")) {
            (Some(token), _) => Credentials::Token(token_of(&token, "KUBE_TOKEN")?),
            (None, Some(path)) => Credentials::TokenFile(PathBuf::from(path.trim())),
            (None, None) => Credentials::Nobody,
        };
        if let Some(path) = given("KUBE_CA_CERT") {
            terms.certificates.only = Some(pem_file(Path::new(path.trim()), "KUBE_CA_CERT")?);
        }
        let namespace = given("KUBE_NAMESPACE").map(|name| name.trim().to_owned());
        let access = Access { address, credentials, terms };
        Ok(Self { access, namespace, origin: "KUBE_API_SERVER".to_owned() })
    }

    fn of_pod(host: &str, port: Option<&str>, mut terms: Terms, pod: &Path) -> Result<Self, Error> {
        let host = host.trim();
        let host = if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host.to_owned() };
        let address = cluster_address(&format!("https://{host}:{}", port.unwrap_or("443").trim()), "KUBERNETES_SERVICE_HOST")?;
        let token = pod.join("token");
        if !token.is_file() {
            return Err(Error::setting("the pod's service account", format!("there is no token at {}", token.display()))
                .advised("let the pod have a service account's token (automountServiceAccountToken), or set KUBECONFIG"));
        }
        terms.certificates.only = Some(pem_file(&pod.join("ca.crt"), "the pod's ca.crt")?);
        let namespace = std::fs::read_to_string(pod.join("namespace")).ok();
        let namespace = namespace.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty() && name.len() <= LONGEST_NAME);
        // The token is renewed in its file.
        let access = Access { address, credentials: Credentials::TokenFile(token), terms };
        Ok(Self { access, namespace, origin: "the pod's service account".to_owned() })
    }

    /// The API's address.
    pub fn address(&self) -> &str {
        &self.access.address
    }
}

/// A token, trimmed.
pub(super) fn token_of(text: &str, what: &str) -> Result<Token, Error> {
    let parsed = Secret::parse(text).map_err(|why| Error::setting(what, why))?;
    parsed.map(Token).ok_or_else(|| Error::setting(what, "it is empty"))
}

/// Tokens go to https only, or to this machine: `kubectl proxy` listens there without.
fn cluster_address(text: &str, what: &str) -> Result<String, Error> {
    let address = server_address(text).map_err(|why| Error::setting(what, why))?;
    let uri: Option<http::Uri> = address.parse().ok();
    let host = uri.as_ref().and_then(http::Uri::host).unwrap_or_default().trim_matches(['[', ']']);
    let is_here = host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    if address.starts_with("https:") || is_here {
        return Ok(address);
    }
    Err(Error::setting(what, format!("{address} is not https, so everybody on the way could read the token")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms() -> Terms {
        Terms::from_environment(&|_| None, "test", 1)
    }

    fn looked_up(pairs: &[(&str, &str)], pod: &Path) -> Result<ClusterAccess, Error> {
        let find = |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        ClusterAccess::looked_up(&find, terms(), pod)
    }

    #[test]
    fn variables_come_first() {
        let none = Path::new("/nowhere");
        let pairs = [("KUBE_API_SERVER", "https://k8s:6443/"), ("KUBE_TOKEN", " abc\n"), ("KUBE_NAMESPACE", "a"), ("KUBECONFIG", "/x")];
        let found = looked_up(&pairs, none).expect("access");
        assert_eq!((found.address(), found.namespace.as_deref()), ("https://k8s:6443", Some("a")));
        assert!(matches!(&found.access.credentials, Credentials::Token(token) if token.0.expose() == "abc"));
        assert!(!format!("{found:?}").contains("abc"));
        let found = looked_up(&[("KUBE_API_SERVER", "https://k"), ("KUBE_TOKEN_FILE", "/t")], none).expect("access");
        assert_eq!(found.access.credentials, Credentials::TokenFile("/t".into()));
    }

    #[test]
    fn tokens_go_to_https_or_to_this_machine_only() {
        for good in ["https://a", "http://localhost:8001", "http://127.0.0.1:8001", "http://[::1]:1"] {
            assert!(cluster_address(good, "x").is_ok(), "{good}");
        }
        for bad in ["http://a", "http://127.0.0.1.evil.example", "http://10.0.0.1", "http://localhost.evil.example", "k8s:6443"] {
            assert!(cluster_address(bad, "x").is_err(), "{bad}");
        }
    }

    #[test]
    fn in_a_pod() {
        let folder = tempfile::tempdir().expect("a folder");
        let pairs = [("KUBERNETES_SERVICE_HOST", "fd00::1"), ("KUBERNETES_SERVICE_PORT", "6443"), ("HOME", "/nowhere")];
        assert!(looked_up(&pairs, folder.path()).is_err_and(|error| error.to_string().contains("no token")));
        for (name, text) in [("token", "abc"), ("ca.crt", "x"), ("namespace", "team-a\n")] {
            std::fs::write(folder.path().join(name), text).expect("written");
        }
        let found = looked_up(&pairs, folder.path()).expect("access");
        assert_eq!((found.address(), found.namespace.as_deref()), ("https://[fd00::1]:6443", Some("team-a")));
        assert!(looked_up(&[], folder.path()).is_err_and(|error| error.hint().is_some_and(|hint| hint.contains("KUBECONFIG"))));
    }
}
