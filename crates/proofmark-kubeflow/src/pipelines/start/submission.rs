//! What is started, and the mark by which it is known.

use std::collections::BTreeMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};

use proofmark_http::api::one_line;
use serde_json::Value;

use crate::Error;
use crate::pipelines::catalog::Version;
use crate::pipelines::run::Run;
use crate::spec::Spec;

/// Letters of a run's name at most. Servers take 255, and pages show fewer.
const LONGEST_RUN_NAME: usize = 200;
/// Letters of a key at most.
const LONGEST_KEY: usize = 100;
/// Bytes of other names at most; the server counts bytes.
const LONGEST_NAME: usize = 127;

/// What is to be started.
#[derive(Debug, Clone, PartialEq)]
pub struct Submission {
    /// The pipeline.
    pub pipeline: Source,
    /// The run's name, for people. The key is put behind it.
    pub name: String,
    /// What this start is known by: two starts with the same key are one run.
    pub key: String,
    /// The name of the experiment; made where it is not there. Without one it is the server's usual one.
    pub experiment: Option<String>,
    /// The parameters, by name; they are checked before anything is sent.
    pub parameters: BTreeMap<String, Value>,
    /// The service account of the run's pods; the server's usual one where none is named.
    pub service_account: Option<String>,
    /// Where artifacts are kept; the server's usual place where none is named.
    pub pipeline_root: Option<String>,
    /// Whether results of earlier runs may stand in for tasks; as the pipeline says where this does not.
    pub caching: Option<bool>,
}

/// What a run is a run of.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// A version of a pipeline that was uploaded.
    Version(Version),
    /// A compiled pipeline that goes with the request.
    Spec(Box<Spec>),
}

impl Submission {
    /// A run with nothing but what it needs.
    pub fn new(pipeline: Source, name: impl Into<String>, key: impl Into<String>) -> Self {
        Self {
            pipeline,
            name: name.into(),
            key: key.into(),
            experiment: None,
            parameters: BTreeMap::new(),
            service_account: None,
            pipeline_root: None,
            caching: None,
        }
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        check_key(&self.key)?;
        for (what, text) in [("the service account", &self.service_account), ("the pipeline root", &self.pipeline_root)] {
            if text.as_ref().is_some_and(|text| text.trim().is_empty() || text.chars().any(char::is_control)) {
                return Err(Error::input(format!("{what} is empty, or holds a control character")));
            }
        }
        Ok(())
    }
}

/// Keys are looked for by a filter that is decoded twice, in a database with patterns: nothing in them may mean anything there.
pub(super) fn check_key(key: &str) -> Result<(), Error> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b':');
    if key.is_empty() || key.len() > LONGEST_KEY || !key.bytes().all(is_plain) {
        let message = format!("the key `{}` is not 1 to {LONGEST_KEY} letters, digits and `-._:`", one_line(key, &[]));
        return Err(Error::input(message));
    }
    Ok(())
}

/// What the server takes as the name of an experiment.
pub(super) fn check_name(what: &str, name: &str) -> Result<(), Error> {
    if name.trim().is_empty() || name.chars().any(char::is_control) {
        return Err(Error::input(format!("{what} is empty, or holds a control character")));
    }
    if name.len() > LONGEST_NAME {
        return Err(Error::input(format!("{what} is longer than {LONGEST_NAME} bytes")));
    }
    Ok(())
}

/// Whether a run's name carries a key: in brackets, at its end.
pub fn carries(name: &str, key: &str) -> bool {
    name.strip_suffix(']')
        .and_then(|rest| rest.strip_suffix(key))
        .and_then(|rest| rest.strip_suffix('['))
        .is_some_and(|before| before.is_empty() || before.ends_with(' '))
}

/// How a start is written on its run.
#[derive(Debug)]
pub(super) struct Mark {
    /// The run's name.
    pub(super) name: String,
    /// The run's description; it tells this start from another one with the same key.
    pub(super) description: String,
}

impl Mark {
    pub(super) fn new(submission: &Submission) -> Self {
        // Each process has its own keys for hashes, which is all the chance that is needed.
        let nonce = RandomState::new().build_hasher().finish();
        let key = &submission.key;
        let words: Vec<&str> =
            submission.name.split(|letter: char| letter.is_whitespace() || letter.is_control()).filter(|word| !word.is_empty()).collect();
        let (words, room) = (words.join(" "), LONGEST_RUN_NAME.saturating_sub(key.len() + 3));
        let name = if words.chars().count() > room {
            let cut: String = words.chars().take(room.saturating_sub(1)).collect();
            format!("{}… [{key}]", cut.trim_end())
        } else {
            format!("{words} [{key}]").trim_start().to_owned()
        };
        Self { name, description: format!("Started by proofmark with the key {key}, start {nonce:016x}.") }
    }

    /// Whether this start made the run.
    pub(super) fn is_on(&self, run: &Run) -> bool {
        run.name == self.name && run.description == self.description
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn submission(name: &str, key: &str) -> Submission {
        let spec = Spec::from_json(serde_json::json!({"pipelineInfo": {"name": "x"}})).expect("a pipeline");
        Submission::new(Source::Spec(Box::new(spec)), name, key)
    }

    #[test]
    fn the_key_stands_at_the_end_of_the_name() {
        let mark = Mark::new(&submission(" churn\tmain\n abc1234 ", "pm1-0-a"));
        assert_eq!(mark.name, "churn main abc1234 [pm1-0-a]");
        assert_eq!(Mark::new(&submission("", "k")).name, "[k]");
        assert_ne!(mark.description, Mark::new(&submission("churn", "pm1-0-a")).description);
        assert!(!carries("churn [pm1-0-ab]", "pm1-0-a") && !carries("churn [pm1-0-a] x", "pm1-0-a") && !carries("x[k]", "k"));
    }

    #[test]
    fn keys_mean_nothing_anywhere() {
        let long = "k".repeat(101);
        for bad in ["", "a b", "a%b", "a+b", "a]", "ü", long.as_str()] {
            assert!(submission("x", bad).check().is_err(), "{bad}");
        }
        assert!(submission("x", "pm1-12-0a1b2c3d-4e5f6071-8293a4b5c6d7e8f9").check().is_ok());
    }

    proptest! {
        #[test]
        fn any_name_keeps_its_key(name in ".{0,300}", key in "[a-zA-Z0-9._:-]{1,100}") {
            let mark = Mark::new(&submission(&name, &key));
            prop_assert!(carries(&mark.name, &key), "{}", mark.name);
            prop_assert!(mark.name.chars().count() <= LONGEST_RUN_NAME && !mark.name.chars().any(char::is_control));
        }
    }
}
