//! kubeconfig files: the current context, its cluster and its user.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proofmark_core::document::{Format, parse};
use proofmark_core::value::Value;
use proofmark_http::api::pem_file;

use super::access::token_of;
use crate::{Credentials, Error};

/// A kubeconfig is not larger.
const LARGEST: u64 = 4 << 20;

/// What the current context says.
pub(super) struct Context {
    pub(super) server: String,
    pub(super) authorities: Option<Vec<u8>>,
    pub(super) insecure: bool,
    /// A certificate and its key, as PEM.
    pub(super) identity: Option<Vec<u8>>,
    pub(super) credentials: Credentials,
    pub(super) proxy: Option<String>,
    pub(super) namespace: Option<String>,
    /// Which file and which context.
    pub(super) origin: String,
}

/// One file: paths in it are relative to its folder.
struct File {
    path: PathBuf,
    root: Value,
}

/// A named part of a file.
struct Part<'a> {
    file: &'a File,
    value: &'a Value,
}

/// Reads the files; those that are not there are skipped, as kubectl does.
pub(super) fn read(paths: &[PathBuf]) -> Result<Context, Error> {
    let mut files = Vec::new();
    for path in paths {
        files.extend(load(path)?);
    }
    let shown = paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
    let wrong = |why: String| Error::setting(format!("the kubeconfig {shown}"), why);
    if files.is_empty() {
        return Err(wrong("no such file".to_owned()));
    }
    let current = files.iter().find_map(|file| text(&file.root, "current-context"));
    let current = current.ok_or_else(|| wrong("it has no current-context".to_owned()))?;
    let context = named(&files, "contexts", "context", current).ok_or_else(|| wrong(format!("it has no context `{current}`")))?;
    let name = text(context.value, "cluster").ok_or_else(|| wrong(format!("the context `{current}` names no cluster")))?;
    let cluster = named(&files, "clusters", "cluster", name).ok_or_else(|| wrong(format!("it has no cluster `{name}`")))?;
    let user = match text(context.value, "user") {
        Some(name) => Some(named(&files, "users", "user", name).ok_or_else(|| wrong(format!("it has no user `{name}`")))?),
        None => None,
    };
    let server = text(cluster.value, "server").ok_or_else(|| wrong(format!("the cluster `{name}` has no server")))?;
    if text(cluster.value, "tls-server-name").is_some() {
        return Err(wrong(format!("the cluster `{name}` has a tls-server-name, which is not supported")));
    }
    let insecure = cluster.value.as_map().and_then(|map| map.get("insecure-skip-tls-verify")) == Some(&Value::Bool(true));
    let (identity, credentials) = match &user {
        Some(user) => (identity(user)?, credentials(user)?),
        None => (None, Credentials::Nobody),
    };
    Ok(Context {
        server: server.to_owned(),
        authorities: bytes(&cluster, "certificate-authority")?,
        insecure,
        identity,
        credentials,
        proxy: text(cluster.value, "proxy-url").map(str::to_owned),
        namespace: text(context.value, "namespace").map(str::to_owned),
        origin: format!("the context `{current}` of {}", context.file.path.display()),
    })
}

fn load(path: &Path) -> Result<Option<File>, Error> {
    let wrong = |why: String| Error::setting(format!("the kubeconfig {}", path.display()), why);
    match std::fs::metadata(path) {
        Ok(found) if found.is_file() && found.len() <= LARGEST => {}
        Ok(_) => return Err(wrong("it is no file, or too large".to_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(wrong(format!("it cannot be read: {}", error.kind()))),
    }
    let bytes = std::fs::read(path).map_err(|error| wrong(format!("it cannot be read: {}", error.kind())))?;
    // What is wrong with it is told by its place alone: the words of a parser may quote a token.
    let root = parse(Format::Yaml, &bytes).map_err(|error| match error.position {
        Some(at) => wrong(format!("it is no YAML: see line {}", at.line)),
        None => wrong("it is no YAML".to_owned()),
    })?;
    Ok(Some(File { path: path.to_owned(), root }))
}

/// An entry of a list of names, in the first file that has it.
fn named<'a>(files: &'a [File], list: &str, inside: &str, name: &str) -> Option<Part<'a>> {
    files.iter().find_map(|file| {
        let entries = file.root.as_map()?.get(list)?.as_list()?;
        let entry = entries.iter().find(|entry| text(entry, "name") == Some(name))?;
        Some(Part { file, value: entry.as_map()?.get(inside)? })
    })
}

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.as_map()?.get(name)?.as_text().filter(|text| !text.trim().is_empty())
}

impl Part<'_> {
    /// A path, from the folder of its file.
    fn path(&self, name: &str) -> Option<PathBuf> {
        let path = Path::new(text(self.value, name)?);
        Some(self.file.path.parent().map_or_else(|| path.to_owned(), |folder| folder.join(path)))
    }

    fn wrong(&self, why: impl Into<String>) -> Error {
        Error::setting(format!("the kubeconfig {}", self.file.path.display()), why)
    }
}

/// A file's bytes: those that stand here in base64 come first.
fn bytes(part: &Part<'_>, name: &str) -> Result<Option<Vec<u8>>, Error> {
    let inline = format!("{name}-data");
    if let Some(data) = text(part.value, &inline) {
        let compact: String = data.split_whitespace().collect();
        return STANDARD.decode(compact).map(Some).map_err(|_| part.wrong(format!("{inline} is no base64")));
    }
    Ok(part.path(name).map(|path| pem_file(&path, name)).transpose()?)
}

