//! The `filterQuery` of the registry: comparisons, joined with AND and OR.

use serde_json::Value;

/// A condition on an entity.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Query {
    All(Vec<Self>),
    Any(Vec<Self>),
    Is(String, String, Vec<Value>),
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    /// A name in backquotes.
    Name(String),
    Literal(Value),
    Sign(String),
}

impl Query {
    /// Reads a whole text; what is wrong with it otherwise.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        if !text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
            return Err("invalid filter query: only printable ASCII is allowed".to_owned());
        }
        let mut parser = Parser { tokens: tokens(text)?, at: 0 };
        let query = parser.any()?;
        if parser.at < parser.tokens.len() {
            return Err(format!("invalid filter query: unexpected {:?}", parser.tokens.get(parser.at)));
        }
        Ok(query)
    }

    /// Whether an entity is such; a custom property is found by its name.
    pub(crate) fn admits(&self, entity: &Value) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.admits(entity)),
            Self::Any(parts) => parts.iter().any(|part| part.admits(entity)),
            Self::Is(field, operation, values) => {
                let found = found(entity, field);
                found.is_some_and(|found| compares(&found, operation, values))
            }
        }
    }
}

/// The value of a field or a custom property, with or without the kind of its value behind the name.
fn found(entity: &Value, field: &str) -> Option<Value> {
    let direct = entity.get(field).filter(|value| !value.is_object());
    if let Some(value) = direct {
        return Some(value.clone());
    }
    let field = field.strip_prefix("customProperties.").unwrap_or(field);
    let (name, kind) = ["double_value", "string_value", "int_value", "bool_value"]
        .iter()
        .find_map(|kind| field.strip_suffix(&format!(".{kind}")).map(|name| (name, Some(*kind))))
        .unwrap_or((field, None));
    let property = entity["customProperties"].get(name)?;
    match kind {
        Some(kind) => property.get(kind).cloned(),
        None => property.as_object()?.iter().find(|(key, _)| key.ends_with("_value")).map(|(_, value)| value.clone()),
    }
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str().and_then(|text| text.parse().ok()))
}

fn compares(found: &Value, operation: &str, values: &[Value]) -> bool {
    let Some(first) = values.first() else {
        return false;
    };
    let order = match (found, first) {
        (Value::String(found), Value::String(value)) => Some(found.cmp(value)),
        _ => number(found).zip(number(first)).and_then(|(found, value)| found.partial_cmp(&value)),
    };
    let same = |value: &Value| found == value || !value.is_string() && number(found).is_some() && number(found) == number(value);
    match operation {
        "=" => same(first),
        "!=" => !same(first),
        ">" => order.is_some_and(|order| order.is_gt()),
        ">=" => order.is_some_and(|order| order.is_ge()),
        "<" => order.is_some_and(|order| order.is_lt()),
        "<=" => order.is_some_and(|order| order.is_le()),
        "IN" => values.iter().any(same),
        "LIKE" | "ILIKE" => {
            let texts = found.as_str().zip(first.as_str());
            texts.is_some_and(|(found, pattern)| match operation {
                "LIKE" => like(found.as_bytes(), pattern.as_bytes()),
                _ => like(found.to_lowercase().as_bytes(), pattern.to_lowercase().as_bytes()),
            })
        }
        _ => false,
    }
}

/// `%` stands for any text, `_` for any letter.
fn like(text: &[u8], pattern: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, rest) => rest.is_none(),
        (Some((b'%', after)), None) => like(text, after),
        (Some((b'%', after)), Some((_, rest))) => like(text, after) || like(rest, pattern),
        (Some((first, after)), Some((letter, rest))) => (*first == b'_' || first == letter) && like(rest, after),
        (Some(_), None) => false,
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '\'' | '"' | '`' => {
                let inner = rest.get(1..).unwrap_or_default();
                let end = inner.find(first).ok_or("invalid filter query: a quoted text does not end")?;
                let inside = inner.get(..end).unwrap_or_default().to_owned();
                (if first == '`' { Token::Name(inside) } else { Token::Literal(Value::String(inside)) }, end + 2)
            }
            '(' | ')' | ',' | '=' => (Token::Sign(first.to_string()), 1),
            '!' | '<' | '>' => {
                let length = if rest.get(1..2) == Some("=") { 2 } else { 1 };
                (Token::Sign(rest.get(..length).unwrap_or_default().to_owned()), length)
            }
            _ => {
                let end = rest.find(|letter: char| letter == ' ' || "()=!<>,'\"`".contains(letter)).unwrap_or(rest.len());
                let word = rest.get(..end).unwrap_or_default();
                let number = word.parse::<f64>().ok().filter(|_| !word.starts_with(char::is_alphabetic));
                let literal = match word {
                    "true" | "false" => Some(Value::Bool(word == "true")),
                    _ => number.map(Value::from),
                };
                (literal.map_or_else(|| Token::Word(word.to_owned()), Token::Literal), end)
            }
        };
        tokens.push(token);
        rest = rest.get(length..).unwrap_or_default().trim_start();
    }
    Ok(tokens)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

