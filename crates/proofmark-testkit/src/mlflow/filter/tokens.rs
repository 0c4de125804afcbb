//! The words of a filter.

/// One of them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token {
    /// A name with its quotes, a number or a keyword.
    Word(String),
    /// A text without its quotes.
    Quoted(String),
    /// A comparison in upper case, with its `NOT`.
    Operator(String),
    /// `IS NULL` or `IS NOT NULL`.
    Null(String),
    /// The texts in quotes that stand in brackets, if there is nothing else, and all of it as it was.
    List(Option<Vec<String>>, String),
    Semicolon,
}

impl Token {
    /// As a message shows it.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Word(text) | Self::Operator(text) | Self::Null(text) => text.clone(),
            Self::Quoted(text) => format!("'{text}'"),
            Self::List(_, text) => text.clone(),
            Self::Semicolon => ";".to_owned(),
        }
    }

    pub(crate) fn is_keyword(&self) -> bool {
        let keywords = ["and", "or", "not", "between", "is", "null"];
        matches!(self, Self::Word(word) if keywords.iter().any(|keyword| word.eq_ignore_ascii_case(keyword)))
    }
}

/// All of them. What cannot be understood becomes a word, which no clause will take.
pub(crate) fn split(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = next(rest, first);
        tokens.push(token);
        rest = rest.get(length..).unwrap_or_default().trim_start();
    }
    joined(tokens)
}

fn next(rest: &str, first: char) -> (Token, usize) {
    let operators = ["==", ">=", "<=", "!=", "<>", "=", "<", ">"];
    if let Some(operator) = operators.into_iter().find(|operator| rest.starts_with(operator)) {
        return (Token::Operator(operator.to_owned()), operator.len());
    }
    match first {
        '\'' | '"' => {
            let length = quoted(rest, first);
            if length < 2 || !rest.get(..length).is_some_and(|text| text.ends_with(first)) {
                return (Token::Word(rest.to_owned()), rest.len());
            }
            (Token::Quoted(rest.get(1..length.saturating_sub(1)).unwrap_or_default().to_owned()), length)
        }
        '(' => bracket(rest),
        ';' => (Token::Semicolon, 1),
        _ => {
            let length = word(rest);
            (Token::Word(rest.get(..length).unwrap_or_default().to_owned()), length)
        }
    }
}

/// How far a text in quotes goes. A doubled quote and one after a backslash do not end it, and stay as they are.
fn quoted(rest: &str, quote: char) -> usize {
    let mut letters = rest.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        let pair = letters.peek().is_some_and(|(_, after)| *after == quote);
        if pair && (letter == quote || letter == '\\') {
            letters.next();
        } else if letter == quote {
            return at + 1;
        }
    }
    rest.len()
}

/// How far a name goes; after a dot it may be in quotes of any kind.
fn word(rest: &str) -> usize {
    let mut at = 0;
    while let Some(letter) = rest.get(at..).and_then(|rest| rest.chars().next()) {
        match letter {
            '`' | '"' | '\'' if at == 0 || rest.get(..at).is_some_and(|before| before.ends_with('.')) => {
                at += quoted(rest.get(at..).unwrap_or_default(), letter);
            }
            _ if letter.is_whitespace() || "=<>!()'\"`;".contains(letter) && at > 0 => break,
            _ => at += letter.len_utf8(),
        }
    }
    at.max(1)
}

fn bracket(rest: &str) -> (Token, usize) {
    let (mut items, mut clean, mut at) = (Vec::new(), true, 1);
    while let Some(letter) = rest.get(at..).and_then(|rest| rest.chars().next()) {
        match letter {
            ')' => return (Token::List(clean.then_some(items), rest.get(..=at).unwrap_or_default().to_owned()), at + 1),
            '\'' | '"' => {
                let length = quoted(rest.get(at..).unwrap_or_default(), letter);
                items.push(rest.get(at + 1..at + length - 1).unwrap_or_default().to_owned());
                at += length;
            }
            _ => {
                clean &= letter == ',' || letter.is_whitespace();
                at += letter.len_utf8();
            }
        }
    }
    (Token::Word(rest.to_owned()), rest.len())
}

/// `LIKE`, `NOT IN`, `IS NOT NULL` and their like become one token.
fn joined(tokens: Vec<Token>) -> Vec<Token> {
    let mut out = Vec::new();
    let mut rest = tokens.as_slice();
    while let [first, after @ ..] = rest {
        let (token, taken) = match (upper(first).as_str(), after) {
            ("LIKE" | "ILIKE" | "IN", _) => (Token::Operator(upper(first)), 1),
            ("NOT", [second, ..]) if ["LIKE", "ILIKE", "IN"].contains(&upper(second).as_str()) => {
                (Token::Operator(format!("NOT {}", upper(second))), 2)
            }
            ("IS", [second, ..]) if upper(second) == "NULL" => (Token::Null("IS NULL".to_owned()), 2),
            ("IS", [second, third, ..]) if upper(second) == "NOT" && upper(third) == "NULL" => (Token::Null("IS NOT NULL".to_owned()), 3),
            _ => (first.clone(), 1),
        };
        out.push(token);
        rest = rest.get(taken..).unwrap_or_default();
    }
    out
}

fn upper(token: &Token) -> String {
    if let Token::Word(word) = token { word.to_ascii_uppercase() } else { String::new() }
}