fn identity(user: &Part<'_>) -> Result<Option<Vec<u8>>, Error> {
    match (bytes(user, "client-certificate")?, bytes(user, "client-key")?) {
        (Some(mut certificate), Some(key)) => {
            certificate.push(b'\n');
            certificate.extend(key);
            Ok(Some(certificate))
        }
        (None, None) => Ok(None),
        _ => Err(user.wrong("a client certificate needs both client-certificate and client-key")),
    }
}

fn credentials(user: &Part<'_>) -> Result<Credentials, Error> {
    let has = |name: &str| user.value.as_map().is_some_and(|map| map.get(name).is_some_and(|value| *value != Value::Null));
    if has("exec") || has("auth-provider") {
        let program = user.value.as_map().and_then(|map| map.get("exec")).and_then(|exec| text(exec, "command"));
        let program = program.map_or_else(String::new, |name| format!(" (`{}`)", proofmark_http::api::one_line(name, &[])));
        return Err(user
            .wrong(format!("its user gets a token from another program{program}, and no program is started"))
            .advised("put a token into KUBE_TOKEN, with KUBE_API_SERVER and KUBE_CA_CERT, for instance from `kubectl create token NAME`"));
    }
    if let Some(name) = ["as", "as-uid", "as-groups", "as-user-extra"].into_iter().find(|name| has(name)) {
        return Err(user.wrong(format!("its user acts as somebody else (`{name}`), which is not supported")));
    }
    if has("username") || has("password") {
        return Err(user.wrong("its user has a password, which Kubernetes does not take any more"));
    }
    // The file is renewed, and kubectl prefers it too.
    if let Some(path) = user.path("tokenFile") {
        return Ok(Credentials::TokenFile(path));
    }
    match text(user.value, "token") {
        Some(token) => Ok(Credentials::Token(token_of(token, "the kubeconfig's token")?)),
        None => Ok(Credentials::Nobody),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = "
apiVersion: v1
kind: Config
current-context: prod
contexts:
- name: prod
  context: {cluster: c, user: u, namespace: team-a}
clusters:
- name: c
  cluster: {server: 'https://k8s.example.com:6443', certificate-authority-data: YWJj}
users:
- name: u
  user: {token: s3cret}
";

    fn with(texts: &[&str]) -> (tempfile::TempDir, Result<Context, Error>) {
        let folder = tempfile::tempdir().expect("a folder");
        let paths: Vec<PathBuf> = texts
            .iter()
            .enumerate()
            .map(|(number, text)| {
                let path = folder.path().join(format!("config-{number}"));
                std::fs::write(&path, text).expect("written");
                path
            })
            .collect();
        let read = read(&paths);
        (folder, read)
    }

    fn refused(text: &str) -> Error {
        match with(&[text]).1 {
            Ok(_) => panic!("taken: {text}"),
            Err(error) => error,
        }
    }

    #[test]
    fn the_current_context() {
        let (_folder, context) = with(&[PLAIN]);
        let context = context.expect("a context");
        assert_eq!((context.server.as_str(), context.namespace.as_deref()), ("https://k8s.example.com:6443", Some("team-a")));
        assert_eq!((context.authorities.as_deref(), context.insecure), (Some(&b"abc"[..]), false));
        assert!(matches!(context.credentials, Credentials::Token(token) if token.0.expose() == "s3cret"));
    }

    #[test]
    fn earlier_files_count_and_missing_ones_are_skipped() {
        let (folder, _) = with(&["current-context: prod\nusers:\n- name: u\n  user: {tokenFile: here/token, token: x}\n", PLAIN]);
        let paths = ["config-none", "config-0", "config-1"].map(|name| folder.path().join(name));
        let context = read(&paths).expect("a context");
        assert_eq!(context.credentials, Credentials::TokenFile(folder.path().join("here/token")));
        assert!(read(&paths[..1]).is_err_and(|error| error.to_string().contains("no such file")));
    }

    #[test]
    fn certificates_of_our_own() {
        let text = PLAIN.replace("{token: s3cret}", "{client-certificate-data: QQ==, client-key-data: Qg==}");
        assert_eq!(with(&[&text]).1.expect("a context").identity.as_deref(), Some(&b"A\nB"[..]));
        assert!(refused(&PLAIN.replace("{token: s3cret}", "{client-certificate-data: QQ==}")).to_string().contains("client-key"));
    }

    #[test]
    fn what_is_refused_says_why_and_no_secret() {
        let cases = [
            ("{token: s3cret}", "{exec: {command: aws}}", "another program (`aws`)"),
            ("{token: s3cret}", "{auth-provider: {name: gcp}}", "another program"),
            ("{token: s3cret}", "{username: a, password: s3cret}", "password"),
            ("{token: s3cret}", "{token: s3cret, as: admin}", "somebody else"),
            ("{token: s3cret}", "{token: 's3 cret'}", "white space"),
            ("certificate-authority-data: YWJj", "certificate-authority-data: '?'", "no base64"),
            ("certificate-authority-data: YWJj", "tls-server-name: x", "tls-server-name"),
            ("current-context: prod", "current-context: other", "no context `other`"),
            ("current-context: prod", "", "no current-context"),
            ("- name: c", "- name: d", "no cluster `c`"),
            ("- name: u", "- name: v", "no user `u`"),
            ("users:", "users: [", "no YAML"),
        ];
        for (old, new, expected) in cases {
            let error = refused(&PLAIN.replace(old, new)).to_string();
            assert!(error.contains(expected) && !error.contains("cret"), "{new}: {error}");
        }
        assert!(
            refused(&PLAIN.replace("{token: s3cret}", "{exec: {command: aws}}")).hint().is_some_and(|hint| hint.contains("KUBE_TOKEN"))
        );
    }
}
