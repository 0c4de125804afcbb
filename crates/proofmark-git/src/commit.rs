//! One commit, decoded.

use gix::ObjectId;
use gix::bstr::ByteSlice as _;
use gix::objs::CommitRef;

/// How many digits of an id are shown to people.
const SHORT: usize = 10;

/// What is known about a commit without looking at its files.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Commit {
    /// The full id, in hex.
    pub id: String,
    /// The first ten digits of the id.
    pub short: String,
    /// The first paragraph of the message on one line, as `git log --format=%s` gives it.
    pub subject: String,
    /// When it was committed, in seconds since 1970.
    pub time: i64,
    /// The committer's distance from UTC, in seconds.
    pub offset: i32,
    /// The author's name.
    pub author: String,
    /// The ids of the parents, the first parent first. A shallow clone does not have all of them.
    pub parents: Vec<String>,
    /// The id of the tree.
    pub tree: String,
}

impl Commit {
    /// Decodes a commit object; the detail of what is wrong otherwise.
    pub(crate) fn decode(id: ObjectId, data: &[u8]) -> Result<Self, String> {
        let commit = CommitRef::from_bytes(data, id.kind()).map_err(|error| crate::error::words(&error))?;
        // A time that cannot be read is 1970: history written by broken tools must not stop a comparison.
        let time = commit.committer().ok().and_then(|committer| committer.time().ok()).unwrap_or_default();
        let author = commit.author().map(|author| author.name.to_str_lossy().into_owned()).unwrap_or_default();
        let hex = id.to_string();
        Ok(Self {
            short: hex.get(..SHORT).unwrap_or(&hex).to_owned(),
            id: hex,
            subject: commit.message_summary().to_str_lossy().trim().to_owned(),
            time: time.seconds,
            offset: time.offset,
            author,
            parents: commit.parents().map(|parent| parent.to_string()).collect(),
            tree: commit.tree().to_string(),
        })
    }
}
