//! GitHub's JSON: only the fields that are used, so that nothing else can break us.

pub(crate) mod triggers;

use serde::Deserialize;

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Comment {
    pub(crate) id: u64,
    #[serde(default)]
    pub(crate) node_id: String,
    #[serde(default)]
    pub(crate) html_url: String,
    #[serde(default)]
    pub(crate) body: Option<String>,
    #[serde(default)]
    pub(crate) user: Option<User>,
    /// Why it is hidden, if it is.
    #[serde(default)]
    pub(crate) minimized: Option<serde_json::Value>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct User {
    #[serde(default)]
    pub(crate) login: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Reaction {
    pub(crate) id: u64,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Label {
    #[serde(default)]
    pub(crate) name: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Team {
    #[serde(default)]
    pub(crate) slug: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Review {
    #[serde(default)]
    pub(crate) user: Option<User>,
}

/// Of a pull request: who wrote it and who is asked.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Reviewers {
    #[serde(default)]
    pub(crate) user: Option<User>,
    #[serde(default)]
    pub(crate) requested_reviewers: Vec<User>,
    #[serde(default)]
    pub(crate) requested_teams: Vec<Team>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Pull {
    pub(crate) number: u64,
    #[serde(default)]
    pub(crate) state: String,
    #[serde(default)]
    pub(crate) draft: bool,
    /// Not in lists.
    #[serde(default)]
    pub(crate) merged: bool,
    #[serde(default)]
    pub(crate) merged_at: Option<String>,
    #[serde(default)]
    pub(crate) labels: Vec<Label>,
    #[serde(default)]
    pub(crate) user: Option<User>,
    pub(crate) head: Side,
    pub(crate) base: Side,
}

/// One end of a pull request.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Side {
    #[serde(rename = "ref")]
    pub(crate) branch: String,
    pub(crate) sha: String,
    /// `null` when the fork is gone.
    #[serde(default)]
    pub(crate) repo: Option<Repository>,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Repository {
    #[serde(default)]
    pub(crate) full_name: String,
    #[serde(default)]
    pub(crate) private: bool,
    #[serde(default)]
    pub(crate) default_branch: String,
    #[serde(default)]
    pub(crate) pushed_at: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct CheckRuns {
    pub(crate) check_runs: Vec<CheckRun>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct CheckRun {
    pub(crate) id: u64,
    #[serde(default)]
    pub(crate) html_url: Option<String>,
    #[serde(default)]
    pub(crate) external_id: Option<String>,
    #[serde(default)]
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) conclusion: Option<String>,
    #[serde(default)]
    pub(crate) started_at: Option<String>,
    #[serde(default)]
    pub(crate) output: CheckOutput,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct CheckOutput {
    #[serde(default)]
    pub(crate) title: Option<String>,
    #[serde(default)]
    pub(crate) annotations_count: u64,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Status {
    #[serde(default)]
    pub(crate) context: String,
    #[serde(default)]
    pub(crate) target_url: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Artifacts {
    pub(crate) artifacts: Vec<Artifact>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Artifact {
    pub(crate) id: u64,
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) size_in_bytes: u64,
    #[serde(default)]
    pub(crate) expired: bool,
    #[serde(default)]
    pub(crate) created_at: Option<String>,
    /// Of the zip file: `sha256:` and hexadecimal digits.
    #[serde(default)]
    pub(crate) digest: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Tree {
    pub(crate) tree: Vec<TreeRow>,
    #[serde(default)]
    pub(crate) truncated: bool,
}

#[derive(Debug, Deserialize)]
pub(crate) struct TreeRow {
    pub(crate) path: String,
    /// As git writes it: `100644`, `120000`, `160000`, `040000`.
    pub(crate) mode: String,
    pub(crate) sha: String,
    #[serde(default)]
    pub(crate) size: Option<u64>,
}

/// One row of the contents of a folder.
#[derive(Debug, Deserialize)]
pub(crate) struct ContentRow {
    pub(crate) name: String,
    /// `file`, `dir`, `symlink`, `submodule`.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) sha: String,
    #[serde(default)]
    pub(crate) size: Option<u64>,
    #[serde(default)]
    pub(crate) download_url: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Compared {
    pub(crate) merge_base_commit: Named,
}

/// Anything that is known by its object id.
#[derive(Debug, Deserialize)]
pub(crate) struct Named {
    pub(crate) sha: String,
}

/// A branch or tag, and what it points to.
#[derive(Debug, Deserialize)]
pub(crate) struct Reference {
    #[serde(rename = "ref")]
    pub(crate) name: String,
    pub(crate) object: Named,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Commit {
    pub(crate) sha: String,
    #[serde(default)]
    pub(crate) message: String,
    pub(crate) tree: Named,
    #[serde(default)]
    pub(crate) parents: Vec<Named>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Limits {
    pub(crate) resources: Resources,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Resources {
    pub(crate) core: Limit,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Limit {
    pub(crate) limit: u64,
    pub(crate) remaining: u64,
    /// Seconds since 1970.
    pub(crate) reset: u64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Rule {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) parameters: Option<RuleParameters>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct RuleParameters {
    #[serde(default)]
    pub(crate) required_status_checks: Vec<RequiredCheck>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct RequiredCheck {
    #[serde(default)]
    pub(crate) context: String,
}

/// An address that people can open; GitHub refuses a request with any other.
pub(crate) fn web_address(text: &str) -> Option<&str> {
    let web = text.starts_with("https://") || text.starts_with("http://");
    (web && !text.contains(|letter: char| letter.is_whitespace() || letter.is_control())).then_some(text)
}

/// An object id as git writes it, of either kind of hash: nothing else may become a part of an address.
pub(crate) fn is_object_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
