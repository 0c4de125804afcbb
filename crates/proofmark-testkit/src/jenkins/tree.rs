//! The parameter `tree`: which fields of a document are wanted, and which rows of its lists.

use serde_json::{Map, Value};

/// A field that is wanted.
#[derive(Debug, PartialEq)]
struct Wanted {
    name: String,
    inner: Vec<Self>,
    rows: Option<(usize, usize)>,
}

/// The document with the fields that `tree` names, like `jobs[name,builds[number]{0,5}]`; `None` where it cannot be read.
pub(crate) fn filtered(document: &Value, tree: &str) -> Option<Value> {
    let mut rest = tree;
    let wanted = list(&mut rest)?;
    rest.is_empty().then(|| kept(document, &wanted))
}

/// The document as it is without a tree, at depth 0: of other exported objects only what they are called and where.
pub(crate) fn stubs(mut document: Value) -> Value {
    for field in ["jobs", "builds", "firstBuild", "lastBuild", "executable"] {
        match document.get_mut(field) {
            Some(Value::Array(rows)) => rows.iter_mut().for_each(stub),
            Some(one) => stub(one),
            None => {}
        }
    }
    document
}

fn stub(value: &mut Value) {
    if let Value::Object(fields) = value {
        fields.retain(|name, _| ["_class", "name", "number", "url", "color"].contains(&name.as_str()));
    }
}

fn list(rest: &mut &str) -> Option<Vec<Wanted>> {
    let mut all = Vec::new();
    loop {
        let end = rest.find(['[', ']', '{', ',']).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        *rest = after;
        let mut wanted = Wanted { name: name.trim().to_owned(), inner: Vec::new(), rows: None };
        if wanted.name.is_empty() {
            return None;
        }
        if let Some(inner) = rest.strip_prefix('[') {
            *rest = inner;
            wanted.inner = list(rest)?;
            *rest = rest.strip_prefix(']')?;
        }
        if let Some(range) = rest.strip_prefix('{') {
            let (range, after) = range.split_once('}')?;
            *rest = after;
            wanted.rows = Some(rows(range)?);
        }
        all.push(wanted);
        match rest.strip_prefix(',') {
            Some(after) => *rest = after,
            None => return Some(all),
        }
    }
}

/// `{M,N}` from M to before N, `{M,}`, `{,N}`, `{N}` the one.
fn rows(range: &str) -> Option<(usize, usize)> {
    match range.split_once(',') {
        None => range.parse().ok().map(|only: usize| (only, only + 1)),
        Some((from, to)) => {
            let number = |text: &str, otherwise| if text.is_empty() { Some(otherwise) } else { text.parse().ok() };
            Some((number(from, 0)?, number(to, usize::MAX)?))
        }
    }
}

fn kept(value: &Value, wanted: &[Wanted]) -> Value {
    match value {
        Value::Array(rows) => Value::Array(rows.iter().map(|row| kept(row, wanted)).collect()),
        Value::Object(fields) => {
            let mut kept_fields = Map::new();
            // Exported objects always say what they are.
            if let Some(class) = fields.get("_class") {
                kept_fields.insert("_class".to_owned(), class.clone());
            }
            for one in wanted {
                let chosen = fields.iter().filter(|(name, _)| one.name == "*" || **name == one.name);
                for (name, value) in chosen {
                    let value = cut(value, one.rows);
                    let value = if one.inner.is_empty() { shallow(&value) } else { kept(&value, &one.inner) };
                    kept_fields.insert(name.clone(), value);
                }
            }
            Value::Object(kept_fields)
        }
        other => other.clone(),
    }
}

fn cut(value: &Value, rows: Option<(usize, usize)>) -> Value {
    match (value, rows) {
        (Value::Array(all), Some((from, to))) => Value::Array(all.iter().skip(from).take(to.saturating_sub(from)).cloned().collect()),
        _ => value.clone(),
    }
}

/// Without a list of its own fields, an exported object tells its class alone.
fn shallow(value: &Value) -> Value {
    match value {
        Value::Array(rows) => Value::Array(rows.iter().map(shallow).collect()),
        Value::Object(fields) => fields.get("_class").map_or_else(|| value.clone(), |class| serde_json::json!({"_class": class})),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_and_rows_are_chosen() {
        let document =
            json!({"_class": "J", "a": 1, "builds": [{"_class": "B", "number": 3, "x": {"y": 1, "z": 2}}, {"_class": "B", "number": 2}]});
        let of = |tree: &str| filtered(&document, tree).expect("a tree");
        assert_eq!(of("a"), json!({"_class": "J", "a": 1}));
        assert_eq!(of("builds[number]{0,1}"), json!({"_class": "J", "builds": [{"_class": "B", "number": 3}]}));
        assert_eq!(of("builds[x[z]]{,1},a"), json!({"_class": "J", "a": 1, "builds": [{"_class": "B", "x": {"z": 2}}]}));
        assert_eq!(of("builds[number]{1}"), json!({"_class": "J", "builds": [{"_class": "B", "number": 2}]}));
        assert_eq!(of("builds"), json!({"_class": "J", "builds": [{"_class": "B"}, {"_class": "B"}]}));
        assert_eq!(of("*"), json!({"_class": "J", "a": 1, "builds": [{"_class": "B"}, {"_class": "B"}]}));
        for broken in ["", "a[", "a]", "a[b", "a{x}", ",a"] {
            assert_eq!(filtered(&document, broken), None, "{broken}");
        }
    }
}
