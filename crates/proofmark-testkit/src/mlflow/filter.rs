//! MLflow's filters: clauses that are joined by AND, as its parser and an SQLite store understand them.

mod tokens;

use std::cmp::Ordering;

use self::tokens::{Token, split};
use super::call::invalid;
use super::world::Version;
use crate::github::answer::Answer;

/// What a search looks in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Experiments,
    Runs,
    LoggedModels,
    RegisteredModels,
    ModelVersions,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Attribute,
    Metric,
    Parameter,
    Tag,
    Dataset,
}

/// One condition.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Clause {
    pub(crate) kind: Kind,
    pub(crate) key: String,
    pub(crate) operator: String,
    pub(crate) operand: Operand,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Operand {
    Nothing,
    Number(f64),
    Text(String),
    List(Vec<String>),
}

/// A value that a row has under a key.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Field {
    Number(f64),
    Text(String),
}

const RUN_KEYS: [&str; 12] = [
    "status",
    "Run name",
    "Created",
    "run_name",
    "artifact_uri",
    "run_id",
    "run name",
    "end_time",
    "created",
    "user_id",
    "Run Name",
    "start_time",
];
const NUMBERS: [&str; 11] = [
    "start_time",
    "end_time",
    "created",
    "Created",
    "creation_time",
    "last_update_time",
    "version_number",
    "creation_timestamp",
    "last_updated_timestamp",
    "creation_timestamp_ms",
    "last_updated_timestamp_ms",
];

impl Target {
    pub(crate) fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Experiments => &["name", "creation_time", "last_update_time", "experiment_id"],
            Self::Runs => &RUN_KEYS,
            Self::LoggedModels => {
                &["name", "model_id", "model_type", "status", "source_run_id", "creation_timestamp", "last_updated_timestamp"]
            }
            Self::RegisteredModels => &["name"],
            Self::ModelVersions => &["name", "version_number", "run_id", "source_path"],
        }
    }

    fn kind(self, word: &str) -> Result<Kind, Answer> {
        let word = bare(word);
        let kind = match word {
            "attribute" | "attributes" | "attr" | "run" => Some(Kind::Attribute),
            "tag" | "tags" => Some(Kind::Tag),
            "metric" | "metrics" => Some(Kind::Metric),
            "param" | "params" | "parameter" | "parameters" => Some(Kind::Parameter),
            "dataset" | "datasets" => Some(Kind::Dataset),
            _ => None,
        };
        let plain = matches!(kind, Some(Kind::Attribute | Kind::Tag));
        let valid = match self {
            Self::Runs | Self::LoggedModels => "Valid values are ['metric', 'parameter', 'tag', 'attribute', 'dataset']",
            _ => "Valid entity types are ('attribute', 'tag', 'tags')",
        };
        match kind {
            Some(kind) if plain || matches!(self, Self::Runs | Self::LoggedModels) => Ok(kind),
            _ => Err(invalid(&format!("Invalid entity type '{word}'. {valid}"))),
        }
    }

    fn identifier(self, text: &str) -> Result<(Kind, String), Answer> {
        let (kind, key) = match text.split_once('.') {
            Some((word, key)) => (self.kind(word)?, bare(key)),
            None => (Kind::Attribute, bare(text)),
        };
        if kind == Kind::Attribute && !self.keys().contains(&key) {
            return Err(unknown_key(key, self.keys()));
        }
        if kind == Kind::Dataset && !["name", "digest", "context"].contains(&key) {
            return Err(invalid(&format!("Invalid dataset key '{key}' specified. Valid keys are '{{'name', 'digest', 'context'}}'")));
        }
        let key = match key {
            "created" | "Created" => "start_time",
            "run name" | "Run name" | "Run Name" => "run_name",
            other => other,
        };
        Ok((kind, key.to_owned()))
    }
}

