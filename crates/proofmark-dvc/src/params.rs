//! What a stage's `params` list asks for: keys of files, or whole files.

use std::collections::BTreeSet;

use proofmark_core::discovery::Keys;
use proofmark_core::value::Value;

use crate::template::{Scope, TemplateError, plain_text};

/// One file of a stage's `params`, as it is written, and its keys.
pub(crate) type Declared = (String, Keys);

/// Reads one entry: a key of `params.yaml`, or a mapping from files to lists of keys (none: the whole file).
pub(crate) fn read(entry: &Value, scope: &Scope<'_>) -> Result<Vec<Declared>, TemplateError> {
    match entry {
        Value::Map(files) => {
            files.iter().map(|(file, keys)| Ok((scope.resolve_string(file)?.into_owned(), keys_of(keys, scope)?))).collect()
        }
        key => Ok(vec![("params.yaml".to_owned(), Keys::Some(BTreeSet::from([key_of(key, scope)?])))]),
    }
}

fn keys_of(keys: &Value, scope: &Scope<'_>) -> Result<Keys, TemplateError> {
    match keys {
        Value::Null => Ok(Keys::All),
        Value::List(keys) if keys.is_empty() => Ok(Keys::All),
        Value::List(keys) => Ok(Keys::Some(keys.iter().map(|key| key_of(key, scope)).collect::<Result<_, _>>()?)),
        key => Ok(Keys::Some(BTreeSet::from([key_of(key, scope)?]))),
    }
}

fn key_of(key: &Value, scope: &Scope<'_>) -> Result<String, TemplateError> {
    let key = scope.resolve(key)?;
    plain_text(&key)
        .map(|text| text.into_owned())
        .ok_or_else(|| TemplateError::new("params", format!("holds a {} where a key should be", key.kind())))
}
