//! Globs of plain text, `*` and `**` alone, which is what nearly all are: matched as they stand, with nothing to compile.
//!
//! A repository may have thousands of rules and a push thousands of files; compiling a regular expression for each rule would
//! take longer than everything else together. What they match is what the library behind the other globs says: see the tests.

/// A glob that needs no regular expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Simple {
    form: Form,
    /// What every match begins with.
    prefix: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    /// Slashes are letters like any other.
    Text(Pieces),
    /// What stands between slashes.
    Path(Vec<Part>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// `**`: any number of folders; at the end, whatever is below.
    Folders,
    Name(Pieces),
}

/// Texts with any text between them: `a*b` has two.
type Pieces = Vec<String>;

impl Simple {
    /// `None` for a glob with anything else in it.
    pub(super) fn parse(text: &str, is_path: bool) -> Option<Self> {
        if text.contains(['?', '[', ']', '{', '}', '\\']) {
            return None;
        }
        // Slashes with nothing between them have odd meanings, which nobody needs fast.
        if is_path && text.split('/').any(str::is_empty) {
            return None;
        }
        let pieces = |text: &str| (!text.contains("**")).then(|| text.split('*').map(str::to_owned).collect::<Pieces>());
        let part = |text: &str| if text == "**" { Some(Part::Folders) } else { pieces(text).map(Part::Name) };
        let form = if is_path { Form::Path(text.split('/').map(part).collect::<Option<_>>()?) } else { Form::Text(pieces(text)?) };
        Some(Self { form, prefix: text.split('*').next().unwrap_or_default().to_owned() })
    }

    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        match &self.form {
            Form::Text(pieces) => fits(pieces, text),
            Form::Path(parts) => {
                // Most files of most repositories end here.
                let ends = match parts.last() {
                    Some(Part::Name(pieces)) => pieces.last().is_none_or(|last| text.ends_with(last.as_str())),
                    _ => true,
                };
                ends && text.starts_with(&self.prefix) && walk(parts, text)
            }
        }
    }
}

/// Whether the pieces stand in the text in their order, the first at its beginning and the last at its end.
fn fits(pieces: &[String], text: &str) -> bool {
    let [first, between @ .., last] = pieces else { return pieces.first().is_some_and(|only| only == text) };
    let Some(mut rest) = text.strip_prefix(first.as_str()).and_then(|rest| rest.strip_suffix(last.as_str())) else { return false };
    // The first place that does is the best one: it leaves most for the others.
    between.iter().all(|piece| match rest.find(piece.as_str()) {
        Some(at) => {
            rest = &rest[at + piece.len()..];
            true
        }
        None => false,
    })
}

/// Whether the names of a path are the parts of a glob. Only the last `**` is ever tried again, so it takes no longer than names
/// times parts.
fn walk(parts: &[Part], text: &str) -> bool {
    let mut rest = Some(text);
    let mut at = 0;
    let mut again: Option<(usize, Option<&str>)> = None;
    loop {
        match (parts.get(at), rest) {
            // Below a folder is something, and nothing is below no folder.
            (Some(Part::Folders), Some(_)) if at + 1 == parts.len() => return true,
            (Some(Part::Folders), None) if at + 1 == parts.len() => {}
            (Some(Part::Folders), _) => {
                again = Some((at, rest));
                at += 1;
                continue;
            }
            (Some(Part::Name(pieces)), Some(names)) => {
                let (name, below) = names.split_once('/').map_or((names, None), |(name, below)| (name, Some(below)));
                if fits(pieces, name) {
                    (at, rest) = (at + 1, below);
                    continue;
                }
            }
            (None, None) => return true,
            (None, Some(_)) | (Some(Part::Name(_)), None) => {}
        }
        // One folder more for the last `**`.
        let Some((folders, Some(names))) = again else { return false };
        let Some((_, below)) = names.split_once('/') else { return false };
        again = Some((folders, Some(below)));
        (at, rest) = (folders + 1, Some(below));
    }
}