fn unknown_key(key: &str, keys: &[&str]) -> Answer {
    let keys: Vec<_> = keys.iter().map(|key| format!("'{key}'")).collect();
    invalid(&format!("Invalid attribute key '{key}' specified. Valid keys are '{{{}}}'", keys.join(", ")))
}

/// All clauses of a filter.
pub(crate) fn parse(text: &str, target: Target, version: Version) -> Result<Vec<Clause>, Answer> {
    let tokens = split(text);
    if tokens.is_empty() && !text.is_empty() {
        return Err(invalid(&format!("Invalid filter '{text}'. Could not be parsed.")));
    }
    if tokens.iter().position(|token| *token == Token::Semicolon).is_some_and(|at| at + 1 < tokens.len()) {
        return Err(invalid(&format!("Search filter contained multiple expression {text:?}. Provide AND-ed expression list.")));
    }
    let (mut clauses, mut odd, mut rest) = (Vec::new(), Vec::new(), tokens.as_slice());
    while let [first, after @ ..] = rest {
        rest = after;
        match (first, after) {
            (Token::Word(name), [Token::Operator(operator), value, after @ ..])
                if !matches!(value, Token::Operator(_)) && !first.is_keyword() =>
            {
                rest = after;
                let negated = operator.strip_prefix("NOT ").is_some_and(|operator| !matches!(operator, "IN" | "LIKE" | "ILIKE"));
                if negated { odd.push(operator.clone()) } else { clauses.push((name, operator, Some(value))) }
            }
            (Token::Word(name), [Token::Null(operator), after @ ..]) if version == Version::New && !first.is_keyword() => {
                rest = after;
                clauses.push((name, operator, None));
            }
            (Token::Null(operator), _) => odd.extend(operator.split(' ').map(str::to_owned)),
            (Token::Word(word), _) if word.eq_ignore_ascii_case("and") => {}
            (other, _) => odd.push(other.text()),
        }
    }
    if !odd.is_empty() {
        let odd: Vec<_> = odd.iter().map(|token| format!("'{token}'")).collect();
        return Err(invalid(&format!("Invalid clause(s) in filter string: {}", odd.join(", "))));
    }
    clauses.into_iter().map(|(name, operator, value)| clause(target, version, name, operator, value)).collect()
}

fn clause(target: Target, version: Version, name: &str, operator: &str, value: Option<&Token>) -> Result<Clause, Answer> {
    if !is_identifier(name) {
        return Err(invalid(&format!("Invalid comparison clause. Expected 'Identifier' found '{name}'")));
    }
    if version == Version::Old && matches!(value, Some(Token::List(_, text)) if text.contains('"')) {
        let message = "While parsing a list in the query, expected a non-empty list of string values, but got ill-formed list.";
        return Err(invalid(message));
    }
    let (kind, key) = target.identifier(name)?;
    let number = kind == Kind::Metric || kind == Kind::Attribute && NUMBERS.contains(&key.as_str());
    let operand = match value {
        None if matches!(kind, Kind::Tag | Kind::Parameter) => Operand::Nothing,
        None => {
            let what = if number { "metric" } else { "attribute" };
            let message = format!("IS NULL / IS NOT NULL is only supported for tags and params, not for '{what}' '{key}'");
            return Err(invalid(&message));
        }
        Some(value) if number => operand_number(kind, &key, value)?,
        Some(value) => operand_text(target, kind, &key, value)?,
    };
    let valid: &[&str] = match (kind, number) {
        (_, true) => &[">", ">=", "!=", "=", "<", "<="],
        (Kind::Tag | Kind::Parameter, _) => &["!=", "=", "LIKE", "ILIKE", "IS NULL", "IS NOT NULL"],
        (..) => &["!=", "=", "LIKE", "ILIKE", "IN", "NOT IN"],
    };
    if !valid.contains(&operator) {
        return Err(invalid(&format!("Invalid comparator '{operator}' not one of '{valid:?}'")));
    }
    Ok(Clause { kind, key, operator: operator.to_owned(), operand })
}

