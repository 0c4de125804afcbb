//! Compiled pipelines: JSON, or the YAML that the compiler writes. No more of YAML than that is read.

use serde_json::{Map, Value, json};

/// A compiled pipeline as JSON; with a platform part as an object of both.
pub(crate) fn read_pipeline(text: &str) -> Result<Value, String> {
    if text.trim_start().starts_with('{') {
        return serde_json::from_str(text).map_err(|error| error.to_string());
    }
    let mut documents = Vec::new();
    let mut lines: Vec<&str> = Vec::new();
    for line in text.lines().chain(["---"]) {
        if line.trim_end() == "---" {
            if lines.iter().any(|line| !is_blank(line)) {
                documents.push(Reader { lines: std::mem::take(&mut lines), at: 0 }.document()?);
            }
            lines.clear();
        } else {
            lines.push(line);
        }
    }
    let mut documents = documents.into_iter();
    match (documents.next(), documents.next()) {
        (Some(spec), None) if spec.is_object() => Ok(spec),
        (Some(spec), Some(platform)) => Ok(json!({"pipeline_spec": spec, "platform_spec": platform})),
        _ => Err("the file holds no pipeline".to_owned()),
    }
}

fn is_blank(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('#')
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

struct Reader<'a> {
    lines: Vec<&'a str>,
    at: usize,
}

impl<'a> Reader<'a> {
    fn document(mut self) -> Result<Value, String> {
        let value = self.block(0)?;
        match self.peek() {
            None => Ok(value),
            Some(line) => Err(format!("line {}: unexpected `{}`", self.at + 1, line.trim())),
        }
    }

    /// The next line that says something, without leaving it.
    fn peek(&mut self) -> Option<&'a str> {
        while self.lines.get(self.at).is_some_and(|line| is_blank(line)) {
            self.at += 1;
        }
        self.lines.get(self.at).copied()
    }

    /// A mapping, a sequence or a scalar that stands at least this deep.
    fn block(&mut self, least: usize) -> Result<Value, String> {
        let Some(line) = self.peek().filter(|line| indent(line) >= least) else {
            return Ok(Value::Null);
        };
        let depth = indent(line);
        let text = line.trim_start();
        if text == "-" || text.starts_with("- ") {
            self.sequence(depth)
        } else if key_of(text).is_some() {
            self.mapping(depth, Map::new())
        } else {
            self.at += 1;
            self.scalar(text, depth)
        }
    }

    fn sequence(&mut self, depth: usize) -> Result<Value, String> {
        let mut items = Vec::new();
        while let Some(line) = self.peek().filter(|line| indent(line) == depth) {
            let Some(rest) = line.trim_start().strip_prefix('-').filter(|rest| rest.is_empty() || rest.starts_with(' ')) else {
                break;
            };
            let text = rest.trim_start();
            let inner = depth + 1 + (rest.len() - text.len());
            if text.is_empty() {
                self.at += 1;
                items.push(self.block(depth + 1)?);
            } else if let Some((key, value)) = key_of(text) {
                // The first pair stands behind the dash, the others below it.
                self.at += 1;
                let value = self.value(value, inner)?;
                items.push(self.mapping(inner, Map::from_iter([(key, value)]))?);
            } else {
                self.at += 1;
                items.push(self.scalar(text, depth + 1)?);
            }
        }
        Ok(Value::Array(items))
    }

    fn mapping(&mut self, depth: usize, mut fields: Map<String, Value>) -> Result<Value, String> {
        while let Some(line) = self.peek().filter(|line| indent(line) == depth) {
            let text = line.trim_start();
            if text.starts_with("- ") {
                break;
            }
            let (key, value) = key_of(text).ok_or_else(|| format!("line {}: no key in `{text}`", self.at + 1))?;
            self.at += 1;
            let value = self.value(value, depth)?;
            fields.insert(key, value);
        }
        Ok(Value::Object(fields))
    }

    /// What stands behind a key, or below it. A sequence may stand as deep as its key.
    fn value(&mut self, text: &str, depth: usize) -> Result<Value, String> {
        if !text.is_empty() {
            return self.scalar(text, depth + 1);
        }
        let sequence = self.peek().is_some_and(|line| indent(line) == depth && line.trim_start().starts_with('-'));
        self.block(if sequence { depth } else { depth + 1 })
    }

    /// A scalar that begins with this text and may go on in lines at least so deep.
    fn scalar(&mut self, text: &str, least: usize) -> Result<Value, String> {
        match text.chars().next() {
            Some('"') => self.quoted(text, '"').map(Value::String),
            Some('\'') => self.quoted(text, '\'').map(Value::String),
            Some('|' | '>') => Ok(Value::String(self.literal(text, least))),
            Some('[' | '{') => flow(text).ok_or_else(|| format!("line {}: cannot read `{text}`", self.at)),
            _ => {
                let mut whole = text.to_owned();
                while let Some(line) = self.lines.get(self.at).filter(|line| !line.trim().is_empty() && indent(line) >= least) {
                    whole = format!("{whole} {}", line.trim());
                    self.at += 1;
                }
                Ok(plain(&whole))
            }
        }
    }

    /// The lines of a `|` or `>` block.
    fn literal(&mut self, head: &str, least: usize) -> String {
        let mut lines: Vec<&str> = Vec::new();
        let mut depth = None;
        while let Some(line) = self.lines.get(self.at) {
            let blank = line.trim().is_empty();
            if !blank && indent(line) < least.max(1) {
                break;
            }
            let depth = *depth.get_or_insert(if blank { 0 } else { indent(line) });
            lines.push(line.get(depth..).unwrap_or_default());
            self.at += 1;
        }
        let text = lines.join(if head.starts_with('|') { "\n" } else { " " });
        if head.contains('-') { text.trim_end().to_owned() } else { format!("{}\n", text.trim_end()) }
    }

    /// A quoted text, over as many lines as it takes: a line end is a space, an empty line is a line end.
    fn quoted(&mut self, first: &str, quote: char) -> Result<String, String> {
        let mut raw = first.get(1..).unwrap_or_default().to_owned();
        let mut ends = 0;
        loop {
            if let Some(end) = closing(&raw, quote) {
                raw.truncate(end);
                break;
            }
            let line = self.lines.get(self.at).ok_or("a quoted text does not end")?;
            self.at += 1;
            if line.trim().is_empty() {
                ends += 1;
                continue;
            }
            if quote == '"' && raw.ends_with('\\') && !raw.ends_with("\\\\") {
                raw.pop();
            } else {
                raw = raw.trim_end_matches(' ').to_owned();
                raw.push_str(&if ends == 0 { " ".to_owned() } else { "\n".repeat(ends) });
            }
            ends = 0;
            raw.push_str(line.trim_start());
        }
        if quote == '\'' {
            return Ok(raw.replace("''", "'"));
        }
        unescape(&raw).ok_or_else(|| format!("line {}: an unknown escape", self.at))
    }
}