impl Parser {
    fn word(&mut self, word: &str) -> bool {
        let is = matches!(self.tokens.get(self.at), Some(Token::Word(known)) if known.eq_ignore_ascii_case(word));
        self.at += usize::from(is);
        is
    }

    fn sign(&mut self, sign: &str) -> bool {
        let is = matches!(self.tokens.get(self.at), Some(Token::Sign(known)) if known == sign);
        self.at += usize::from(is);
        is
    }

    fn any(&mut self) -> Result<Query, String> {
        let mut parts = vec![self.all()?];
        while self.word("OR") {
            parts.push(self.all()?);
        }
        Ok(Query::Any(parts))
    }

    fn all(&mut self) -> Result<Query, String> {
        let mut parts = vec![self.one()?];
        while self.word("AND") {
            parts.push(self.one()?);
        }
        Ok(Query::All(parts))
    }

    fn one(&mut self) -> Result<Query, String> {
        if self.sign("(") {
            let inner = self.any()?;
            return if self.sign(")") { Ok(inner) } else { Err("invalid filter query: `)` is missing".to_owned()) };
        }
        let field = match self.tokens.get(self.at) {
            Some(Token::Word(name) | Token::Name(name)) => name.clone(),
            other => return Err(format!("invalid filter query: a name is missing at {other:?}")),
        };
        self.at += 1;
        let mut field = field;
        // The kind of a value may stand behind the backquotes.
        if let Some(Token::Word(more)) =
            self.tokens.get(self.at).filter(|token| matches!(token, Token::Word(more) if more.starts_with('.')))
        {
            field.push_str(more);
            self.at += 1;
        }
        if self.word("IN") {
            return self.list().map(|values| Query::Is(field, "IN".to_owned(), values));
        }
        let operation = match self.tokens.get(self.at) {
            Some(Token::Sign(sign)) if ["=", "!=", "<", "<=", ">", ">="].contains(&sign.as_str()) => sign.clone(),
            Some(Token::Word(word)) if ["LIKE", "ILIKE"].contains(&word.to_uppercase().as_str()) => word.to_uppercase(),
            other => return Err(format!("invalid filter query: an operator is missing at {other:?}")),
        };
        self.at += 1;
        Ok(Query::Is(field, operation, vec![self.literal()?]))
    }

    fn list(&mut self) -> Result<Vec<Value>, String> {
        if !self.sign("(") {
            return Err("invalid filter query: `(` is missing".to_owned());
        }
        let mut values = vec![self.literal()?];
        while self.sign(",") {
            values.push(self.literal()?);
        }
        if self.sign(")") { Ok(values) } else { Err("invalid filter query: `)` is missing".to_owned()) }
    }

    fn literal(&mut self) -> Result<Value, String> {
        match self.tokens.get(self.at) {
            Some(Token::Literal(value)) => {
                self.at += 1;
                Ok(value.clone())
            }
            other => Err(format!("invalid filter query: a value is missing at {other:?}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn conditions_are_read_and_judged() {
        let entity = json!({
            "name": "churn", "state": "LIVE", "id": "12",
            "customProperties": {
                "accuracy": {"metadataType": "MetadataDoubleValue", "double_value": 0.96},
                "epochs": {"metadataType": "MetadataIntValue", "int_value": "3"},
                "odd name": {"metadataType": "MetadataStringValue", "string_value": "x"},
            },
        });
        for right in [
            r#"name = "churn" AND state = "LIVE""#,
            "accuracy > 0.95",
            "accuracy.double_value>=0.96 and epochs = 3",
            "name LIKE 'ch%' AND (state = 'X' OR id IN ('11', '12'))",
            "`odd name`.string_value = 'x'",
            "name ILIKE 'C_URN'",
        ] {
            assert!(Query::read(right).expect(right).admits(&entity), "{right}");
        }
        for wrong in ["name != 'churn'", "missing = 1", "accuracy < 0.5", "name = 'churn' AND state = 'X'"] {
            assert!(!Query::read(wrong).expect(wrong).admits(&entity), "{wrong}");
        }
        for broken in ["name", "name =", "(name = 'x'", "name = 'x", "name = 'x' 'y'", "name = 'ü'", "AND"] {
            assert!(Query::read(broken).is_err(), "{broken}");
        }
    }
}
