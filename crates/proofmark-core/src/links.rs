//! Following a path part by part, and symbolic links with it, without ever leaving the tree: what every [`Tree`] with links
//! does alike, wherever its files lie.
//!
//! [`Tree`]: crate::ports::Tree

use crate::path::RepoPath;
use crate::ports::{EntryKind, TreeError};

/// How many links one path may go through; the number that Linux uses.
const MOST_LINKS: usize = 40;

/// What stands somewhere, and where (`P`) to look closer.
#[derive(Debug, Clone)]
pub struct Node<P> {
    /// What it is.
    pub kind: EntryKind,
    /// Where, in the tree's own terms.
    pub place: P,
}

/// Follows `path` from the folder `root`, and every link on the way; `None` when nothing is there.
///
/// `child` tells what stands in a folder under a name, without following a link, and `target` the text of a link. The node that
/// is found is never a link.
///
/// # Errors
/// When a link leaves the tree, when there are too many of them, when the path goes on inside of a submodule, and whatever
/// `child` and `target` refuse.
pub fn follow<P>(
    path: &RepoPath,
    root: P,
    child: impl Fn(&P, &str) -> Result<Option<Node<P>>, TreeError>,
    target: impl Fn(&P) -> Result<Vec<u8>, TreeError>,
) -> Result<Option<Node<P>>, TreeError> {
    let mut folder = root;
    // The folders above `folder` with their names, so that `..` in a link's target leads back.
    let mut above: Vec<(P, String)> = Vec::new();
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
        let Some(node) = child(&folder, &part)? else { return Ok(None) };
        match node.kind {
            EntryKind::Folder => above.push((std::mem::replace(&mut folder, node.place), part)),
            EntryKind::Link => {
                count += 1;
                if count > MOST_LINKS {
                    return Err(TreeError::LinkLoop { path: path.clone() });
                }
                let target = target_text(target(&node.place)?, path)?;
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
            EntryKind::Submodule if !parts.is_empty() => {
                return Err(TreeError::Submodule { path: path.clone(), submodule: place(&above, &part) });
            }
            // A path that goes on below a file leads nowhere.
            EntryKind::File | EntryKind::Other if !parts.is_empty() => return Ok(None),
            EntryKind::File | EntryKind::Other | EntryKind::Submodule => return Ok(Some(node)),
        }
    }
    Ok(Some(Node { kind: EntryKind::Folder, place: folder }))
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The end of a walk through a tree of three files and these links. A place is its path; a folder is what lies above.
    fn walk(links: &[(&str, &str)], path: &str) -> Result<Option<String>, TreeError> {
        let files = ["a/b/file", "a/submodule", "top"];
        let link = |place: &RepoPath| links.iter().find(|(path, _)| *path == place.as_str()).map(|(_, target)| *target);
        let all: Vec<&str> = files.into_iter().chain(links.iter().map(|(path, _)| *path)).collect();
        let child = |folder: &RepoPath, name: &str| {
            let place = folder.child(name);
            let kind = match place.as_str() {
                _ if link(&place).is_some() => EntryKind::Link,
                "a/submodule" => EntryKind::Submodule,
                file if files.contains(&file) => EntryKind::File,
                folder if all.iter().any(|path| path.starts_with(&format!("{folder}/"))) => EntryKind::Folder,
                _ => return Ok(None),
            };
            Ok(Some(Node { kind, place }))
        };
        let target = |place: &RepoPath| Ok(link(place).unwrap_or_default().as_bytes().to_vec());
        let found = follow(&RepoPath::parse(path).expect("a path"), RepoPath::root(), child, target)?;
        Ok(found.map(|node| match node.kind {
            EntryKind::Folder => format!("{}/", node.place.as_str()),
            EntryKind::File | EntryKind::Submodule => node.place.as_str().to_owned(),
            EntryKind::Link | EntryKind::Other => panic!("{} is no end of a walk", node.place),
        }))
    }

    fn found(links: &[(&str, &str)], path: &str) -> Option<String> {
        walk(links, path).expect("a walk without trouble")
    }

    #[test]
    fn paths_lead_to_files_and_folders() {
        assert_eq!(found(&[], "a/b/file").as_deref(), Some("a/b/file"));
        assert_eq!(found(&[], "a/b").as_deref(), Some("a/b/"));
        assert_eq!(found(&[], "").as_deref(), Some("/"));
        assert_eq!(found(&[], "a/submodule").as_deref(), Some("a/submodule"));
        assert_eq!((found(&[], "a/c"), found(&[], "top/x")), (None, None));
    }

    #[test]
    fn links_lead_on_from_the_folder_they_are_in() {
        assert_eq!(found(&[("a/up", "../top")], "a/up").as_deref(), Some("top"));
        assert_eq!(found(&[("to", "a/./b//")], "to/file").as_deref(), Some("a/b/file"));
        assert_eq!(found(&[("one", "two"), ("two", "a")], "one/b/file").as_deref(), Some("a/b/file"));
        // `..` leads above the folder that the link has led to, as in a file system.
        assert_eq!(found(&[("to", "a/b"), ("back", "to/../submodule")], "back").as_deref(), Some("a/submodule"));
        assert_eq!(found(&[("empty", ""), ("broken", "nothing/here")], "empty"), None);
        assert_eq!(found(&[("broken", "nothing/here")], "broken"), None);
    }

    #[test]
    fn no_link_leaves_the_tree() {
        for target in ["..", "a/../../x", "/etc/passwd", "C:/x", "c:\\x", "out"] {
            let error = walk(&[("link", target), ("out", "../x")], "link").expect_err(target);
            assert!(matches!(error, TreeError::LinkLeaves { .. }), "{target}: {error}");
        }
        // Told is the link that leaves, not the one that led to it.
        let Err(TreeError::LinkLeaves { path, target }) = walk(&[("a/in", "out"), ("a/out", "../../x")], "a/in") else {
            panic!("it leaves")
        };
        assert_eq!((path.as_str(), target.as_str()), ("a/out", "../../x"));
    }

    #[test]
    fn links_end() {
        assert!(matches!(walk(&[("one", "two"), ("two", "one")], "one"), Err(TreeError::LinkLoop { .. })));
        assert!(matches!(walk(&[("a/self", "self/x")], "a/self"), Err(TreeError::LinkLoop { .. })));
    }

    #[test]
    fn nothing_is_read_inside_of_a_submodule() {
        let error = walk(&[("to", "a/submodule")], "to/file").expect_err("another repository");
        let submodule = RepoPath::parse("a/submodule").expect("a path");
        assert_eq!(error, TreeError::Submodule { path: RepoPath::parse("to/file").expect("a path"), submodule });
    }

    proptest! {
        #[test]
        fn any_links_are_walked_within_the_tree(
            targets in prop::collection::vec("((a|b|one|two|three|top|\\.\\.|\\.)/){0,4}(one|two|three|file|\\.\\.)?|\\PC{0,6}", 3),
            path in "(one|two|a/three)(/(b|one|two|top)){0,3}",
        ) {
            let links: Vec<_> = ["one", "two", "a/three"].into_iter().zip(targets.iter().map(String::as_str)).collect();
            if let Ok(Some(place)) = walk(&links, &path) {
                // Where it ends is no link, and a walk straight there ends there too.
                prop_assert_eq!(found(&[], place.trim_end_matches('/')), Some(place));
            }
        }
    }
}
