//! The files of a commit at GitHub, for clones that do not have it.

mod folders;
mod known;
mod object;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use proofmark_core::links::{Node, follow};
use proofmark_core::path::RepoPath;
use proofmark_core::ports::{Content, ContentId, Entry, EntryKind, Revision, Tree, TreeError};
use proofmark_http::HttpError;

use crate::client::Client;
use crate::error::GitHubError;
use crate::join::join;
use crate::link::Link;
use crate::request::Request;
use crate::{routes, wire};

use folders::{Folder, MOST_CONTENTS, Row};
use known::Listing;
use object::{is_blob, is_empty_tree};

pub(crate) use known::Known;

/// Bytes of one file; GitHub gives no larger one.
const LIMIT: u64 = 100 << 20;
/// Requests under way at once.
const AT_ONCE: usize = 8;

/// The files of a commit. Its folders come in one request where the repository is not huge, and each file's bytes in one. What
/// another tree of the same [`Link`] has fetched is not fetched again.
#[derive(Debug)]
pub struct RemoteTree {
    link: Arc<Link>,
    revision: Revision,
    commit: String,
    limit: u64,
    listing: Arc<Listing>,
}

/// Where folders come from that are not known yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// Git's trees, one by one.
    Trees,
    /// Listings of contents, one by one.
    Contents,
}

/// What came of fetching a file, for whoever asks next.
type Fetched = Result<Arc<[u8]>, Trouble>;

#[derive(Debug, Clone)]
enum Trouble {
    TooLarge(u64),
    Refused(String),
}

impl RemoteTree {
    /// The tree of the revision's commit. One request; two where git's trees are refused, none for a commit that is open already.
    ///
    /// # Errors
    /// See [`GitHubError`]; a 404 when GitHub does not know the commit or the token may not see it.
    pub fn open(link: Arc<Link>, revision: Revision) -> Result<Self, GitHubError> {
        let commit = revision.commit.clone().filter(|commit| wire::is_object_id(commit));
        let commit = commit.ok_or_else(|| GitHubError::Input(format!("`{}` has no full commit id", revision.name)))?;
        let listing = match link.known().listing(&commit) {
            Some(listing) => listing,
            None => {
                let (source, folders) = link.block_on(open(link.client(), &commit))?;
                let listing = Arc::new(Listing::new(source, folders));
                link.known().keep_listing(&commit, &listing);
                listing
            }
        };
        Ok(Self { link, revision, commit, limit: LIMIT, listing })
    }

    /// The same tree with another limit for the size of a file; for tests.
    #[must_use]
    pub fn with_limit(self, limit: u64) -> Self {
        Self { limit, ..self }
    }

    fn find(&self, path: &RepoPath) -> Result<Option<Node<Place>>, TreeError> {
        let root = Place { path: RepoPath::root(), id: None, size: None };
        let child = |folder: &Place, name: &str| {
            let place = |row: &Row| Place { path: folder.path.child(name), id: Some(row.id), size: row.size };
            Ok(self.folder(folder, path)?.row(name).map(|row| Node { kind: row.kind, place: place(row) }))
        };
        follow(path, root, child, |link| Ok(self.bytes(link, path)?.to_vec()))
    }

    fn folder(&self, place: &Place, asked: &RepoPath) -> Result<Arc<Folder>, TreeError> {
        if let Some(folder) = self.listing.folder(&place.path) {
            return Ok(folder);
        }
        let client = self.link.client();
        let folder = match (self.listing.source, place.id) {
            (Source::Trees, Some(id)) => self.link.block_on(tree(client, Some(id), &self.commit)),
            (Source::Trees | Source::Contents, id) => self.link.block_on(contents(client, &place.path, id, &self.commit)),
        };
        let folder = Arc::new(folder.map_err(|error| TreeError::Refused { path: asked.clone(), detail: error.to_string() })?);
        self.listing.insert(place.path.clone(), &folder);
        Ok(folder)
    }

    fn bytes(&self, place: &Place, asked: &RepoPath) -> Result<Arc<[u8]>, TreeError> {
        let Some(id) = place.id else {
            return Err(TreeError::Refused { path: asked.clone(), detail: "GitHub gives it no object id".to_owned() });
        };
        let known = self.kept(id);
        let fetched = known.map_or_else(|| self.link.block_on(self.fetch(id, place.size)), Ok);
        self.told(fetched, asked)
    }

