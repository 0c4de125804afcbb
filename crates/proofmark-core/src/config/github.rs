//! The table `[github]`: what is shown on GitHub, and how.

use schemars::JsonSchema;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use super::Effect;

/// The longest label that GitHub takes, in characters.
const MAX_LABEL: usize = 50;
/// The longest name of a check, and the longest key of a comment, in characters.
const MAX_NAME: usize = 100;

/// What is shown on GitHub, and how. The command line wins over all of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GitHub {
    /// What happens to the comment on the pull request when there is a new report; `update` when absent.
    pub comment: Option<CommentMode>,
    /// Jobs that give the same key share one comment; the workflow, the job and its place in a matrix when absent.
    #[serde(deserialize_with = "name")]
    pub comment_key: Option<String>,
    /// Whether there is a check run; yes when absent.
    pub check: Option<bool>,
    /// The name of the check run, as branch protection asks for it.
    #[serde(deserialize_with = "name")]
    pub check_name: Option<String>,
    /// Whether there is a commit status, for tokens that cannot write checks; no when absent.
    pub status: Option<bool>,
    /// Labels that the pull request gets by what comes out. Those of the other effects are taken off.
    #[serde(deserialize_with = "labels")]
    pub labels: ByEffect,
    /// Who is asked for a review by what comes out: `user`, or `organisation/team`.
    #[serde(deserialize_with = "reviewers")]
    pub reviewers: ByEffect,
}

/// What happens to the comment on a pull request when there is a new report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CommentMode {
    /// Its text is replaced. Nobody is notified.
    #[default]
    Update,
    /// It is deleted and written anew, which notifies.
    Recreate,
    /// It is hidden as outdated and a new one is written.
    HideAndRecreate,
    /// Its text is replaced, and it goes when nothing is left to look at.
    DeleteWhenFixed,
    /// Its text is replaced when what comes out is another effect.
    OnlyOnChange,
    /// There is none.
    Off,
}

impl CommentMode {
    /// All modes as they are written, in the order of their declaration.
    pub const NAMES: [&str; 6] = ["update", "recreate", "hide-and-recreate", "delete-when-fixed", "only-on-change", "off"];

    /// The mode of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == text)
    }

    /// The mode as it is written.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    const ALL: [Self; 6] = [Self::Update, Self::Recreate, Self::HideAndRecreate, Self::DeleteWhenFixed, Self::OnlyOnChange, Self::Off];
}

/// A list for each effect.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ByEffect {
    /// When nothing stands in the way.
    pub allow: Vec<String>,
    /// When people should look.
    pub notice: Vec<String>,
    /// When the merge is blocked.
    pub block: Vec<String>,
}

impl ByEffect {
    /// The list of one effect.
    pub fn of(&self, effect: Effect) -> &[String] {
        match effect {
            Effect::Allow => &self.allow,
            Effect::Notice => &self.notice,
            Effect::Block => &self.block,
        }
    }

    /// All lists one after the other.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        self.allow.iter().chain(&self.notice).chain(&self.block).map(String::as_str)
    }

    /// Whether nothing is said at all.
    pub fn is_empty(&self) -> bool {
        self.all().next().is_none()
    }
}

fn name<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(from)?;
    line(&text, MAX_NAME).map_err(Error::custom)?;
    Ok(Some(text))
}

fn labels<'de, D: Deserializer<'de>>(from: D) -> Result<ByEffect, D::Error> {
    checked(from, |label| line(label, MAX_LABEL))
}

fn reviewers<'de, D: Deserializer<'de>>(from: D) -> Result<ByEffect, D::Error> {
    checked(from, |reviewer| {
        let is_name = |part: &str| {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
            !part.is_empty() && part.len() <= MAX_NAME && part.bytes().all(plain) && !part.starts_with('-')
        };
        let (owner, team) = reviewer.split_once('/').map_or((reviewer, None), |(owner, team)| (owner, Some(team)));
        if is_name(owner) && team.is_none_or(is_name) {
            return Ok(());
        }
        Err(format!("`{}` is neither a user nor `organisation/team`, without `@`", reviewer.escape_debug()))
    })
}

