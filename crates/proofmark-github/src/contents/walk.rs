//! Following a path part by part, and symbolic links with it, without ever leaving the tree.

use proofmark_core::path::RepoPath;
use proofmark_core::ports::TreeError;

/// How many links one path may go through; the number that Linux uses.
const MOST_LINKS: usize = 40;

/// What stands somewhere, and where (`P`) to look closer.
#[derive(Debug, Clone)]
pub(super) enum Node<P> {
    Folder(P),
    File(P),
    Link(P),
    Submodule(P),
    Other(P),
}

/// A tree that can be walked. The `asked` path is for error messages.
pub(super) trait Nodes {
    /// Where a node is.
    type Place: Clone;

    /// The top folder.
    fn root(&self) -> Self::Place;

    /// What stands in a folder under this name, without following a link.
    fn child(&self, folder: &Self::Place, name: &str, asked: &RepoPath) -> Result<Option<Node<Self::Place>>, TreeError>;

    /// The text of a link.
    fn target(&self, link: &Self::Place, asked: &RepoPath) -> Result<Vec<u8>, TreeError>;
}

/// Follows `path` from the root, and every link on the way; `None` when nothing is there.
///
/// The node is never a link.
pub(super) fn follow<N: Nodes>(nodes: &N, path: &RepoPath) -> Result<Option<Node<N::Place>>, TreeError> {
    let mut folder = nodes.root();
    // The folders above `folder` with their names, so that `..` in a link's target leads back.
    let mut above: Vec<(N::Place, String)> = Vec::new();
    let mut parts: Vec<String> = path.as_str().rsplit('/').map(str::to_owned).collect();
    let mut count = 0;
    // The links whose targets are being walked, with what is left of the path after each.
    let mut links: Vec<(usize, RepoPath, String)> = Vec::new();
    while let Some(part) = parts.pop() {
        links.retain(|(rest, ..)| *rest <= parts.len());
        match part.as_str() {
            "" | "." => continue,
            // Only a link brings these: a path has none.
            ".." => match above.pop() {
                Some((parent, _)) => {
                    folder = parent;
                    continue;
                }
                None => {
                    let (_, path, target) = links.pop().unwrap_or_else(|| (0, path.clone(), part));
                    return Err(TreeError::LinkLeaves { path, target });
                }
            },
            _ => {}
        }
        let Some(node) = nodes.child(&folder, &part, path)? else { return Ok(None) };
        match node {
            Node::Folder(inside) => above.push((std::mem::replace(&mut folder, inside), part)),
            Node::Link(link) => {
                count += 1;
                if count > MOST_LINKS {
                    return Err(TreeError::LinkLoop { path: path.clone() });
                }
                let target = target_text(nodes.target(&link, path)?, path)?;
                let at = place(&above, &part);
                if is_absolute(&target) {
                    return Err(TreeError::LinkLeaves { path: at, target });
                }
                if target.is_empty() {
                    return Ok(None);
                }
                let rest = parts.len();
                parts.extend(target.split('/').rev().map(str::to_owned));
                links.push((rest, at, target));
            }
            Node::Submodule(_) if !parts.is_empty() => {
                return Err(TreeError::Submodule { path: path.clone(), submodule: place(&above, &part) });
            }
            // A path that goes on below a file leads nowhere.
            Node::File(_) | Node::Other(_) if !parts.is_empty() => return Ok(None),
            Node::File(_) | Node::Other(_) | Node::Submodule(_) => return Ok(Some(node)),
        }
    }
    Ok(Some(Node::Folder(folder)))
}

fn target_text(target: Vec<u8>, asked: &RepoPath) -> Result<String, TreeError> {
    String::from_utf8(target)
        .map_err(|_| TreeError::Refused { path: asked.clone(), detail: "a symbolic link's target is not UTF-8".to_owned() })
}

/// Also a drive letter, which a checkout on Windows would follow.
fn is_absolute(target: &str) -> bool {
    let bytes = target.as_bytes();
    target.starts_with('/') || (bytes.len() >= 3 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':' && matches!(bytes[2], b'/' | b'\\'))
}

/// The path of `name` in the folder that `above` leads to.
fn place<P>(above: &[(P, String)], name: &str) -> RepoPath {
    above.iter().fold(RepoPath::root(), |folder, (_, part)| folder.child(part)).child(name)
}
