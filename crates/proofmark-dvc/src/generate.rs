//! Stages made from one definition: `foreach` with `do`, and `matrix`.

use std::borrow::Cow;
use std::collections::HashMap;

use proofmark_core::value::{Kind, Value};

use crate::template::{Bound, Item, Items, Scope, TemplateError, parse, plain_text, whole};

/// Stages that one `dvc.yaml` may generate.
pub(crate) const MAX_STAGES: usize = 10_000;
/// Lists that one `matrix` may have.
const MAX_AXES: usize = 32;

/// What a definition's stages go by.
#[derive(Debug)]
pub(crate) enum Iteration<'c> {
    /// `foreach`: key and item; whether the key is known to templates.
    Foreach { items: Vec<(String, Item<'c>)>, with_key: bool },
    /// `matrix`: the lists by their names.
    Matrix(Vec<(String, Vec<Item<'c>>)>),
}

impl<'c> Iteration<'c> {
    /// Reads `foreach` data: a list, a mapping, or one template that is one of them.
    pub(crate) fn foreach(data: &Value, scope: &Scope<'c>) -> Result<Self, TemplateError> {
        let source = Item::read(data, scope)?;
        let (items, with_key) = match &*source.value {
            Value::List(list) => {
                let children = children(&source, list.iter().enumerate().map(|(at, value)| (at.to_string(), value)), scope)?;
                let composite = children.iter().any(|(_, item)| matches!(item.value.kind(), Kind::List | Kind::Map));
                let mut keyed = Vec::new();
                for (index, item) in children {
                    let key = if composite { index } else { plain_text(&item.value).unwrap_or_default().into_owned() };
                    scope.ledger.spend(key.len(), "foreach")?;
                    keyed.push((key, item));
                }
                (unique(keyed.into_iter()), false)
            }
            Value::Map(map) => (children(&source, map.iter().map(|(key, value)| (key.clone(), value)), scope)?, true),
            other => return Err(TemplateError::new("foreach", format!("is a {} and neither a list nor a mapping", other.kind()))),
        };
        check_count(Some(items.len()))?;
        Ok(Self::Foreach { items, with_key })
    }

    /// Reads `matrix` data: a mapping of lists, or of templates that are lists.
    pub(crate) fn matrix(data: &Value, scope: &Scope<'c>) -> Result<Self, TemplateError> {
        let source = Item::read(data, scope)?;
        let Value::Map(map) = &*source.value else {
            return Err(TemplateError::new("matrix", format!("is a {} and not a mapping", source.value.kind())));
        };
        let mut lists = Vec::new();
        for (name, list) in map {
            let axis = match source.child(name, scope)? {
                Some(axis) => axis,
                None => Item::read(list, scope)?,
            };
            let name = scope.resolve_string(name)?.into_owned();
            let Value::List(list) = &*axis.value else {
                return Err(TemplateError::new("matrix", format!("has `{name}`, a {} and not a list", axis.value.kind())));
            };
            let items = children(&axis, list.iter().enumerate().map(|(at, value)| (at.to_string(), value)), scope)?;
            lists.push((name, items.into_iter().map(|(_, item)| item).collect::<Vec<_>>()));
        }
        if lists.len() > MAX_AXES {
            return Err(TemplateError::new("matrix", format!("has more than {MAX_AXES} lists")));
        }
        let count = check_count(lists.iter().try_fold(1_usize, |product, (_, list)| product.checked_mul(list.len())))?;
        let longest = |list: &[Item<'_>]| list.iter().filter_map(|item| plain_text(&item.value)).map(|text| text.len()).max();
        let key_bytes: usize = lists.iter().map(|(name, list)| longest(list).unwrap_or(name.len()) + 8).sum();
        scope.ledger.spend(count.saturating_mul(key_bytes), "matrix")?;
        Ok(Self::Matrix(if count == 0 { vec![(String::new(), Vec::new())] } else { lists }))
    }

    /// The key of each stage, and what `item` and `key` are in it.
    pub(crate) fn stages(&self) -> Vec<(String, Bound<'_>)> {
        match self {
            Self::Foreach { items, with_key } => items
                .iter()
                .map(|(key, item)| (key.clone(), Bound { key: with_key.then(|| Value::Text(key.clone())), item: Items::One(item) }))
                .collect(),
            Self::Matrix(lists) => unique(combinations(lists).into_iter().map(|(key, items)| {
                let bound = Bound { key: Some(Value::Text(key.clone())), item: Items::Many(items) };
                (key, bound)
            })),
        }
    }
}

impl<'c> Item<'c> {
    /// A value, or what stands behind it if it is one template from end to end.
    fn read(value: &Value, scope: &Scope<'c>) -> Result<Self, TemplateError> {
        if let Some(inner) = value.as_text().and_then(whole) {
            let path = parse(inner);
            let value = scope.lookup(inner)?.value;
            return Ok(Self { path, value });
        }
        let value = match value {
            // Left for later: each element is read on its own.
            Value::List(_) | Value::Map(_) => value.clone(),
            other => scope.resolve(other)?,
        };
        Ok(Self { path: None, value: Cow::Owned(value) })
    }

    /// An element of something in the context; `None` for literal data.
    fn child(&self, key: &str, scope: &Scope<'c>) -> Result<Option<Self>, TemplateError> {
        let Some(mut path) = self.path.clone() else { return Ok(None) };
        path.push(key.to_owned());
        let (selected, _) = scope.find(&path).ok_or_else(|| TemplateError::new(path.join("."), "cannot be found"))?;
        Ok(Some(Self { path: Some(path), value: selected.value }))
    }
}

/// The elements of a list or mapping as items; texts in literal data are templates.
fn children<'v, 'c>(
    parent: &Item<'c>,
    entries: impl Iterator<Item = (String, &'v Value)>,
    scope: &Scope<'c>,
) -> Result<Vec<(String, Item<'c>)>, TemplateError> {
    let mut items = Vec::new();
    for (key, value) in entries {
        let Some(item) = parent.child(&key, scope)? else {
            let item = match value {
                Value::List(_) | Value::Map(_) => Item { path: None, value: Cow::Owned(scope.resolve(value)?) },
                _ => Item::read(value, scope)?,
            };
            items.push((scope.resolve_string(&key)?.into_owned(), item));
            continue;
        };
        items.push((key, item));
        if items.len() > MAX_STAGES {
            break;
        }
    }
    Ok(items)
}

/// The cartesian product, the first list slowest; names as DVC makes them.
fn combinations<'i>(lists: &'i [(String, Vec<Item<'i>>)]) -> Vec<(String, Vec<(&'i str, &'i Item<'i>)>)> {
    let mut rows = vec![(String::new(), Vec::new())];
    for (column, (name, list)) in lists.iter().enumerate() {
        let longer = rows.iter().flat_map(|(key, items)| {
            list.iter().enumerate().map(move |(index, item)| {
                let fragment = plain_text(&item.value).unwrap_or_else(|| Cow::Owned(format!("{name}{index}")));
                let key = if column == 0 { fragment.into_owned() } else { format!("{key}-{fragment}") };
                let mut items: Vec<(&str, &Item<'_>)> = items.clone();
                items.push((name.as_str(), item));
                (key, items)
            })
        });
        rows = longer.collect();
    }
    rows
}

/// Equal keys keep their first place and their last value, as in a Python dictionary.
fn unique<T>(entries: impl Iterator<Item = (String, T)>) -> Vec<(String, T)> {
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut kept: Vec<(String, T)> = Vec::new();
    for (key, value) in entries {
        match places.get(&key) {
            Some(&place) => kept[place].1 = value,
            None => {
                places.insert(key.clone(), kept.len());
                kept.push((key, value));
            }
        }
    }
    kept
}

fn check_count(count: Option<usize>) -> Result<usize, TemplateError> {
    count.filter(|&count| count <= MAX_STAGES).ok_or_else(|| TemplateError::new("stages", format!("are more than {MAX_STAGES} here")))
}
