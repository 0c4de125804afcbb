use super::*;

fn place(uri: &str) -> Result<Location, Error> {
    Location::parse(uri, Path::new("/srv"))
}

#[test]
fn addresses_of_servers() {
    for (uri, address) in [
        ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
        (" https://mlflow.corp/team/ml//\n", "https://mlflow.corp/team/ml"),
        ("HTTPS://mlflow.corp", "https://mlflow.corp"),
        ("http://joe:p%40ss@host:5000/x", "http://host:5000/x"),
        ("http://joe:p@ss@host", "http://host"),
        ("http://[::1]:5000/", "http://[::1]:5000"),
    ] {
        assert_eq!(place(uri), Ok(Location::Server(address.to_owned())), "{uri}");
    }
    for uri in ["http:", "http://", "http:///x", "http://h/#/experiments/1", "http://h?x=1", "http://a b", "http://h:99999", "http://u:p@"]
    {
        let error = place(uri).expect_err(uri).to_string();
        assert!(error.starts_with("MLFLOW_TRACKING_URI: "), "{error}");
    }
}

#[test]
fn paths_of_databases() {
    for (uri, path) in [
        ("sqlite:///mlflow.db", "/srv/mlflow.db"),
        ("sqlite:////var/lib/mlflow.db", "/var/lib/mlflow.db"),
        ("sqlite:///a b/%41.db?timeout=30&cache=shared", "/srv/a b/%41.db"),
        ("sqlite+pysqlite:///x.db", "/srv/x.db"),
        ("sqlite:///file:x.db?mode=ro&uri=true", "/srv/x.db"),
    ] {
        assert_eq!(place(uri), Ok(Location::Database(path.into())), "{uri}");
    }
    for uri in ["sqlite:", "sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:x.db", "sqlite://host/x.db", "sqlite:///?x=1"] {
        assert!(matches!(place(uri), Err(Error::Setting { .. })), "{uri}");
    }
}

#[test]
fn paths_of_folders() {
    for (uri, path) in [
        ("mlruns", "/srv/mlruns"),
        ("./a b", "/srv/./a b"),
        ("/abs/mlruns", "/abs/mlruns"),
        ("file:///abs/my%20runs", "/abs/my runs"),
        ("file:/abs", "/abs"),
        ("file:rel/x", "/srv/rel/x"),
        ("file://localhost/abs", "/abs"),
        ("file:///C:/runs", "/srv/C:/runs"),
        (r"C:\runs", r"/srv/C:\runs"),
        ("100%", "/srv/100%"),
        ("a%zz", "/srv/a%zz"),
    ] {
        assert_eq!(place(uri), Ok(Location::Folder(path.into())), "{uri}");
    }
    for uri in ["file:", "file://", "file://host/x", "a%ff", "a%00", "", "  ", "a\u{1b}b"] {
        assert!(matches!(place(uri), Err(Error::Setting { .. })), "{uri:?}");
    }
}

#[test]
fn what_only_a_server_opens() {
    for uri in [
        "databricks",
        "databricks://profile",
        "databricks-uc",
        "uc:http://h",
        "postgresql://joe:hunter22@db/x",
        "postgresql+psycopg2://db",
        "mysql+pymysql://db/x",
        "mssql+pyodbc:///?x",
    ] {
        let error = place(uri).expect_err(uri);
        assert!(matches!(error, Error::Unsupported { .. }) && error.hint().is_some(), "{uri}: {error}");
        assert!(!error.to_string().contains("hunter22"));
    }
    for uri in ["ftp://h/x", "s3://bucket", "azureml:x", "http+unix://x"] {
        let told = place(uri).map(|place| format!("{place:?}")).unwrap_or_else(|error| error.to_string());
        assert!(told.contains("no place that is known"), "{uri}: {told}");
    }
}

#[test]
fn credentials_of_an_address() {
    let info = |uri| match user_info(uri) {
        Some(Credentials::Basic(name, password)) => Some(format!("{name} {}", password.expose())),
        _ => None,
    };
    assert_eq!(info("http://joe:p%40%20s@host/x").as_deref(), Some("joe p@ s"));
    assert_eq!(info("https://joe:a:b@c@host").as_deref(), Some("joe a:b@c"));
    for uri in
        ["http://host/a:b@c", "http://host", "http://joe@host", "sqlite:///a:b@c", "mlruns", "postgresql://a:b@c", "http:a:b@c", "é:b@c"]
    {
        assert_eq!(info(uri), None, "{uri}");
    }
}

#[test]
fn the_place_where_none_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    assert!(default(at).is_err_and(|error| error.to_string().contains("it is not set")));
    // What a SQLite store leaves beside its database: artifacts.
    fs::create_dir_all(at.join("mlruns/0/run/artifacts")).expect("folders");
    assert!(default(at).is_err());
    fs::write(at.join(DATABASE), "").expect("a file");
    assert_eq!(default(at), Ok(Location::Database(at.join(DATABASE))));
    fs::write(at.join("mlruns/0/meta.yaml"), "").expect("a file");
    assert_eq!(default(at), Ok(Location::Folder(at.join(FOLDER))));
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_without_a_panic(uri in r"((http|https|sqlite|file|mysql|x)(\+x)?:)?/{0,4}\PC*") {
        let _ = (place(&uri), user_info(&uri));
    }
}
