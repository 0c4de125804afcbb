use super::*;

fn access(variables: &[(&str, &str)], home: Option<&Path>) -> Result<Access, Error> {
    let var = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
    Access::from_environment(&var, home, "test/1", 7)
}

fn shown(access: Result<Access, Error>) -> String {
    match access.expect("good settings").credentials {
        Some(Credentials::Basic(name, password)) => format!("basic {name} {}", password.expose()),
        Some(Credentials::Bearer(token)) => format!("bearer {}", token.expose()),
        None => "nobody".to_owned(),
    }
}

const NAME: &str = "MLFLOW_TRACKING_USERNAME";
const PASSWORD: &str = "MLFLOW_TRACKING_PASSWORD";
const TOKEN: &str = "MLFLOW_TRACKING_TOKEN";

#[test]
fn a_name_and_password_win_over_a_token() {
    assert_eq!(shown(access(&[], None)), "nobody");
    assert_eq!(shown(access(&[(TOKEN, " abc\n")], None)), "bearer abc");
    assert_eq!(shown(access(&[(TOKEN, "abc"), (NAME, "joe"), (PASSWORD, " p w ü")], None)), "basic joe  p w ü");
    assert_eq!(shown(access(&[(TOKEN, "abc"), (NAME, "joe")], None)), "bearer abc");
    assert_eq!(shown(access(&[(NAME, "joe"), (PASSWORD, "")], None)), "nobody");
    let error = access(&[(TOKEN, "abc def")], None).expect_err("a broken token").to_string();
    assert!(error.starts_with(TOKEN) && !error.contains("abc"), "{error}");
}

#[test]
fn the_environment_wins_over_the_file_value_by_value() {
    let home = tempfile::tempdir().expect("a folder");
    let at = Some(home.path());
    assert_eq!(shown(access(&[], at)), "nobody");
    std::fs::create_dir(home.path().join(".mlflow")).expect("a folder");
    let file =
        "[other]\nmlflow_tracking_username = eve\n[mlflow]\n# x = y\nMLFLOW_tracking_username: ann\nmlflow_tracking_password = a=b:c \n";
    std::fs::write(home.path().join(".mlflow/credentials"), file).expect("a file");
    assert_eq!(shown(access(&[], at)), "basic ann a=b:c");
    assert_eq!(shown(access(&[(NAME, "joe")], at)), "basic joe a=b:c");
    assert_eq!(shown(access(&[(PASSWORD, "pw")], at)), "basic ann pw");
    assert_eq!(shown(access(&[(TOKEN, "abc")], at)), "basic ann a=b:c");
    std::fs::write(home.path().join(".mlflow/credentials"), vec![b'x'; 100_000]).expect("a file");
    assert!(access(&[], at).is_err());
    assert_eq!(shown(access(&[(NAME, "joe"), (PASSWORD, "pw")], at)), "basic joe pw");
}

#[test]
fn certificates() {
    let read = |variables: &[(&str, &str)]| access(variables, None);
    let both = [("MLFLOW_TRACKING_INSECURE_TLS", "TRUE"), ("MLFLOW_TRACKING_SERVER_CERT_PATH", "ca.pem")];
    assert!(read(&both).is_err_and(|error| error.to_string().contains("only one of them")));
    assert!(read(&both[..1]).is_ok_and(|access| access.insecure && access.authorities.is_none()));
    let bundle = ("REQUESTS_CA_BUNDLE", "other.pem");
    assert!(read(&[both[1], bundle]).is_ok_and(|access| access.authorities == Some("ca.pem".into())));
    assert!(read(&[bundle]).is_ok_and(|access| access.authorities == Some("other.pem".into())));
    assert!(read(&[both[0], bundle]).is_ok_and(|access| access.authorities.is_none()));
    assert!(read(&[("MLFLOW_TRACKING_CLIENT_CERT_PATH", "me.pem")]).is_ok_and(|access| access.identity == Some("me.pem".into())));
    assert!(read(&[("MLFLOW_TRACKING_INSECURE_TLS", "yes")]).is_err());
}

#[test]
fn time_and_tries() {
    let budget = |variables: &[(&str, &str)]| {
        access(variables, None).map(|access| (access.timeout.as_secs(), access.budget.total.as_secs(), access.budget.attempts))
    };
    assert_eq!(budget(&[]), Ok((60, 120, 5)));
    assert_eq!(budget(&[("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0"), ("MLFLOW_HTTP_REQUEST_TIMEOUT", " 300 ")]), Ok((300, 300, 1)));
    assert_eq!(budget(&[("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "10"), ("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")]), Ok((1, 120, 11)));
    for (name, value) in [
        ("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "11"),
        ("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "-1"),
        ("MLFLOW_HTTP_REQUEST_TIMEOUT", "0"),
        ("MLFLOW_HTTP_REQUEST_TIMEOUT", "1.5"),
        ("MLFLOW_HTTP_REQUEST_TIMEOUT", "soon"),
    ] {
        assert!(budget(&[(name, value)]).is_err_and(|error| error.to_string().starts_with(name)), "{name}={value}");
    }
}

#[test]
fn the_rest() {
    let read = access(&[("MLFLOW_WORKSPACE", " team "), ("https_proxy", "http://p:1"), ("NO_PROXY", "x")], None).expect("good settings");
    assert_eq!(read.workspace.as_deref(), Some("team"));
    assert_eq!(read.proxies, [("https_proxy".to_owned(), "http://p:1".to_owned()), ("NO_PROXY".to_owned(), "x".to_owned())]);
    assert!(access(&[("MLFLOW_WORKSPACE", "a\r\nb: c")], None).is_err());
    for plugin in [("MLFLOW_TRACKING_AWS_SIGV4", "1"), ("MLFLOW_TRACKING_AUTH", "kubernetes")] {
        assert!(matches!(access(&[plugin], None), Err(Error::Unsupported { .. })), "{plugin:?}");
    }
    assert!(access(&[("MLFLOW_TRACKING_AWS_SIGV4", "false"), ("MLFLOW_TRACKING_AUTH", "")], None).is_ok());
}

#[test]
fn nothing_shows_a_secret() {
    let home = tempfile::tempdir().expect("a folder");
    let read = access(&[(NAME, "joe"), (PASSWORD, "hunter22")], Some(home.path())).expect("good settings");
    assert!(!format!("{read:?} {read:#?}").contains("hunter"));
}
