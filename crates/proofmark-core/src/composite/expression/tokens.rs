//! An expression as words, numbers, texts and signs, each with its place.

use super::Mistake;

/// A piece of an expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A name of the language: `min`, `and`.
    Word(String),
    Number(f64),
    Text(String),
    /// `<`, `&&`, `(`.
    Sign(&'static str),
    End,
}

impl Token {
    /// As a message names it.
    pub(super) fn told(&self) -> String {
        match self {
            Self::Word(word) => format!("`{}`", shortened(word)),
            Self::Number(number) => format!("`{number}`"),
            Self::Text(text) => format!("the text `{}`", shortened(text)),
            Self::Sign(sign) => format!("`{sign}`"),
            Self::End => "the end".to_owned(),
        }
    }
}

/// Longer signs first, since `<` begins `<=`.
const SIGNS: [&str; 17] = ["<=", ">=", "==", "!=", "&&", "||", "<", ">", "!", "+", "-", "*", "/", "(", ")", ",", "−"];

/// All pieces with the byte at which each begins; the last is the end.
pub(super) fn tokens(text: &str) -> Result<Vec<(Token, usize)>, (Mistake, usize)> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let at = text.len() - rest.len();
        let (token, length) = next(first, rest).map_err(|mistake| (mistake, at))?;
        tokens.push((token, at));
        // `next` gives lengths of what it has read, so there is always that much.
        rest = rest.get(length..).unwrap_or_default().trim_start();
    }
    tokens.push((Token::End, text.len()));
    Ok(tokens)
}

/// The piece at the beginning of `rest`, and its length in bytes.
fn next(first: char, rest: &str) -> Result<(Token, usize), Mistake> {
    if first.is_ascii_alphabetic() || first == '_' {
        let length = rest.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(rest.len());
        return Ok((Token::Word(rest.chars().take(length).collect()), length));
    }
    if first.is_ascii_digit() {
        return number(rest);
    }
    if first == '"' || first == '\'' {
        return quoted(first, rest);
    }
    match SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
        // A minus as it is printed, from a report for example.
        Some("−") => Ok((Token::Sign("-"), "−".len())),
        Some(sign) => Ok((Token::Sign(sign), sign.len())),
        None => Err(Mistake::Stray(first)),
    }
}

/// `12`, `0.5`, `1e-3`, and no other form.
fn number(rest: &str) -> Result<(Token, usize), Mistake> {
    let digits = |from: usize| rest.bytes().skip(from).take_while(u8::is_ascii_digit).count();
    let at = |index: usize| rest.as_bytes().get(index).copied();
    let mut length = digits(0);
    if at(length) == Some(b'.') && digits(length + 1) > 0 {
        length += 1 + digits(length + 1);
    }
    if matches!(at(length), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(at(length + 1), Some(b'+' | b'-')));
        if digits(length + 1 + sign) > 0 {
            length += 1 + sign + digits(length + 1 + sign);
        }
    }
    // Letters or a dot right behind belong to it: `5mb`, `1.`, `1.2.3`.
    let tail = rest.bytes().skip(length).take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_')).count();
    let text: String = rest.chars().take(length + tail).collect();
    match text.parse::<f64>() {
        Ok(number) if tail == 0 && number.is_finite() => Ok((Token::Number(number), length)),
        _ => Err(Mistake::BadNumber(shortened(&text))),
    }
}

/// A text in either kind of quotes. A backslash escapes quotes and itself; before anything else it stands for itself, since the
/// names of metrics have backslashes of their own.
fn quoted(quote: char, rest: &str) -> Result<(Token, usize), Mistake> {
    let mut text = String::new();
    let mut letters = rest.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => match letters.next_if(|(_, escaped)| matches!(escaped, '\\' | '"' | '\'')) {
                Some((_, escaped)) => text.push(escaped),
                None => text.push('\\'),
            },
            _ if letter == quote => return Ok((Token::Text(text), at + quote.len_utf8())),
            _ => text.push(letter),
        }
    }
    Err(Mistake::OpenText)
}

/// For a message: one line, not too long.
pub(super) fn shortened(text: &str) -> String {
    let mut letters = text.chars();
    let start: String = letters.by_ref().take(60).flat_map(char::escape_debug).collect();
    if letters.next().is_some() { format!("{start}…") } else { start }
}
