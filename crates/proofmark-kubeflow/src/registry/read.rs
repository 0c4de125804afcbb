//! Finding one, and reading all pages.

use std::collections::BTreeSet;

use proofmark_http::api::Call;
use serde_json::Value;

use super::model::is_id;
use super::{Registry, refusal};
use crate::Error;

/// Items of one page.
const PAGE: &str = "100";
/// Items of one list at most. Whoever has more gets an error and not a part.
const MOST: usize = 20_000;
/// Pages of one list at most: a server may make them small.
const MOST_PAGES: usize = 2_000;

/// How something is read from an item.
pub(super) type Read<T> = fn(&Value) -> Result<T, &'static str>;

impl Registry {
    /// A question to the API.
    pub(super) fn get(&self, what: &str) -> Call {
        Call::get(what, format!("{}/{what}", self.path))
    }

    /// What a question finds; nothing where the API says that there is none.
    pub(super) fn one<T>(&self, call: &Call, read: Read<T>) -> Result<Option<T>, Error> {
        let found: Option<Value> = self.api.found(call).map_err(refusal)?;
        found.map(|value| read(&value).map_err(|why| self.api.strange(call, why).into())).transpose()
    }

    pub(super) fn by_id<T>(&self, what: &str, id: &str, read: Read<T>) -> Result<Option<T>, Error> {
        if is_id(id) { self.one(&self.get(what).part(id), read) } else { Ok(None) }
    }

    /// The one of a name. Servers compare names as SQL's LIKE does, so `v_1` also finds `v-1`, or finds two and says none.
    pub(super) fn named<T>(&self, call: Call, all: &Call, name: &str, read: Read<T>, own: fn(&T) -> &String) -> Result<Option<T>, Error> {
        if name.is_empty() {
            return Ok(None);
        }
        match self.one(&call, read)? {
            Some(found) if own(&found) == name => return Ok(Some(found)),
            None if !name.contains(['_', '%', '\\']) => return Ok(None),
            Some(_) | None => {}
        }
        Ok(self.all(all, read)?.into_iter().find(|item| own(item) == name))
    }

    /// All items of all pages, in the order of their ids.
    pub(super) fn all<T>(&self, call: &Call, read: Read<T>) -> Result<Vec<T>, Error> {
        let (mut items, mut ids, mut tokens) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
        let mut token = None;
        for _ in 0..MOST_PAGES {
            // By anything else a list can change its order between two pages.
            let page = call.clone().with("pageSize", PAGE).with("orderBy", "ID").with("sortOrder", "ASC");
            let page = page.with_some("nextPageToken", token.as_deref());
            let answer: Value = self.api.json(&page).map_err(refusal)?;
            let Some(list) = answer.get("items").and_then(Value::as_array) else {
                return Err(self.api.strange(&page, "it has no list of items").into());
            };
            for value in list {
                let item = read(value).map_err(|why| self.api.strange(&page, why))?;
                if super::model::id(value).is_ok_and(|id| ids.insert(id)) {
                    items.push(item);
                }
            }
            if items.len() > MOST {
                return Err(self.api.strange(&page, &format!("there are more than the {MOST} items that are read")).into());
            }
            match answer.get("nextPageToken").and_then(Value::as_str).filter(|token| !token.is_empty()) {
                None => return Ok(items),
                Some(next) if tokens.insert(next.to_owned()) => token = Some(next.to_owned()),
                Some(_) => return Err(self.api.strange(&page, "its pages go round in a circle").into()),
            }
        }
        Err(self.api.strange(call, &format!("there are more than the {MOST_PAGES} pages that are read")).into())
    }
}
