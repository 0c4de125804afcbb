//! Pages of results: the base64 of `{"offset": N}`, which knows nothing of the query it came with.

use serde_json::Value;

use super::call::{Call, invalid, wrong_parameter};
use super::world::Version;
use crate::base64;
use crate::github::answer::Answer;

/// What one request sees of a list.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Page {
    offset: usize,
    size: usize,
    /// A page that is full has a next one, even if that is empty.
    eager: bool,
}

impl Page {
    /// From `max_results` and `page_token`.
    pub(crate) fn of(call: &Call<'_>, usual: i64, most: i64) -> Result<Self, Answer> {
        let size = call.number("max_results")?.unwrap_or(usual);
        if size > most {
            let query = call.request.method == "GET";
            let (shown, kind) = if query { (format!("\"{size}\""), "str") } else { (size.to_string(), "int") };
            return Err(wrong_parameter("max_results", &shown, kind));
        }
        if size < 1 {
            return Err(positive(size));
        }
        Ok(Self { offset: offset(call)?, size: usize::try_from(size).unwrap_or(usize::MAX), eager: false })
    }

    /// The same for a search of runs, where MLflow 2 does not look whether there are more.
    pub(crate) fn of_runs(call: &Call<'_>, usual: i64, most: i64) -> Result<Self, Answer> {
        Ok(Self { eager: call.version == Version::Old, ..Self::of(call, usual, most)? })
    }

    /// The rows of this page, and the token of the next one if there is one.
    pub(crate) fn cut<T>(self, rows: Vec<T>) -> (Vec<T>, Value) {
        let end = self.offset.saturating_add(self.size);
        let next = if rows.len() > end || self.eager && rows.len() == end { Value::String(token(end)) } else { Value::Null };
        (rows.into_iter().skip(self.offset).take(self.size).collect(), next)
    }
}

/// The words for a size below 1.
pub(crate) fn positive(size: i64) -> Answer {
    invalid(&format!("Invalid value {size} for parameter 'max_results' supplied. It must be a positive integer"))
}

fn token(offset: usize) -> String {
    base64::encode(format!("{{\"offset\": {offset}}}").as_bytes())
}

fn offset(call: &Call<'_>) -> Result<usize, Answer> {
    let Some(token) = call.text("page_token") else {
        return Ok(0);
    };
    let bytes = base64::decode(&token).filter(|_| token.len() % 4 == 0);
    let bytes = bytes.ok_or_else(|| invalid("Invalid page token, could not base64-decode"))?;
    let parsed: Value = serde_json::from_slice(&bytes).map_err(|_| invalid("Invalid page token, decoded value is not JSON"))?;
    let offset = parsed.get("offset").and_then(Value::as_u64).and_then(|offset| usize::try_from(offset).ok());
    offset.ok_or_else(|| invalid(&format!("Invalid page token, parsed value: {parsed}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Request;

    #[test]
    fn the_token_is_the_recorded_one_and_leads_on() {
        let cut = |query: &str| {
            let request = Request { method: "GET".to_owned(), query: query.to_owned(), ..Request::default() };
            let call = Call::new(&request, Version::New).expect("a GET needs nothing");
            Page::of(&call, 2, 3).map(|page| page.cut(vec![1, 2, 3])).map_err(|answer| answer.status)
        };
        assert_eq!(cut(""), Ok((vec![1, 2], "eyJvZmZzZXQiOiAyfQ==".into())));
        assert_eq!(cut("page_token=eyJvZmZzZXQiOiAyfQ%3D%3D"), Ok((vec![3], Value::Null)));
        assert_eq!(cut("max_results=3"), Ok((vec![1, 2, 3], Value::Null)));
        for wrong in ["page_token=zzz", "page_token=zzzz", "max_results=4", "max_results=0", "max_results=x"] {
            assert_eq!(cut(wrong), Err(400), "{wrong}");
        }
    }
}
