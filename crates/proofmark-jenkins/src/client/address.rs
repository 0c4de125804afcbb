//! Where Jenkins is, and where a job is below it.

use std::fmt;

/// The configured address of a Jenkins: `https://host/jenkins`.
///
/// What Jenkins says of its own address comes from the administrator's settings or from a proxy, and may name a host that
/// cannot be reached from here; only this one is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// Without the slash at the end.
    address: String,
    /// Where the path begins in it.
    path: usize,
}

impl Base {
    /// An address with `http` or `https`, a host, and perhaps a context path.
    ///
    /// # Errors
    /// What is wrong with it, without the address itself, which may hold a password.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        let (scheme, rest) = text.split_once("://").ok_or("it does not begin with `https://` or `http://`")?;
        let scheme = scheme.to_ascii_lowercase();
        if scheme != "http" && scheme != "https" {
            return Err("it does not begin with `https://` or `http://`");
        }
        if rest.contains(['?', '#']) || rest.chars().any(|letter| letter.is_whitespace() || letter.is_control()) {
            return Err("it holds more than a host and a path");
        }
        let host = rest.split('/').next().unwrap_or_default();
        if host.contains('@') {
            return Err("it holds a user name; set JENKINS_USER_ID and JENKINS_API_TOKEN instead");
        }
        if host.is_empty() || format!("{scheme}://{host}/").parse::<http::Uri>().is_err() {
            return Err("it has no host");
        }
        let path = rest.get(host.len()..).unwrap_or_default().trim_end_matches('/');
        if path.split('/').any(|part| matches!(part, "." | "..")) || !path.is_ascii() {
            return Err("its path cannot be used");
        }
        let start = format!("{scheme}://{}", host.to_ascii_lowercase());
        Ok(Self { address: format!("{start}{path}"), path: start.len() })
    }

    /// The address, without a slash at the end.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The context path, without a slash at the end.
    fn path(&self) -> &str {
        self.address.get(self.path..).unwrap_or_default()
    }

    /// The number of the queue item that this address names, wherever it says that Jenkins is.
    pub(super) fn queue_item(address: &str) -> Option<u64> {
        let (_, rest) = address.rsplit_once("queue/item/")?;
        let digits = rest.split('/').next()?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
    }

    /// The job that this address of Jenkins' own is of.
    pub(super) fn job_of(&self, address: &str) -> Option<JobPath> {
        let path = match address.split_once("://") {
            Some((_, rest)) => rest.split_once('/')?.1,
            None => address,
        };
        // Behind a proxy Jenkins' context path need not be the one that we see.
        let path = format!("/{}", path.trim_start_matches('/'));
        let below = path.strip_prefix(&format!("{}/", self.path())).unwrap_or(path.trim_start_matches('/'));
        let start = if below.starts_with("job/") { 0 } else { below.find("/job/")? + 1 };
        JobPath::of_parts(below.get(start..)?, true)
    }
}

impl fmt::Display for Base {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.address)
    }
}

/// A job by the names of its folders and its own, as Jenkins stores them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobPath(Vec<String>);

/// What a multibranch project stores percent-encoded in the names of its jobs: what ends a segment of an address.
const ENCODED_IN_NAMES: &str = "#%/?[]\\";

impl JobPath {
    /// What was typed: `folder/sub folder/job`, or the full address of a job below the base.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str, base: &Base) -> Result<Self, String> {
        if !text.contains("://") {
            let names: Vec<String> = text.trim_matches('/').split('/').map(str::to_owned).collect();
            return Self::of_names(names).ok_or_else(|| "a job is `NAME` or `FOLDER/NAME`".to_owned());
        }
        let lower = |text: &str| {
            text.split_once("://").map(|(scheme, rest)| {
                let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                format!("{}://{}{path}", scheme.to_ascii_lowercase(), host.to_ascii_lowercase())
            })
        };
        let address = lower(text.trim()).unwrap_or_default();
        let below = address.strip_prefix(base.address()).and_then(|rest| rest.strip_prefix('/'));
        let below = below.ok_or_else(|| format!("it is not below the server `{base}`"))?;
        Self::of_parts(below, false).ok_or_else(|| "it is not the address of a job".to_owned())
    }

    /// The names that a path of an address consists of, views left out: `job/a/view/b/job/c/`.
    fn of_parts(path: &str, more: bool) -> Option<Self> {
        let mut parts = path.split('/').filter(|part| !part.is_empty());
        let mut names = Vec::new();
        while let Some(kind) = parts.next() {
            match kind {
                "job" => names.push(decoded(parts.next()?)?),
                "view" => drop(parts.next()?),
                _ if more => break,
                _ => return None,
            }
        }
        Self::of_names(names)
    }

    fn of_names(names: Vec<String>) -> Option<Self> {
        let bad = |name: &String| matches!(name.as_str(), "" | "." | "..") || name.contains('/') || name.chars().any(char::is_control);
        (!names.is_empty() && !names.iter().any(bad)).then_some(Self(names))
    }

    /// The job that a multibranch project has for a branch, by the usual name.
    pub(super) fn branch(&self, branch: &str) -> Self {
        let mut stored = String::with_capacity(branch.len());
        for letter in branch.chars() {
            if ENCODED_IN_NAMES.contains(letter) {
                stored.push_str(&escaped(letter.encode_utf8(&mut [0; 4])));
            } else {
                stored.push(letter);
            }
        }
        self.child(&stored)
    }

    /// A job inside of this one.
    pub(super) fn child(&self, name: &str) -> Self {
        Self(self.0.iter().cloned().chain([name.to_owned()]).collect())
    }

    /// The folder that it is in; `None` for Jenkins itself.
    pub(super) fn folder(&self) -> Option<Self> {
        let (_, folders) = self.0.split_last()?;
        (!folders.is_empty()).then(|| Self(folders.to_vec()))
    }

    /// The path below the base: `/job/a/job/b`.
    pub(super) fn path(&self) -> String {
        self.0.iter().map(|name| format!("/job/{}", escaped(name))).collect()
    }
}

