//! The few GraphQL operations that clients of ours send, known by their shape and not by a grammar.
//!
//! Only what the query names is answered, so that a client which forgets to ask for a field does not get it.

use serde_json::{Value, json};

use super::answer::{Answer, Outcome};
use super::call::Call;
use super::comments::Comment;
use super::token::Level;

const CLASSIFIERS: [&str; 6] = ["ABUSE", "DUPLICATE", "OFF_TOPIC", "OUTDATED", "RESOLVED", "SPAM"];

/// A query with its variables.
struct Query {
    text: String,
    variables: Value,
}

pub(crate) fn answer(call: &mut Call<'_>) -> Outcome {
    if call.token.is_none() {
        let message = "This endpoint requires you to be authenticated.";
        return Err(Answer::error(401, message));
    }
    let body = call.body()?;
    let Some(text) = body["query"].as_str() else {
        return Ok(failed("A query attribute must be specified and must be a string.", None, ""));
    };
    let query = Query { text: text.to_owned(), variables: body["variables"].clone() };
    if text.matches('{').count() != text.matches('}').count() || !text.contains('{') {
        return Ok(failed("Parse error on end of file", None, ""));
    }
    Ok(match () {
        () if query.names("minimizeComment") => minimize(call, &query, true),
        () if query.names("unminimizeComment") => minimize(call, &query, false),
        () if query.names("viewer") => viewer(call),
        () if query.names("nodes") && query.text.contains("ids") => nodes(call, &query),
        () if query.names("node") => node(call, &query),
        () => failed("Field is not known to this server", Some("undefinedField"), ""),
    })
}

impl Query {
    /// Whether the word stands alone in the query: `minimizeComment` is not in `unminimizeComment`.
    fn names(&self, word: &str) -> bool {
        self.text.split(|letter: char| !letter.is_alphanumeric() && letter != '_').any(|part| part == word)
    }

    /// The value of an argument: a literal, a variable, or a field of a variable that is a whole input.
    fn argument(&self, name: &str) -> Value {
        let alone = |at: usize| {
            !self.text.get(..at).is_some_and(|before| before.ends_with(|letter: char| letter == '$' || letter.is_alphanumeric()))
        };
        let places = self.text.match_indices(name).filter(|(at, _)| alone(*at));
        let mut rests = places.filter_map(|(at, _)| self.text.get(at + name.len()..)?.trim_start().strip_prefix(':'));
        let after = rests.next();
        let Some(after) = after.map(str::trim_start) else {
            return self.variables["input"][name].clone();
        };
        let word = |text: &str| text.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next().unwrap_or_default().to_owned();
        if let Some(variable) = after.strip_prefix('$') {
            return self.variables[word(variable)].clone();
        }
        match after.strip_prefix('"') {
            Some(literal) => json!(literal.split('"').next()),
            None => json!(word(after)),
        }
    }

    /// Whether the query asks for the field: neither a variable nor an argument of that name does.
    fn selects(&self, field: &str) -> bool {
        let part_of_name = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '$';
        self.text.match_indices(field).any(|(at, _)| {
            let (before, after) = (self.text.get(..at).unwrap_or_default(), self.text.get(at + field.len()..).unwrap_or_default());
            !before.ends_with(part_of_name) && !after.starts_with(part_of_name) && !after.trim_start().starts_with(':')
        })
    }

    fn keep(&self, fields: Value) -> Value {
        match fields {
            Value::Object(fields) => fields.into_iter().filter(|(name, _)| self.selects(name)).collect(),
            other => other,
        }
    }
}