/// A name that is not all letters, digits, `_` and `.` has to be in quotes.
fn is_identifier(name: &str) -> bool {
    let mut parts = name.splitn(2, '.');
    let plain = |part: &str| bare(part) != part || part.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '.'));
    parts.all(plain)
}

fn operand_number(kind: Kind, key: &str, value: &Token) -> Result<Operand, Answer> {
    let number = if let Token::Word(word) = value { word.parse::<f64>().ok().filter(|number| number.is_finite()) } else { None };
    number.map(Operand::Number).ok_or_else(|| {
        let value = value.text();
        match kind {
            Kind::Metric => invalid(&format!("Expected numeric value type for metric. Found {value}")),
            _ => invalid(&format!("Expected numeric value type for numeric attribute: {key}. Found {value}")),
        }
    })
}

fn operand_text(target: Target, kind: Kind, key: &str, value: &Token) -> Result<Operand, Answer> {
    let shown = value.text();
    let what = match kind {
        Kind::Tag => "tag",
        Kind::Parameter => "parameter",
        _ => "attributes",
    };
    let unquoted = || invalid(&format!("Expected a quoted string value for {what} (e.g. 'my-value'). Got value {shown}"));
    match value {
        Token::List(items, _) => {
            let listed = match kind {
                Kind::Dataset => true,
                Kind::Attribute => key == "run_id" && target == Target::Runs || target == Target::ModelVersions,
                _ => return Err(unquoted()),
            };
            if items.as_ref().is_some_and(Vec::is_empty) {
                let message = "While parsing a list in the query, expected a non-empty list of string values, but got empty list";
                return Err(invalid(message));
            }
            let items = items.clone().filter(|_| listed);
            items
                .map(Operand::List)
                .ok_or_else(|| invalid("Only ['run_id'] attributes support comparison with a list of quoted string values."))
        }
        Token::Quoted(text) => Ok(Operand::Text(text.clone())),
        // A quote that does not end is no value at all.
        Token::Word(word) if word.starts_with(['\'', '"']) => Err(invalid(&format!("Invalid clause(s) in filter string: '{word}'"))),
        // A number is refused in other words than a name without quotes.
        Token::Word(word) if word.parse::<f64>().is_ok() => Err(unquoted()),
        Token::Word(_) => Err(invalid(&format!(
            "Parameter value is either not quoted or unidentified quote types used for string value {shown}. Use either single or \
             double quotes."
        ))),
        _ => Err(unquoted()),
    }
}

impl Clause {
    /// Whether a row with these values under the clause's key is one of those that are looked for.
    pub(crate) fn holds(&self, fields: &[Field]) -> bool {
        match self.operator.as_str() {
            "IS NULL" => fields.is_empty(),
            "IS NOT NULL" => !fields.is_empty(),
            operator => fields.iter().any(|field| compare(field, operator, &self.operand)),
        }
    }
}

fn compare(field: &Field, operator: &str, operand: &Operand) -> bool {
    match (field, operand) {
        // What is no number is only unequal to every number.
        (Field::Number(one), Operand::Number(two)) => {
            let order = one.partial_cmp(two);
            match operator {
                ">" => order == Some(Ordering::Greater),
                ">=" => order.is_some_and(Ordering::is_ge),
                "<" => order == Some(Ordering::Less),
                "<=" => order.is_some_and(Ordering::is_le),
                "=" => order == Some(Ordering::Equal),
                _ => order != Some(Ordering::Equal),
            }
        }
        (Field::Text(one), Operand::Text(two)) => match operator {
            "=" => one == two,
            "!=" => one != two,
            "LIKE" => like(one, two),
            _ => like(&one.to_lowercase(), &two.to_lowercase()),
        },
        (Field::Text(one), Operand::List(list)) => list.contains(one) == (operator == "IN"),
        _ => false,
    }
}