impl fmt::Display for JobPath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0.join("/"))
    }
}

/// A text as part of a path, or as a name or value of a form.
pub(super) use proofmark_http::api::escaped;

/// Percent codes taken off once; `None` for what is no UTF-8 then.
pub(super) fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        match (first, tail) {
            (b'%', [high, low, after @ ..]) if digit(*high).is_some() && digit(*low).is_some() => {
                bytes.push(digit(*high)? * 16 + digit(*low)?);
                rest = after;
            }
            _ => bytes.push(*first),
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn base(text: &str) -> Base {
        Base::parse(text).expect("an address")
    }

    #[test]
    fn addresses_of_servers() {
        assert_eq!(base(" HTTPS://CI.example:8443/Jenkins// ").address(), "https://ci.example:8443/Jenkins");
        assert_eq!((base("http://h/").address(), base("http://h").path(), base("http://[::1]:80/j").path()), ("http://h", "", "/j"));
        for text in [
            "",
            "ci.example",
            "ftp://h",
            "http://",
            "http:///x",
            "http://a:b@h/",
            "http://h/?a",
            "http://h/#",
            "http://h/../x",
            "http://h h/",
        ] {
            assert!(Base::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn names_are_encoded_once() {
        let base = base("https://h/jenkins");
        let path = |text: &str| JobPath::parse(text, &base).map(|job| job.path());
        assert_eq!(path("ml/nlp team/train").as_deref(), Ok("/job/ml/job/nlp%20team/job/train"));
        assert_eq!(path("/a/").as_deref(), Ok("/job/a"));
        assert_eq!(path("repo/feature%2Fx").as_deref(), Ok("/job/repo/job/feature%252Fx"), "as JOB_NAME has it");
        assert_eq!(path("größe").as_deref(), Ok("/job/gr%C3%B6%C3%9Fe"));
        for text in ["", "/", "a//b", "a/../b", ".", "a\nb"] {
            assert!(path(text).is_err(), "{text}");
        }
    }

    #[test]
    fn branches_are_stored_encoded_and_sent_encoded_twice() {
        let project = JobPath::parse("repo", &base("https://h")).expect("a job");
        assert_eq!(project.branch("feature/x").path(), "/job/repo/job/feature%252Fx");
        assert_eq!(project.branch("PR-12").path(), "/job/repo/job/PR-12");
        assert_eq!(project.branch("50%+[x] y").to_string(), "repo/50%25+%5Bx%5D y");
    }

    #[test]
    fn full_addresses_lie_below_the_base() {
        let base = base("https://h/jenkins");
        let of = |text: &str| JobPath::parse(text, &base).map(|job| job.to_string());
        assert_eq!(of("https://H/jenkins/job/a/job/b%20c/").as_deref(), Ok("a/b c"));
        assert_eq!(of("https://h/jenkins/view/All/job/a/view/x/job/b").as_deref(), Ok("a/b"));
        assert_eq!(of("https://h/jenkins/job/repo/job/feature%252Fx/").as_deref(), Ok("repo/feature%2Fx"));
        for text in [
            "https://h/job/a",
            "https://h/jenkinsx/job/a",
            "http://h/jenkins/job/a",
            "https://evil/jenkins/job/a",
            "https://h/jenkins/",
            "https://h/jenkins/job/a/12/",
            "https://h/jenkins/job/a%2Fb",
            "https://h/jenkins/job/%2e%2e/job/a",
        ] {
            assert!(of(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_jenkins_says_is_read_wherever_it_says_it_is() {
        for base_at in ["https://h/jenkins", "https://h"] {
            let base = base(base_at);
            for text in [
                "http://inside:8080/jenkins/job/a/job/b%252Fc/",
                "http://inside/job/a/job/b%252Fc/12/",
                "job/a/job/b%252Fc",
                "/jenkins/job/a/job/b%252Fc/",
            ] {
                assert_eq!(base.job_of(text).map(|job| job.to_string()).as_deref(), Some("a/b%2Fc"), "{base_at} {text}");
            }
        }
        assert_eq!(base("https://h").job_of("https://h/queue/item/3/"), None);
        assert_eq!(Base::queue_item("http://x/jenkins/queue/item/9007199254740993/"), Some(9_007_199_254_740_993));
        assert_eq!(Base::queue_item("queue/item/7"), Some(7));
        for text in ["", "/queue/item/", "/queue/item/x", "/job/a/12/", "/queue/item/99999999999999999999999"] {
            assert_eq!(Base::queue_item(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_harm(text in ".*") {
            let base = base("https://h/jenkins");
            let _ = Base::parse(&text);
            let _ = Base::queue_item(&text);
            let _ = base.job_of(&text);
            if let Ok(job) = JobPath::parse(&text, &base) {
                prop_assert_eq!(base.job_of(&format!("{base}{}", job.path())), Some(job));
            }
        }
    }
}