fn minimize(call: &mut Call<'_>, query: &Query, hide: bool) -> Answer {
    let field = if hide { "minimizeComment" } else { "unminimizeComment" };
    let id = query.argument("subjectId");
    let Some(id) = id.as_str().map(str::to_owned) else {
        return failed("Variable $input of type was provided invalid value for subjectId (Expected value to not be null)", None, "");
    };
    let Some(repository) = find(call, &id).map(|(repository, _)| repository) else {
        return failed(&format!("Could not resolve to a node with the global id of '{id}'"), Some("NOT_FOUND"), field);
    };
    let token = call.token.as_ref();
    if !token.is_some_and(|token| token.level("issues") == Level::Write || token.level("pull_requests") == Level::Write) {
        return failed("Resource not accessible by integration", Some("FORBIDDEN"), field);
    }
    let classifier = query.argument("classifier");
    let classifier = classifier.as_str().unwrap_or_default();
    if hide && !CLASSIFIERS.contains(&classifier) {
        let message = format!(
            "Argument 'classifier' on InputObject 'MinimizeCommentInput' has an invalid value ({classifier}). Expected type 'ReportedContentClassifiers!'."
        );
        return failed(&message, None, field);
    }
    let reason = hide.then(|| classifier.to_ascii_lowercase().replace('_', "-"));
    let comments = call.world.repositories.get_mut(&repository).map(|repository| &mut repository.comments);
    let comment = comments.and_then(|comments| comments.values_mut().find(|comment| comment.node_id() == id));
    if let Some(comment) = comment {
        comment.minimized.clone_from(&reason);
    }
    let state = query.keep(json!({"isMinimized": hide, "minimizedReason": reason, "viewerCanMinimize": true, "id": id}));
    let inner = if hide { "minimizedComment" } else { "unminimizedComment" };
    Answer::ok(json!({"data": {field: query.keep(json!({inner: state, "clientMutationId": null}))}}))
}

fn viewer(call: &Call<'_>) -> Answer {
    Answer::ok(json!({"data": {"viewer": {"login": call.login()}}}))
}

fn node(call: &Call<'_>, query: &Query) -> Answer {
    let id = query.argument("id");
    let id = id.as_str().unwrap_or_default();
    match find(call, id) {
        Some((_, comment)) => Answer::ok(json!({"data": {"node": shape(query, comment)}})),
        None => failed(&format!("Could not resolve to a node with the global id of '{id}'"), Some("NOT_FOUND"), "node"),
    }
}

fn nodes(call: &Call<'_>, query: &Query) -> Answer {
    let ids = query.argument("ids");
    let ids = ids.as_array().into_iter().flatten().filter_map(Value::as_str);
    let found: Vec<Value> = ids.map(|id| find(call, id).map_or(Value::Null, |(_, comment)| shape(query, comment))).collect();
    Answer::ok(json!({"data": {"nodes": found}}))
}

/// The comment of a global id that the caller may see, and its repository.
fn find<'a>(call: &'a Call<'_>, id: &str) -> Option<(String, &'a Comment)> {
    let visible = call.world.repositories.iter().filter(|(name, _)| call.sees(name));
    let mut found = visible.filter_map(|(name, repository)| {
        let comment = repository.comments.values().find(|comment| comment.node_id() == id)?;
        Some((name.clone(), comment))
    });
    found.next()
}

fn shape(query: &Query, comment: &Comment) -> Value {
    // Unlike REST, GraphQL names bots without the suffix.
    let login = comment.login.trim_end_matches("[bot]");
    query.keep(json!({
        "id": comment.node_id(),
        "databaseId": comment.id,
        "isMinimized": comment.minimized.is_some(),
        "minimizedReason": comment.minimized,
        "body": comment.body,
        "author": {"login": login},
    }))
}

/// Errors come with status 200.
fn failed(message: &str, kind: Option<&str>, path: &str) -> Answer {
    let mut error = json!({"message": message, "locations": [{"line": 1, "column": 1}]});
    if let Some(kind) = kind {
        error["type"] = json!(kind);
    }
    if path.is_empty() {
        return Answer::ok(json!({"errors": [error]}));
    }
    error["path"] = json!([path]);
    Answer::ok(json!({"data": {path: null}, "errors": [error]}))
}
