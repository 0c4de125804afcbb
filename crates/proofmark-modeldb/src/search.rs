//! Runs by what they say of themselves.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::{Value as Json, json};

use crate::client::ModelDb;
use crate::listing::{Listing, newest_first};
use crate::run::{Aside, Run};
use crate::{Error, value};

/// So many experiments are asked for one by one; of more, all runs of the project are looked at.
const FEW_EXPERIMENTS: usize = 5;

/// Which runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The id of the project.
    pub project: String,
    /// The ids of the experiments to look in; none is the whole project.
    pub experiments: Vec<String>,
    /// The name that a run must have, exactly.
    pub name: Option<String>,
    /// Tags that a run must have, each of them.
    pub tags: Vec<String>,
    /// Attributes that a run must have: the key, and the values of which it must have one, as text.
    pub attributes: Vec<(String, Vec<String>)>,
    /// How many runs that count at most, the newest ones.
    pub limit: usize,
}

/// Runs that were found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    /// The runs that count, newest first.
    pub runs: Vec<Run>,
    /// Those that fit and do not count, newest first, and why.
    pub aside: Vec<(Run, Aside)>,
    /// Those that may have been meant and cannot be read.
    pub unreadable: Vec<Unreadable>,
    /// Why there may be more of them than these, where that is so: a sentence fragment.
    pub incomplete: Option<String>,
}

/// A run that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Its id.
    pub run: String,
    /// Why: a sentence fragment.
    pub reason: String,
    /// All that it says, in small letters.
    pub(crate) text: String,
}

impl Unreadable {
    /// Whether it may be one that says all this: what it does not say at all it does not say in any field.
    pub(crate) fn may_say(&self, texts: &[String]) -> bool {
        // As JSON has it, without the quotes.
        let written = |text: &String| Json::from(text.to_lowercase()).to_string();
        texts.iter().map(written).all(|text| self.text.contains(text.trim_matches('"')))
    }
}

impl Query {
    /// All runs of a project.
    pub fn of_project(project: impl Into<String>) -> Self {
        Self {
            project: project.into(),
            experiments: Vec::new(),
            name: None,
            tags: Vec::new(),
            attributes: Vec::new(),
            limit: crate::listing::MOST_RUNS,
        }
    }

    /// Whether a run is one of those that are asked for. The server's answer is never taken on trust: it compares text without
    /// regard to letters' case, and numbers after eight decimals.
    pub fn fits(&self, run: &Run) -> bool {
        let has = |key: &String, values: &[String]| {
            run.attributes.get(key).is_some_and(|found| values.iter().any(|value| value::same(found, &json!(value))))
        };
        run.project == self.project
            && (self.experiments.is_empty() || self.experiments.contains(&run.experiment))
            && self.name.as_ref().is_none_or(|name| *name == run.name)
            && self.tags.iter().all(|tag| run.tags.contains(tag))
            && self.attributes.iter().all(|(key, values)| has(key, values))
    }

    /// What a run that is meant says somewhere.
    fn texts(&self) -> Vec<String> {
        let attributes = self.attributes.iter().filter_map(|(_, values)| if let [value] = values.as_slice() { Some(value) } else { None });
        // Numbers are written in more ways than one.
        let attributes = attributes.filter(|value| value.parse::<f64>().is_err());
        self.name.iter().chain(&self.tags).chain(attributes).cloned().collect()
    }

    /// What the server can be asked to leave out, without leaving out any run that is meant.
    fn predicates(&self) -> Vec<Json> {
        let attributes = self.attributes.iter().filter_map(|(key, values)| match values.as_slice() {
            [value] if is_plain_key(key) && is_plain(value) => Some(equal(&format!("attributes.{key}"), value)),
            _ => None,
        });
        let tags = self.tags.iter().filter(|tag| is_plain(tag)).map(|tag| equal("tags", tag));
        let name = self.name.iter().filter(|name| is_plain(name)).map(|name| equal("name", name));
        attributes.chain(tags).chain(name).collect()
    }
}

fn equal(key: &str, value: &str) -> Json {
    json!({"key": key, "value": value, "operator": "EQ"})
}

/// A key that the server takes as it is: it cuts at dots.
pub(crate) fn is_plain_key(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'/'))
}