/// `%` stands for any text, `_` for any character.
fn like(text: &str, pattern: &str) -> bool {
    let (text, pattern): (Vec<char>, Vec<char>) = (text.chars().collect(), pattern.chars().collect());
    // Where the text that was read so far can end in the pattern.
    let mut ends = vec![false; pattern.len() + 1];
    ends[0] = true;
    let skip = |ends: &mut Vec<bool>| {
        for (place, sign) in pattern.iter().enumerate() {
            ends[place + 1] |= *sign == '%' && ends[place];
        }
    };
    skip(&mut ends);
    for letter in text {
        let mut next = vec![false; pattern.len() + 1];
        for (place, sign) in pattern.iter().enumerate() {
            let fits = ends[place] && (*sign == '_' || *sign == letter) && *sign != '%';
            next[place + 1] |= fits || *sign == '%' && ends[place + 1];
        }
        skip(&mut next);
        ends = next;
    }
    ends[pattern.len()]
}

fn bare(text: &str) -> &str {
    let inner = |sign: char| text.strip_prefix(sign).and_then(|rest| rest.strip_suffix(sign));
    ['`', '"', '\''].into_iter().find_map(inner).unwrap_or(text)
}

/// One way to sort.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Order {
    pub(crate) kind: Kind,
    pub(crate) key: String,
    pub(crate) ascending: bool,
}

/// One clause of `order_by`.
pub(crate) fn order(text: &str, target: Target) -> Result<Order, Answer> {
    let wrong = || invalid(&format!("Invalid order_by clause '{text}'. Could not be parsed."));
    let tokens = split(text);
    let (name, ascending) = match tokens.as_slice() {
        [Token::Word(name)] => (name, true),
        [Token::Word(name), Token::Word(way)] if way.eq_ignore_ascii_case("asc") => (name, true),
        [Token::Word(name), Token::Word(way)] if way.eq_ignore_ascii_case("desc") => (name, false),
        [Token::Word(_), Token::Word(_)] => return Err(invalid(&format!("Invalid ordering key in order_by clause '{text}'."))),
        _ => return Err(wrong()),
    };
    if name.contains(',') {
        return Err(wrong());
    }
    let orderable: &[&str] = match target {
        Target::Experiments => &["name", "experiment_id", "creation_time", "last_update_time"],
        Target::Runs => &["status", "Created", "run_name", "artifact_uri", "run_id", "end_time", "created", "user_id", "start_time"],
        Target::RegisteredModels => &["name", "timestamp", "last_updated_timestamp"],
        _ => &["name", "version_number", "creation_timestamp", "last_updated_timestamp", "timestamp"],
    };
    let (kind, key) = match name.split_once('.') {
        Some((word, key)) => (target.kind(word)?, bare(key)),
        None => (Kind::Attribute, bare(name)),
    };
    match kind {
        Kind::Dataset => Err(invalid("Invalid identifier type 'dataset'")),
        Kind::Attribute if !orderable.contains(&key) => Err(unknown_key(key, orderable)),
        _ => {
            let key = if matches!(key, "created" | "Created") { "start_time" } else { key };
            Ok(Order { kind, key: key.to_owned(), ascending })
        }
    }
}

impl Order {
    /// Rows without a number come after those with one, and rows without a value last, whichever the direction.
    pub(crate) fn compare(&self, one: Option<&Field>, two: Option<&Field>) -> Ordering {
        let rank = |field: Option<&Field>| match field {
            Some(Field::Number(number)) if number.is_nan() => 1,
            Some(_) => 0,
            None => 2,
        };
        let order = match (one, two) {
            (Some(Field::Number(one)), Some(Field::Number(two))) => one.partial_cmp(two).unwrap_or(Ordering::Equal),
            (Some(Field::Text(one)), Some(Field::Text(two))) => one.cmp(two),
            _ => Ordering::Equal,
        };
        rank(one).cmp(&rank(two)).then(if self.ascending { order } else { order.reverse() })
    }
}

#[cfg(test)]
mod tests;
