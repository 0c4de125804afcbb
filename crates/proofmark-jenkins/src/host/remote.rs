//! The address of a repository, in the forms that git takes.

/// A repository on a server of GitHub's kind.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Remote {
    /// The server's name, in small letters, with its port where it has one for HTTPS: `github.com`.
    pub server: String,
    /// The repository, as `owner/name`.
    pub repository: String,
}

impl Remote {
    /// Takes `https://server/owner/name.git`, `ssh://git@server:22/owner/name`, `git@server:owner/name.git` and their like;
    /// `None` for paths, and for repositories that do not lie directly below an owner. A user and a password are dropped.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (server, path) = match text.split_once("://") {
            Some((scheme, rest)) => {
                let (authority, path) = rest.split_once('/')?;
                if authority.contains(['#', '?', '\\', ' ']) {
                    return None;
                }
                let server = authority.rsplit_once('@').map_or(authority, |(_, server)| server);
                match scheme.to_ascii_lowercase().as_str() {
                    // A port of HTTPS is the server's own.
                    "https" => (server.strip_suffix(":443").unwrap_or(server), path),
                    // Tokens are sent by HTTPS only, whose port is not known then.
                    "http" | "ssh" | "git" | "git+ssh" | "ssh+git" => (without_port(server), path),
                    _ => return None,
                }
            }
            // As scp writes it. One letter before the colon is a drive.
            None => {
                let (host, path) = text.split_once(':')?;
                let server = host.rsplit_once('@').map_or(host, |(_, server)| server);
                if server.len() < 2 || server.contains(['/', '\\']) {
                    return None;
                }
                (server, path.trim_start_matches('/'))
            }
        };
        Self::new(server, path)
    }

    /// Takes `https://server/owner/name/pull/12`, if that is the pull request's number.
    pub fn of_pull_request(text: &str, number: u64) -> Option<Self> {
        let rest = text.trim().strip_prefix("https://")?;
        let (server, path) = rest.split_once('/')?;
        let path = path.trim_end_matches('/').strip_suffix(&format!("/pull/{number}"))?;
        Self::new(server, path)
    }

    /// The address of the server's REST interface, as GitHub and GitHub Enterprise Server have it.
    pub fn api_url(&self) -> String {
        if self.server == "github.com" { "https://api.github.com".to_owned() } else { format!("https://{}/api/v3", self.server) }
    }

    fn new(server: &str, path: &str) -> Option<Self> {
        let server = match server.to_ascii_lowercase().as_str() {
            // Its SSH by way of the port of HTTPS.
            "ssh.github.com" | "www.github.com" => "github.com".to_owned(),
            other => other.to_owned(),
        };
        let path = path.trim_end_matches('/');
        let path = path.strip_suffix(".git").unwrap_or(path);
        let (owner, name) = path.split_once('/')?;
        let plain = |part: &str| {
            let letters = part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
            letters && !part.is_empty() && part.len() <= 100 && !matches!(part, "." | "..")
        };
        let is_server = {
            let (host, port) = server.split_once(':').unwrap_or((&server, "443"));
            plain(host) && port.parse::<u16>().is_ok()
        };
        (is_server && plain(owner) && plain(name)).then(|| Self { server, repository: format!("{owner}/{name}") })
    }
}

fn without_port(server: &str) -> &str {
    server.split_once(':').map_or(server, |(host, _)| host)
}