    fn told(&self, fetched: Fetched, path: &RepoPath) -> Result<Arc<[u8]>, TreeError> {
        fetched.map_err(|trouble| match trouble {
            Trouble::TooLarge(size) => TreeError::TooLarge { path: path.clone(), size, limit: self.limit },
            Trouble::Refused(detail) => TreeError::Refused { path: path.clone(), detail },
        })
    }

    /// A tree with another limit may have kept it.
    fn kept(&self, id: ContentId) -> Option<Arc<[u8]>> {
        self.link.known().file(id).filter(|bytes| bytes.len() as u64 <= self.limit)
    }

    async fn fetch(&self, id: ContentId, size: Option<u64>) -> Fetched {
        if let Some(size) = size.filter(|size| *size > self.limit) {
            return Err(Trouble::TooLarge(size));
        }
        let client = self.link.client();
        let request = routes::blob(&client.repo, &id.to_string()).at_most(usize::try_from(self.limit).unwrap_or(usize::MAX));
        let answer = client.send(&request).await.map_err(|error| match error {
            GitHubError::Http { source: HttpError::TooLarge { .. }, .. } => Trouble::TooLarge(self.limit.saturating_add(1)),
            error => Trouble::Refused(error.to_string()),
        })?;
        if answer.status != 200 {
            return Err(Trouble::Refused(format!("{} answered {} and not with the file", request.shown(), answer.status)));
        }
        if !is_blob(id, &answer.body) {
            return Err(Trouble::Refused(format!("what {} answered is not the content that its id names", request.shown())));
        }
        let bytes: Arc<[u8]> = answer.body.into();
        self.link.known().keep(id, &bytes);
        Ok(bytes)
    }

    /// The files at these places that are not here yet, each once, several at a time.
    fn fetch_many<'a>(&self, places: impl Iterator<Item = &'a Place>) -> HashMap<ContentId, Fetched> {
        let mut seen = HashSet::new();
        let missing = places.filter_map(|place| Some((place.id?, place.size)));
        let missing: Vec<_> = missing.filter(|(id, _)| seen.insert(*id) && self.kept(*id).is_none()).collect();
        let fetched = self.link.block_on(join(missing.iter().map(|(id, size)| self.fetch(*id, *size)), AT_ONCE));
        missing.into_iter().map(|(id, _)| id).zip(fetched).collect()
    }
}

impl Tree for RemoteTree {
    fn revision(&self) -> &Revision {
        &self.revision
    }

    fn list(&self, folder: &RepoPath) -> Result<Option<Vec<Entry>>, TreeError> {
        let Some(node) = self.find(folder)? else { return Ok(None) };
        match node.kind {
            EntryKind::Folder => Ok(Some(self.folder(&node.place, folder)?.entries())),
            EntryKind::Submodule => Err(TreeError::Submodule { path: folder.clone(), submodule: folder.clone() }),
            EntryKind::File | EntryKind::Link | EntryKind::Other => Ok(None),
        }
    }

    fn read(&self, path: &RepoPath) -> Result<Option<Content>, TreeError> {
        let Some(Node { kind: EntryKind::File, place }) = self.find(path)? else { return Ok(None) };
        content(self.bytes(&place, path)?, place.id, path).map(Some)
    }

    fn entry(&self, path: &RepoPath) -> Result<Option<Entry>, TreeError> {
        Ok(self.find(path)?.map(|node| Entry { name: path.name().to_owned(), kind: node.kind, id: node.place.id }))
    }

    fn read_many(&self, paths: &[RepoPath]) -> Vec<Result<Option<Content>, TreeError>> {
        let nodes: Vec<_> = paths.iter().map(|path| self.find(path)).collect();
        let files = nodes.iter().filter_map(|node| match node {
            Ok(Some(Node { kind: EntryKind::File, place })) => Some(place),
            _ => None,
        });
        let fetched = self.fetch_many(files);
        let read = |(node, path): (Result<Option<Node<Place>>, TreeError>, &RepoPath)| {
            let Some(Node { kind: EntryKind::File, place }) = node? else { return Ok(None) };
            let bytes = match place.id.and_then(|id| fetched.get(&id)) {
                Some(fetched) => self.told(fetched.clone(), path)?,
                None => self.bytes(&place, path)?,
            };
            content(bytes, place.id, path).map(Some)
        };
        nodes.into_iter().zip(paths).map(read).collect()
    }
}