/// Where a quoted text ends.
fn closing(text: &str, quote: char) -> Option<usize> {
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        if letter == '\\' && quote == '"' {
            letters.next();
        } else if letter == quote {
            if quote == '\'' && letters.peek().is_some_and(|(_, next)| *next == '\'') {
                letters.next();
            } else {
                return Some(at);
            }
        }
    }
    None
}

fn unescape(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            plain.push(letter);
            continue;
        }
        plain.push(match letters.next()? {
            'x' => code(&mut letters, 2)?,
            'u' => code(&mut letters, 4)?,
            'U' => code(&mut letters, 8)?,
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            '0' => '\0',
            'e' => '\u{1b}',
            '_' => '\u{a0}',
            known @ ('"' | '\\' | '/' | ' ') => known,
            _ => return None,
        });
    }
    Some(plain)
}

/// A letter by its number in so many digits.
fn code(letters: &mut std::str::Chars<'_>, digits: usize) -> Option<char> {
    let text: String = letters.take(digits).collect();
    u32::from_str_radix(&text, 16).ok().and_then(char::from_u32)
}

/// `key: value` in one line; the value may be empty.
fn key_of(text: &str) -> Option<(String, &str)> {
    let quote = text.chars().next().filter(|first| matches!(first, '"' | '\''));
    let (key, rest) = match quote {
        Some(quote) => {
            let end = closing(text.get(1..)?, quote)?;
            (text.get(1..=end)?.to_owned(), text.get(end + 2..)?)
        }
        None => {
            let at = text
                .match_indices(':')
                .map(|(at, _)| at)
                .find(|at| text.get(at + 1..).is_some_and(|rest| rest.is_empty() || rest.starts_with(' ')))?;
            (text.get(..at)?.to_owned(), text.get(at..)?)
        }
    };
    let value = rest.strip_prefix(':').filter(|value| value.is_empty() || value.starts_with(' '))?;
    Some((key, value.trim()))
}

/// A collection in one line, as JSON or empty.
fn flow(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok().or_else(|| {
        let inner = text.strip_prefix('[')?.strip_suffix(']')?;
        Some(inner.split(',').map(|item| plain(item.trim())).collect())
    })
}

/// What an unquoted text means.
fn plain(text: &str) -> Value {
    match text {
        "null" | "~" | "" => Value::Null,
        "true" => json!(true),
        "false" => json!(false),
        _ => {
            let number = text.parse::<i64>().ok().map(|number| json!(number));
            let looks = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
            let number = number.or_else(|| text.parse::<f64>().ok().filter(|_| looks && text.contains('.')).map(|number| json!(number)));
            number.unwrap_or_else(|| json!(text))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_compiler_writes_is_read() {
        let text = "# Name: x\ncomponents:\n  comp:\n    args:\n    - --flag\n    - '{{$}}'\n    - \"\\nif [ \\\"a\\\" ]; \\\n      \\ then\\n\"\n    - 'one\n\n      two ''x'''\n    - a: 1\n      b: 0.5\n    - [a, b]\n    image: python:3.11-slim\n    none: {}\n    long: some words that\n      go on\nschemaVersion: 2.1.0\n";
        let read = read_pipeline(text).expect("it is sound");
        let args = &read["components"]["comp"]["args"];
        assert_eq!(args, &json!(["--flag", "{{$}}", "\nif [ \"a\" ];  then\n", "one\ntwo 'x'", {"a": 1, "b": 0.5}, ["a", "b"]]));
        let comp = &read["components"]["comp"];
        assert_eq!(
            (&comp["image"], &comp["none"], &comp["long"]),
            (&json!("python:3.11-slim"), &json!({}), &json!("some words that go on"))
        );
        assert_eq!(read["schemaVersion"], "2.1.0");
        let both = read_pipeline("root: {}\n---\nplatforms:\n  kubernetes: {}\n").expect("it is sound");
        assert_eq!(both, json!({"pipeline_spec": {"root": {}}, "platform_spec": {"platforms": {"kubernetes": {}}}}));
        assert!(read_pipeline("just words").is_err() && read_pipeline("").is_err() && read_pipeline("{\"a\": ").is_err());
    }
}
