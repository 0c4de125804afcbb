//! One server of Kubeflow Pipelines: how it is asked, and how its lists are read to their end.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::ops::ControlFlow;

use proofmark_http::api::{Api, ApiError, Call};
use serde::de::DeserializeOwned;

use crate::{Access, Error};

use super::info::{self, Info};

/// Where version 2 of the API is.
pub(crate) const V2: &str = "/apis/v2beta1";
/// Where version 1 is, which newer servers have as well.
pub(crate) const V1: &str = "/apis/v1beta1";
/// Entries of a page; the server gives no more.
const PAGE: usize = 200;
/// Entries of a page where that many do not fit into one answer: each carries the whole pipeline.
const SMALL_PAGE: usize = 10;
/// Requests of one question about a list, when it had to be asked in small pages, for each that would have done.
const SMALL_FOR_ONE: usize = PAGE / SMALL_PAGE;

/// One server of Kubeflow Pipelines.
#[derive(Debug)]
pub struct Pipelines {
    api: Api,
    namespace: Option<String>,
    pub(super) info: OnceCell<Info>,
    /// Ways to metrics that this server was found not to have, and why.
    pub(super) missing: Missing,
}

/// What was found out about a server while it was asked.
#[derive(Debug, Default)]
pub(super) struct Missing {
    /// Why there is no artifacts API.
    pub(super) artifacts: OnceCell<String>,
    /// Why the metadata store cannot be reached.
    pub(super) mlmd: OnceCell<String>,
}

/// One page of a list.
pub(crate) trait Page: DeserializeOwned {
    /// What it lists.
    type Item;

    /// Its entries, and the token of the next page.
    fn into_parts(self) -> (Vec<Self::Item>, Option<String>);
}

impl Pipelines {
    /// The way to a server. Nothing is sent yet.
    ///
    /// # Errors
    /// [`Error::Setting`] for certificates, proxies and namespaces that cannot be used.
    pub fn open(access: &Access, namespace: Option<&str>) -> Result<Self, Error> {
        let namespace = namespace.map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned);
        let is_name =
            |name: &String| name.len() <= 63 && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if let Some(name) = namespace.as_ref().filter(|name| !is_name(name)) {
            let why = format!("`{}` is no name of a namespace", proofmark_http::api::one_line(name, &[]));
            return Err(Error::setting("the namespace", why));
        }
        Ok(Self { api: access.api()?, namespace, info: OnceCell::new(), missing: Missing::default() })
    }

    /// The server's address, as people know it.
    pub fn title(&self) -> &str {
        self.api.address()
    }

    /// The namespace that is asked for, where one is set.
    pub fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    /// The server's version, and whether it has users; asked once.
    ///
    /// # Errors
    /// See [`Error`]. A page of a login in front of the server is [`ApiError::Strange`].
    pub fn info(&self) -> Result<&Info, Error> {
        if let Some(info) = self.info.get() {
            return Ok(info);
        }
        let info = info::ask(&self.api)?;
        Ok(self.info.get_or_init(|| info))
    }

    /// The namespace to send: none where the server has no users.
    ///
    /// # Errors
    /// [`Error::Input`] where the server needs one and none is set; else see [`Error`].
    pub fn scope(&self) -> Result<Option<&str>, Error> {
        match (self.info()?.multi_user, self.namespace()) {
            (true, None) => Err(Error::input(format!("the Kubeflow server {} has users, and no namespace is set", self.title()))
                .with_hint("set `namespace` (in [[kubeflow]] or the trigger, as --namespace, or as KF_PIPELINES_NAMESPACE) to the one whose runs are meant: mostly the profile's name")),
            (true, namespace) => Ok(namespace),
            (false, _) => Ok(None),
        }
    }

    /// How many requests were sent so far, repeated ones included.
    pub fn requests(&self) -> u32 {
        self.api.requests()
    }

    /// A new piece of work begins, with a whole budget of time: whoever waits for hours calls this before each look.
    pub fn renew_budget(&self) {
        self.api.renew_budget();
    }

    /// The requests themselves.
    pub(crate) fn api(&self) -> &Api {
        &self.api
    }

    /// An answer in JSON.
    pub(crate) fn get<T: DeserializeOwned>(&self, call: &Call) -> Result<T, Error> {
        Ok(self.api.json(call)?)
    }

    /// The same; `None` where the API itself says that there is no such thing.
    pub(crate) fn found<T: DeserializeOwned>(&self, call: &Call) -> Result<Option<T>, Error> {
        Ok(self.api.found(call)?)
    }

    /// Reads a list page by page until `take` has enough, for at most `most` pages of 200. Why there may be more is given back as
    /// a sentence fragment.
    ///
    /// A server that repeats a token, or gives an empty page and says that there is more, is not believed.
    pub(crate) fn each<P: Page>(
        &self,
        call: &Call,
        most: usize,
        mut take: impl FnMut(P::Item) -> ControlFlow<()>,
    ) -> Result<Option<String>, Error> {
        let (mut token, mut seen) = (None::<String>, BTreeSet::new());
        let (mut size, mut left) = (PAGE, most);
        let mut read = 0_usize;
        while left > 0 {
            let question = call.clone().with("page_size", &size.to_string()).with_some("page_token", token.as_deref());
            let page: P = match self.api.json(&question) {
                Err(ApiError::TooLarge { .. }) if size == PAGE => {
                    (size, left) = (SMALL_PAGE, left.saturating_mul(SMALL_FOR_ONE));
                    continue;
                }
                answer => answer?,
            };
            left -= 1;
            let (items, next) = page.into_parts();
            let is_empty = items.is_empty();
            for item in items {
                read += 1;
                if take(item).is_break() {
                    return Ok(None);
                }
            }
            match next.filter(|next| !next.is_empty()) {
                None => return Ok(None),
                Some(_) if is_empty => {
                    return Err(self.api.strange(&question, "an empty page says that there is more").into());
                }
                Some(next) if !seen.insert(next.clone()) => {
                    return Err(self.api.strange(&question, "its pages go in a circle").into());
                }
                next => token = next,
            }
        }
        Ok(Some(format!("only the first {read} of a list were looked at")))
    }
}

/// Milliseconds since 1970 of a moment in an answer. Its beginning means that there is none: so the server writes "not finished".
pub(crate) fn moment(text: &str) -> Option<i64> {
    let (whole, fraction) = match text.strip_suffix('Z')?.split_once('.') {
        Some((whole, fraction)) => (format!("{whole}Z"), fraction),
        None => (text.to_owned(), ""),
    };
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let seconds = i64::try_from(proofmark_http::epoch_seconds(&whole)?).ok()?;
    let thousandths = fraction.bytes().chain(*b"000").take(3).fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
    Some(seconds * 1000 + thousandths).filter(|time| *time > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_moment_of_all_means_none() {
        assert_eq!(moment("1970-01-01T00:00:00Z"), None);
        assert_eq!(moment("2026-01-01T00:00:05Z"), Some(1_767_225_605_000));
        assert_eq!(moment("2026-01-01T00:00:05.1299Z"), Some(1_767_225_605_129));
        assert_eq!(moment("2026-01-01T00:00:05.5Z"), Some(1_767_225_605_500));
        for text in ["", "Z", "yesterday", "2026-01-01T00:00:05", "2026-01-01T00:00:05.-1Z", "2026-01-01T00:00:05.é1Z"] {
            assert_eq!(moment(text), None, "{text}");
        }
    }
}
