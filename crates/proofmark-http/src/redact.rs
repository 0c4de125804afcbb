//! Takes secrets out of texts that people will see.

use std::ops::Range;

use crate::{Secret, base64};

const STARS: &str = "***";
/// Shorter ones look like ordinary text once encoded.
const SHORTEST_ENCODED: usize = 8;
/// How tokens of the big forges begin, and how long the rest of them is at least.
const TOKEN_PREFIXES: [&str; 7] = ["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-"];
const SHORTEST_TOKEN: usize = 10;
/// The words before credentials in a header.
const SCHEMES: [&str; 3] = ["bearer", "token", "basic"];

/// The text with every occurrence of the secrets, their base64 and percent-encoded forms, user information in addresses, and
/// whatever looks like a token replaced by stars.
pub fn redact(text: &str, secrets: &[&Secret]) -> String {
    let mut hidden = Vec::new();
    for secret in secrets {
        for form in forms(secret.expose()) {
            hidden.extend(text.match_indices(&form).map(|(start, found)| start..start + found.len()));
        }
    }
    user_information(text, &mut hidden);
    credentials(text, &mut hidden);
    for prefix in TOKEN_PREFIXES {
        tokens(text, prefix, &mut hidden);
    }
    with_stars(text, hidden)
}

fn forms(secret: &str) -> Vec<String> {
    let mut forms = vec![secret.to_owned()];
    for upper in [true, false] {
        let encoded = percent_encoded(secret, upper);
        if encoded != secret {
            forms.push(encoded);
        }
    }
    if secret.len() >= SHORTEST_ENCODED {
        forms.extend(base64::traces(secret.as_bytes()));
    }
    forms
}

fn percent_encoded(text: &str, upper: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ if upper => out.push_str(&format!("%{byte:02X}")),
            _ => out.push_str(&format!("%{byte:02x}")),
        }
    }
    out
}

/// `user:password` of `scheme://user:password@host`.
fn user_information(text: &str, hidden: &mut Vec<Range<usize>>) {
    let mut from = 0;
    while let Some(at) = text[from..].find("://") {
        let start = from + at + 3;
        let ends = |c: char| c.is_whitespace() || matches!(c, '/' | '?' | '#' | '"' | '\'' | '<' | '>' | '`' | '\\');
        let end = text[start..].find(ends).map_or(text.len(), |length| start + length);
        if let Some(length) = text[start..end].rfind('@') {
            hidden.push(start..start + length);
        }
        from = end;
    }
}

/// What follows `Bearer`, `token` or `Basic`, unless it reads like a word of a sentence.
fn credentials(text: &str, hidden: &mut Vec<Range<usize>>) {
    let lower = text.to_ascii_lowercase();
    for scheme in SCHEMES {
        let mut from = 0;
        while let Some(at) = lower[from..].find(scheme) {
            let after = from + at + scheme.len();
            from = after;
            let spaces = text[after..].bytes().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
            let start = after + spaces;
            let length = text[start..].bytes().take_while(is_credential).count();
            let value = &text[start..start + length];
            if spaces > 0 && !is_word(value) {
                hidden.push(start..start + length);
                from = start + length;
            }
        }
    }
}

fn is_word(value: &str) -> bool {
    let mixed = value.bytes().skip(1).any(|byte| byte.is_ascii_uppercase()) && value.bytes().any(|byte| byte.is_ascii_lowercase());
    let odd = value.bytes().any(|byte| byte.is_ascii_digit() || matches!(byte, b'=' | b'+'));
    value.len() < 8 || (value.len() < 20 && !mixed && !odd)
}

fn is_credential(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=')
}

fn tokens(text: &str, prefix: &str, hidden: &mut Vec<Range<usize>>) {
    let mut from = 0;
    while let Some(at) = text[from..].find(prefix) {
        let start = from + at;
        let rest = &text[start + prefix.len()..];
        let length = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')).count();
        let end = start + prefix.len() + length;
        if length >= SHORTEST_TOKEN {
            hidden.push(start..end);
        }
        from = end;
    }
}

/// Ranges that touch or overlap become one, so that no part of a secret is left beside another.
fn with_stars(text: &str, mut hidden: Vec<Range<usize>>) -> String {
    hidden.sort_unstable_by_key(|range| (range.start, range.end));
    let mut out = String::with_capacity(text.len());
    let mut shown = 0;
    let mut ranges = hidden.into_iter().peekable();
    while let Some(mut range) = ranges.next() {
        while let Some(next) = ranges.next_if(|next| next.start <= range.end) {
            range.end = range.end.max(next.end);
        }
        out.push_str(&text[shown..range.start]);
        out.push_str(STARS);
        shown = range.end;
    }
    out.push_str(&text[shown..]);
    out
}

#[cfg(test)]
mod tests;