/// Where something stands, once links are followed.
#[derive(Debug, Clone)]
struct Place {
    path: RepoPath,
    id: Option<ContentId>,
    size: Option<u64>,
}

async fn open(client: &Client, commit: &str) -> Result<(Source, HashMap<RepoPath, Arc<Folder>>), GitHubError> {
    let of_root = |folder: Folder| HashMap::from([(RepoPath::root(), Arc::new(folder))]);
    let request = routes::tree(&client.repo, commit, true);
    let whole: wire::Tree = match client.json(&request).await {
        Ok(tree) => tree,
        Err(error) if error.status() == Some(404) => {
            // Servers before GitHub that let only some addresses through. The first refusal is the one to tell.
            let root = contents(client, &RepoPath::root(), None, commit).await.map_err(|_| error)?;
            return Ok((Source::Contents, of_root(root)));
        }
        Err(error) => return Err(error),
    };
    if whole.truncated {
        return Ok((Source::Trees, of_root(tree(client, None, commit).await?)));
    }
    if whole.tree.is_empty() {
        check_empty(client, &request, None, commit).await?;
    }
    // A folder whose rows are missing here is asked for by its id.
    let folders = folders::all(whole.tree).into_iter().map(|(path, folder)| (path, Arc::new(folder))).collect();
    Ok((Source::Trees, folders))
}

/// One folder by its object id, else the root of the commit.
async fn tree(client: &Client, id: Option<ContentId>, commit: &str) -> Result<Folder, GitHubError> {
    let request = routes::tree(&client.repo, &id.map_or_else(|| commit.to_owned(), |id| id.to_string()), false);
    let tree: wire::Tree = client.json(&request).await?;
    if tree.truncated {
        return Err(GitHubError::Shape { what: request.shown(), detail: "the folder is too large to be listed".to_owned() });
    }
    if tree.tree.is_empty() {
        check_empty(client, &request, id, commit).await?;
    }
    Ok(Folder::of_tree(tree.tree))
}

/// One folder by its path; one without an id is the root of the commit.
async fn contents(client: &Client, path: &RepoPath, id: Option<ContentId>, commit: &str) -> Result<Folder, GitHubError> {
    let request = routes::contents(&client.repo, path.as_str(), commit);
    let rows: Vec<wire::ContentRow> = client.json(&request).await?;
    if rows.len() >= MOST_CONTENTS {
        return Err(GitHubError::Shape { what: request.shown(), detail: "the folder is too large to be listed".to_owned() });
    }
    if rows.is_empty() {
        check_empty(client, &request, id, commit).await?;
    }
    Ok(Folder::of_contents(rows))
}

/// Refuses a listing without rows unless git's id says the same: whoever sees no policy applies none.
async fn check_empty(client: &Client, request: &Request, id: Option<ContentId>, commit: &str) -> Result<(), GitHubError> {
    let id = match id {
        Some(id) => id.to_string(),
        None => {
            let commit: Result<wire::Commit, _> = client.json(&routes::commit(&client.repo, commit)).await;
            commit.map(|commit| commit.tree.sha).unwrap_or_default()
        }
    };
    let detail = || "nothing is listed, and the folder is not empty".to_owned();
    if is_empty_tree(&id) { Ok(()) } else { Err(GitHubError::Shape { what: request.shown(), detail: detail() }) }
}

fn content(bytes: Arc<[u8]>, id: Option<ContentId>, path: &RepoPath) -> Result<Content, TreeError> {
    if is_lfs_pointer(&bytes) { Err(TreeError::LfsPointer { path: path.clone() }) } else { Ok(Content { bytes: bytes.to_vec(), id }) }
}

/// A small text that stands for a large file elsewhere, where this token may not look.
fn is_lfs_pointer(bytes: &[u8]) -> bool {
    const LONGEST: usize = 1024;
    let start = b"version https://git-lfs.github.com/spec/v1";
    let has = |key: &[u8]| bytes.split(|byte| *byte == b'\n').any(|line| line.starts_with(key));
    bytes.len() <= LONGEST && bytes.starts_with(start) && has(b"oid sha256:") && has(b"size ")
}
