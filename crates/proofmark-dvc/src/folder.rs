//! A cached folder: the list of its files (a `.dir` object).

use std::collections::BTreeMap;
use std::sync::Arc;

use proofmark_core::document::Format;
use proofmark_core::path::RepoPath;
use proofmark_core::value::Value;

use crate::files;
use crate::memo::Memo;
use crate::store::{Fetched, Objects, StoreError};
use crate::tracked::{Object, Tracked};

/// The files of a folder by their path in it, with their hashes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Folder {
    pub(crate) files: BTreeMap<String, String>,
}

impl Folder {
    /// Reads a `.dir` object; `None` when it is none.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let value = files::parse(Format::Json, bytes).ok()?;
        let mut folder = Self::default();
        for entry in value.as_list()? {
            let entry = entry.as_map()?;
            let inside = RepoPath::parse(entry.get("relpath")?.as_text()?).ok()?;
            folder.files.insert(inside.as_str().to_owned(), entry.get("md5").and_then(Value::as_text)?.to_lowercase());
        }
        Some(folder)
    }
}

/// The list of a folder object.
pub(crate) fn list(project: &RepoPath, object: &Object, objects: &dyn Objects, memo: &Memo) -> Result<Arc<Folder>, StoreError> {
    if let Some(known) = memo.folders.get(&object.hash().to_owned()) {
        return Ok(known);
    }
    let fetched = objects.object(project, object)?;
    let folder = Folder::parse(&fetched.bytes).ok_or_else(|| StoreError::Damaged { hash: object.hash().to_owned(), from: fetched.from })?;
    Ok(memo.folders.put(Some(object.hash().to_owned()), folder))
}

/// The content of a tracked file, through the list of the folder around it if need be.
pub(crate) fn fetch(tracked: &Tracked, objects: &dyn Objects, memo: &Memo) -> Result<Fetched, StoreError> {
    objects.object(&tracked.project, &object_of(tracked, objects, memo)?)
}

/// The object of a tracked file, through the list of the folder around it if need be.
pub(crate) fn object_of(tracked: &Tracked, objects: &dyn Objects, memo: &Memo) -> Result<Object, StoreError> {
    let object = tracked.object()?;
    let Some(inside) = &tracked.inside else {
        return if object.is_folder() { Err(StoreError::Folder) } else { Ok(object) };
    };
    let folder = list(&tracked.project, &object, objects, memo)?;
    let Some(hash) = folder.files.get(inside) else {
        return Err(StoreError::NotInFolder { folder: tracked.output.clone(), inside: inside.clone() });
    };
    Object::new(hash, tracked.legacy).ok_or_else(|| StoreError::NoObject { algorithm: "md5".to_owned(), hash: hash.clone() })
}
