//! Proxies by the variables that everybody uses, read as curl reads them.

use reqwest::{NoProxy, Proxy};

use crate::HttpError;

/// The proxies of a run, and whether one of them is spoken to over TLS.
#[derive(Default)]
pub(crate) struct Proxies {
    pub(crate) all: Vec<Proxy>,
    pub(crate) tls: bool,
}

/// Variables with their names as the environment has them. Lower case wins; an empty value is no value.
pub(crate) fn proxies(variables: &[(String, String)]) -> Result<Proxies, HttpError> {
    let find = |name: &str| variables.iter().find(|(key, value)| key == name && !value.trim().is_empty());
    let first = |names: [&str; 2]| names.into_iter().find_map(find).map(|(name, value)| (name.as_str(), value.trim()));
    // Where a web server starts programs, a request's header `Proxy` comes in as this variable.
    let http = if variables.iter().any(|(name, _)| name == "REQUEST_METHOD") { "http_proxy" } else { "HTTP_PROXY" };
    let except = first(["no_proxy", "NO_PROXY"]).and_then(|(_, hosts)| NoProxy::from_string(hosts));

    let mut proxies = Proxies::default();
    // The first that fits is taken, so the one for all comes last.
    for (names, make) in [
        (["https_proxy", "HTTPS_PROXY"], Proxy::https as fn(String) -> reqwest::Result<Proxy>),
        (["http_proxy", http], Proxy::http),
        (["all_proxy", "ALL_PROXY"], Proxy::all),
    ] {
        let Some((name, address)) = first(names) else { continue };
        let scheme = address.split_once("://").map_or("http", |(scheme, _)| scheme).to_ascii_lowercase();
        // The address itself may hold a password: no message shows it.
        if scheme != "http" && scheme != "https" {
            return Err(HttpError::Settings(format!("the proxy in `{name}` is not one for HTTP: write `http://` or `https://`")));
        }
        let proxy = make(address.to_owned()).map_err(|_| HttpError::Settings(format!("`{name}` is not the address of a proxy")))?;
        proxies.tls |= scheme == "https";
        proxies.all.push(proxy.no_proxy(except.clone()));
    }
    Ok(proxies)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Result<Proxies, HttpError> {
        let owned: Vec<_> = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        proxies(&owned)
    }

    fn count(variables: &[(&str, &str)]) -> usize {
        of(variables).map(|proxies| proxies.all.len()).expect("good settings")
    }

    #[test]
    fn what_is_unset_or_empty_is_no_proxy() {
        assert_eq!(count(&[]), 0);
        assert_eq!(count(&[("HTTPS_PROXY", ""), ("http_proxy", " "), ("PATH", "x"), ("NO_PROXY", "*")]), 0);
        assert_eq!(count(&[("HTTPS_PROXY", "p:1"), ("HTTP_PROXY", "p:2"), ("ALL_PROXY", "http://p:3")]), 3);
    }

    #[test]
    fn a_request_header_sets_no_proxy() {
        assert_eq!(count(&[("HTTP_PROXY", "http://evil"), ("REQUEST_METHOD", "GET")]), 0);
        assert_eq!(count(&[("http_proxy", "http://good"), ("REQUEST_METHOD", "GET")]), 1);
    }

    #[test]
    fn a_proxy_over_tls_is_known() {
        assert!(of(&[("ALL_PROXY", "HTTPS://p")]).is_ok_and(|proxies| proxies.tls));
        assert!(of(&[("ALL_PROXY", "http://p")]).is_ok_and(|proxies| !proxies.tls));
    }

    #[test]
    fn bad_addresses_are_named_but_not_shown() {
        for address in ["http://", "http://joe:pw1234@", "http://joe:pw1234@host:99999", "socks5://joe:pw1234@host:1", "http://[joe:pw1234"]
        {
            let error = of(&[("HTTPS_PROXY", address)]).err().map(|error| error.to_string()).expect(address);
            assert!(error.contains("HTTPS_PROXY") && !error.contains("joe") && !error.contains("pw1234"), "{error}");
        }
    }
}
