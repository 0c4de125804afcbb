//! Lists: order, pages, and tokens that are bound to order and filter.

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::call::{Call, invalid};
use super::filter::{Field, Filter};
use crate::base64;
use crate::github::answer::Answer;

const USUAL: i64 = 20;
const MOST: i64 = 200;

/// What can be listed.
pub(crate) trait Row {
    /// What the server calls it.
    const NAME: &'static str;
    /// The keys to filter and sort by.
    const KEYS: &'static [&'static str];
    fn id(&self) -> &str;
    fn field(&self, key: &str) -> Field;
}

/// What one request wants to see of a list.
#[derive(Debug, PartialEq)]
pub(crate) struct Listing {
    size: usize,
    sort: String,
    descending: bool,
    filter: Filter,
    /// The first row of this page: its value in the order, and its id.
    start: Option<(Field, String)>,
}

/// The rows of one page.
#[derive(Debug)]
pub(crate) struct Page<T> {
    pub(crate) rows: Vec<T>,
    /// How many there are on all pages.
    pub(crate) total: usize,
    /// Empty on the last page.
    pub(crate) next: String,
}

impl Listing {
    pub(crate) fn of<R: Row>(call: &Call<'_>) -> Result<Self, Answer> {
        let what = "Failed to create list options";
        let size = call.number("page_size")?;
        if size < 0 {
            return Err(invalid(what, &format!("The page size should be greater than 0. Got {size}")));
        }
        let size = usize::try_from(if size == 0 { USUAL } else { size.min(MOST) }).unwrap_or_default();
        let (sort_by, filter) = (call.query("sort_by"), call.query("filter"));
        let (sort, descending) = order::<R>(&sort_by, what)?;
        let filter = Filter::read(&filter, R::KEYS)?;
        let asked = Self { size, sort, descending, filter, start: None };
        let token = call.query("page_token");
        if token.is_empty() {
            return Ok(asked);
        }
        let free = sort_by.is_empty() && call.query("filter").is_empty();
        asked.continued(&token, free, what)
    }

    /// The page that a token begins; `free` where order and filter are the token's to say.
    fn continued(self, token: &str, free: bool, what: &str) -> Result<Self, Answer> {
        let bad = || invalid(what, "Invalid package token");
        let bytes = base64::decode(token).filter(|_| token.len().is_multiple_of(4)).ok_or_else(bad)?;
        let json: Value = serde_json::from_slice(&bytes).map_err(|_| bad())?;
        let (Some(sort), Some(id)) = (json["SortByFieldName"].as_str(), json["KeyFieldValue"].as_str()) else {
            return Err(bad());
        };
        let value = match &json["SortByFieldValue"] {
            Value::String(text) => Field::Text(text.clone()),
            Value::Number(number) => number.as_i64().map_or_else(|| Field::Real(number.as_f64().unwrap_or_default()), Field::Number),
            _ => return Err(bad()),
        };
        let same = sort == self.sort && json["IsDesc"] == self.descending && json["Filter"] == self.filter.to_json();
        if !free && !same {
            let shown = "page token does not match the supplied sort by and/or filtering criteria. Either specify the same criteria or \
                         leave the latter empty if page token is specified";
            return Err(invalid(what, shown));
        }
        let filter = if same { self.filter } else { refilter(&json["Filter"]) };
        let descending = json["IsDesc"] == true;
        Ok(Self { size: self.size, sort: sort.to_owned(), descending, filter, start: Some((value, id.to_owned())) })
    }

    /// The rows of this page.
    pub(crate) fn cut<'a, R: Row>(&self, rows: impl Iterator<Item = &'a R>) -> Page<&'a R> {
        let kept = rows.filter(|row| self.filter.is_empty() || self.filter.admits(|key| row.field(key)));
        let mut keyed: Vec<_> = kept.map(|row| (row.field(&self.sort), row)).collect();
        let total = keyed.len();
        let compare = |(one, row): &(Field, &R), other: &Field, id: &str| {
            let order = one.partial_cmp(other).unwrap_or(Ordering::Equal).then_with(|| row.id().cmp(id));
            if self.descending { order.reverse() } else { order }
        };
        if let Some((value, id)) = &self.start {
            keyed.retain(|row| compare(row, value, id) != Ordering::Less);
        }
        keyed.sort_by(|one, (value, row)| compare(one, value, row.id()));
        let next = keyed.get(self.size).map(|(value, row)| self.token(value, row.id())).unwrap_or_default();
        Page { rows: keyed.into_iter().take(self.size).map(|(_, row)| row).collect(), total, next }
    }

    fn token(&self, value: &Field, id: &str) -> String {
        let value = match value {
            Field::Text(text) => json!(text),
            Field::Number(number) => json!(number),
            Field::Real(number) => json!(number),
        };
        let token = json!({
            "SortByFieldName": self.sort,
            "SortByFieldValue": value,
            "KeyFieldName": "UUID",
            "KeyFieldValue": id,
            "IsDesc": self.descending,
            "Filter": self.filter.to_json(),
        });
        base64::encode(token.to_string().as_bytes())
    }
}

/// `field`, `field asc` or `field desc`, in any case.
fn order<R: Row>(text: &str, what: &str) -> Result<(String, bool), Answer> {
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower.split_whitespace().collect();
    let (field, descending) = match words.as_slice() {
        [] => ("created_at", false),
        [field] | [field, "asc"] => (*field, false),
        [field, "desc"] => (*field, true),
        _ => {
            let known = "Supported format: \"field_name\", \"field_name desc\", or \"field_name asc\"";
            return Err(invalid(what, &format!("Received invalid sort by format \"{text}\". {known}")));
        }
    };
    if !R::KEYS.contains(&field) {
        return Err(invalid(what, &format!("Invalid sorting field: \"{field}\" on listable type {}", R::NAME)));
    }
    Ok((field.to_owned(), descending))
}

/// The filter that a token carries.
fn refilter(json: &Value) -> Filter {
    let rows = json.as_array().map(Vec::as_slice).unwrap_or_default();
    Filter::of_token(rows)
}
