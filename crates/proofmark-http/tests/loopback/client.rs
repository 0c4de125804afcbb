//! Redirects, which are left to the caller, and proxies.

use std::time::Duration;

use proofmark_http::{Failure, Runtime, Settings, client, failure};

use crate::server::{Server, redirect, text};

pub(crate) fn settings() -> Settings {
    Settings { user_agent: "proofmark-test".into(), authorities: None, proxies: Vec::new(), tls: false, timeout: Duration::from_secs(10) }
}

pub(crate) fn plain() -> reqwest::Client {
    client(&settings()).expect("a client")
}

pub(crate) fn get(client: &reqwest::Client, url: &str) -> Result<u16, Failure> {
    let runtime = Runtime::start().expect("a runtime");
    let request = client.get(url).header("authorization", "Bearer secret");
    let outcome = runtime.block_on(async { request.send().await });
    outcome.map(|response| response.status().as_u16()).map_err(|error| failure(&error))
}

fn behind(proxies: &[(&str, &str)]) -> reqwest::Client {
    let proxies = proxies.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    client(&Settings { proxies, ..settings() }).expect("a client")
}

#[test]
fn a_redirect_is_the_answer() {
    let other = Server::start([text(200, "", "")]);
    for status in [301, 302, 303, 307, 308] {
        for target in [other.url("/there"), "/same".to_owned()] {
            let server = Server::start([redirect(status, &target), text(200, "", "")]);
            assert_eq!(get(&plain(), &server.url("/here")), Ok(status));
            assert_eq!(server.requests().len(), 1);
        }
    }
    assert!(other.requests().is_empty());
}

#[test]
fn requests_go_through_the_proxy() {
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        let proxy = Server::start([text(200, "", "")]);
        assert_eq!(get(&behind(&[(name, &proxy.url(""))]), "http://host.invalid/path"), Ok(200), "{name}");
        assert!(proxy.requests()[0].starts_with("get http://host.invalid/path http/1.1\r\n"));
    }
}

#[test]
fn lower_case_wins_and_empty_is_nothing() {
    let (loser, winner) = (Server::start([text(500, "", "")]), Server::start([text(200, "", ""), text(200, "", "")]));
    let (loser, winner_url) = (loser.url(""), winner.url(""));
    assert_eq!(get(&behind(&[("HTTP_PROXY", &loser), ("http_proxy", &winner_url)]), "http://host.invalid/"), Ok(200));
    assert_eq!(get(&behind(&[("http_proxy", ""), ("HTTP_PROXY", &winner_url), ("all_proxy", &loser)]), "http://host.invalid/"), Ok(200));
}

#[test]
fn lower_case_wins_for_https() {
    let (loser, winner) = (Server::start([text(403, "", "")]), Server::start([text(403, "", "")]));
    let client = behind(&[("HTTPS_PROXY", &loser.url("")), ("https_proxy", &winner.url(""))]);
    assert!(matches!(get(&client, "https://host.invalid/"), Err(Failure::NotSent(_))));
    assert_eq!((loser.requests().len(), winner.requests().len()), (0, 1));
}

#[test]
fn exceptions_go_straight() {
    for list in ["127.0.0.1", "example.org, 127.0.0.0/8", "*"] {
        let (proxy, server) = (Server::start([text(500, "", "")]), Server::start([text(200, "", "")]));
        let variables = [("HTTP_PROXY", proxy.url("")), ("NO_PROXY", list.to_owned()), ("ALL_PROXY", proxy.url(""))];
        let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        // The star is for names only.
        let url = if list == "*" { format!("http://localhost:{}/", server.address.port()) } else { server.url("/") };
        assert_eq!(get(&behind(&variables), &url), Ok(200), "{list}");
        assert!(proxy.requests().is_empty());
    }
}

#[test]
fn the_password_of_a_proxy_is_sent_and_never_shown() {
    // base64 of `joe:p@ss w/ord`, in the lower case of the log.
    let (user, expected) = ("joe:p%40ss%20w%2Ford", "proxy-authorization: basic am9lonbac3mgdy9vcmq=");
    let proxy = Server::start([text(407, "", "")]);
    let address = format!("http://{user}@{}", proxy.address);
    assert_eq!(get(&behind(&[("http_proxy", &address)]), "http://host.invalid/"), Ok(407));
    assert!(proxy.requests()[0].contains(expected), "{:?}", proxy.requests());

    let proxy = Server::start([text(407, "", "")]);
    let address = format!("http://{user}@{}", proxy.address);
    let client = behind(&[("https_proxy", &address)]);
    let error = get(&client, "https://host.invalid/").expect_err("the proxy refuses");
    assert!(
        proxy.requests()[0].starts_with("connect host.invalid:443 ") && proxy.requests()[0].contains(expected),
        "{:?}",
        proxy.requests()
    );
    assert!(!proxy.requests()[0].contains("bearer secret"));
    assert!(matches!(&error, Failure::NotSent(detail) if !detail.contains("ss")), "{error:?}");
    assert!(!format!("{client:?}").contains("ss w"));
}