fn checked<'de, D: Deserializer<'de>>(from: D, check: impl Fn(&str) -> Result<(), String>) -> Result<ByEffect, D::Error> {
    let lists = ByEffect::deserialize(from)?;
    lists.all().try_for_each(check).map_err(Error::custom)?;
    Ok(lists)
}

/// One line of text that is there.
fn line(text: &str, longest: usize) -> Result<(), String> {
    let shown = text.escape_debug();
    if text.trim().is_empty() {
        Err("the text is empty".to_owned())
    } else if text.chars().any(char::is_control) {
        Err(format!("`{shown}` holds a control character"))
    } else if text.chars().count() > longest {
        Err(format!("`{shown}` is longer than {longest} characters"))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, parse};
    use crate::path::RepoPath;
    use crate::problem::Problem;

    fn read(text: &str) -> Result<Config, Problem> {
        let file = RepoPath::parse("proofmark.toml").expect("a path");
        parse(&file, format!("[compare]\n[github]\n{text}\n").as_bytes()).map(|config| config.expect("there"))
    }

    #[test]
    fn everything_is_optional() {
        assert_eq!(read("").map(|config| config.github), Ok(GitHub::default()));
        assert_eq!(Config::default().github, GitHub::default());
    }

    #[test]
    fn all_of_it() {
        let text = "comment = \"hide-and-recreate\"\ncomment_key = \"nightly\"\ncheck = false\ncheck_name = \"Model quality\"\n\
                    status = true\nlabels = { block = [\"metrics: worse\", \"é\"], allow = [\"ok\"] }\n\
                    [github.reviewers]\nblock = [\"octo-cat\", \"org/ml_team\"]\nnotice = [\"octo-cat\"]";
        let github = read(text).expect("valid").github;
        assert_eq!(github.comment, Some(CommentMode::HideAndRecreate));
        assert_eq!((github.comment_key.as_deref(), github.check_name.as_deref()), (Some("nightly"), Some("Model quality")));
        assert_eq!((github.check, github.status), (Some(false), Some(true)));
        assert_eq!(github.labels.of(Effect::Block), ["metrics: worse", "é"]);
        assert_eq!(github.labels.all().collect::<Vec<_>>(), ["ok", "metrics: worse", "é"]);
        assert_eq!(github.reviewers.of(Effect::Block), ["octo-cat", "org/ml_team"]);
        assert!(github.reviewers.of(Effect::Allow).is_empty() && !github.reviewers.is_empty());
    }

    #[test]
    fn mistakes_have_places() {
        for (text, expected) in [
            ("comment = \"updat\"", "unknown variant"),
            ("comments = \"off\"", "unknown field"),
            ("comment_key = \"\"", "is empty"),
            ("check_name = \"a\\nb\"", "control character"),
            ("labels = { block = [\" \"] }", "is empty"),
            ("labels = { fail = [\"a\"] }", "unknown field"),
            ("reviewers = { block = [\"@octocat\"] }", "without `@`"),
            ("reviewers = { block = [\"a/b/c\"] }", "neither a user nor"),
            ("reviewers = { block = [\"org/\"] }", "neither a user nor"),
        ] {
            let problem = read(text).expect_err(text);
            assert!(problem.message.contains(expected), "{text}: {}", problem.message);
            assert_eq!(problem.position.map(|at| at.line), Some(3), "{text}");
        }
        assert!(read(&format!("labels = {{ block = [\"{}\"] }}", "é".repeat(MAX_LABEL))).is_ok());
        assert!(read(&format!("labels = {{ block = [\"{}\"] }}", "é".repeat(MAX_LABEL + 1))).is_err());
        assert!(read(&format!("comment_key = \"{}\"", "k".repeat(MAX_NAME + 1))).is_err());
    }

    #[test]
    fn modes_have_the_names_that_are_written() {
        for name in CommentMode::NAMES {
            let mode = CommentMode::parse(name).expect("a mode");
            assert_eq!(read(&format!("comment = \"{name}\"")).map(|config| config.github.comment), Ok(Some(mode)));
        }
        assert_eq!(CommentMode::parse("Update"), None);
        assert_eq!(CommentMode::default().name(), "update");
    }
}