/// A text that the server surely compares as such: it keeps text with quotes and codes, and newer ones keep a text that is a number
/// as a number.
fn is_plain(text: &str) -> bool {
    let is_safe = |byte: u8| byte.is_ascii_alphanumeric() || b" _-./:@+".contains(&byte);
    let is_number = text.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first)) && text.trim().parse::<f64>().is_ok();
    let is_hexadecimal = text.trim_start_matches(['+', '-']).to_ascii_lowercase().starts_with("0x");
    let may_be_java = text.ends_with(['d', 'D', 'f', 'F', 'l', 'L']) && text.starts_with(|first: char| "0123456789+-.".contains(first));
    !text.is_empty() && text.trim() == text && text.bytes().all(is_safe) && !is_number && !is_hexadecimal && !may_be_java
}

impl ModelDb {
    /// Runs by name, tags and attributes, newest first.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn search(&self, query: &Query) -> Result<Found, Error> {
        let predicates = query.predicates();
        let listing = if predicates.is_empty() { self.all(query)? } else { Rc::new(self.narrowed(query, &predicates)?) };
        Ok(sorted_out(listing.runs.iter().filter(|run| query.fits(run)).cloned().collect(), &listing, query))
    }

    /// Forgets the lists of runs that were read, which several searches share.
    pub fn forget(&self) {
        self.listings.borrow_mut().clear();
    }

    /// All runs that the server finds for these predicates. A server that cannot handle them is asked for all.
    pub(crate) fn narrowed(&self, query: &Query, predicates: &[Json]) -> Result<Listing, Error> {
        let mut parts = Vec::new();
        for experiment in places(query) {
            match self.list(&query.project, experiment, predicates) {
                Ok(part) => parts.push(part),
                Err(error) if matches!(error.status(), Some(400 | 500 | 501)) => return Ok(self.all(query)?.as_ref().clone()),
                Err(error) => return Err(error),
            }
        }
        Ok(joined(parts))
    }

    /// All runs of the query's experiments; read once.
    pub(crate) fn all(&self, query: &Query) -> Result<Rc<Listing>, Error> {
        let mut parts = Vec::new();
        for experiment in places(query) {
            let key = (query.project.clone(), experiment.to_owned());
            let known = self.listings.borrow().get(&key).map(Rc::clone);
            let listing = match known {
                Some(listing) => listing,
                None => {
                    let listing = Rc::new(self.list(&query.project, experiment, &[])?);
                    self.listings.borrow_mut().insert(key, Rc::clone(&listing));
                    listing
                }
            };
            parts.push(listing);
        }
        if let [one] = parts.as_slice() {
            return Ok(Rc::clone(one));
        }
        Ok(Rc::new(joined(parts.iter().map(|part| part.as_ref().clone()).collect())))
    }
}

/// The experiments to ask for; one empty text is all of the project.
fn places(query: &Query) -> Vec<&str> {
    if (1..=FEW_EXPERIMENTS).contains(&query.experiments.len()) { query.experiments.iter().map(String::as_str).collect() } else { vec![""] }
}

fn joined(parts: Vec<Listing>) -> Listing {
    let mut runs = BTreeMap::new();
    let mut all = Listing::default();
    for part in parts {
        runs.extend(part.runs.into_iter().map(|run| (run.id.clone(), run)));
        all.unreadable.extend(part.unreadable);
        all.incomplete = all.incomplete.or(part.incomplete);
    }
    all.runs = runs.into_values().collect();
    newest_first(&mut all.runs);
    all
}

/// Runs that count and those that do not, of runs that are newest first.
fn sorted_out(runs: Vec<Run>, listing: &Listing, query: &Query) -> Found {
    let (limit, texts) = (query.limit, query.texts());
    let unreadable = listing.unreadable.iter().filter(|one| one.may_say(&texts)).cloned().collect();
    let mut found = Found { unreadable, incomplete: listing.incomplete.clone(), ..Found::default() };
    for run in runs {
        match run.aside() {
            Some(why) => found.aside.push((run, why)),
            None => found.runs.push(run),
        }
    }
    if found.runs.len() > limit {
        found.runs.truncate(limit);
        found.incomplete = found.incomplete.or_else(|| Some(format!("only the newest {limit} runs were looked at")));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_server_compares_rightly_is_left_to_it() {
        for plain in ["main", "a1b2c3d4e5f6", "origin/main", "feature.x", "deadbeef"] {
            assert!(is_plain(plain), "{plain}");
        }
        for odd in ["", " a", "1234567", "12345e7", "1.0", "-5", "0x1f", "12d", "a\"b", "<b>", "ü", "a=b"] {
            assert!(!is_plain(odd), "{odd}");
        }
        assert!(is_plain_key("git_sha") && is_plain_key("a/b-c") && !is_plain_key("git.sha") && !is_plain_key(""));
    }
}
