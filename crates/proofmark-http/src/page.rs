//! Paging by the `Link` header (RFC 8288).

use std::borrow::Cow;

use http::{HeaderMap, header};

/// A longer address is no address.
const LONGEST_ADDRESS: usize = 8192;

/// The address of the next page, if there is one, as the server wrote it.
///
/// It may be relative and may name any host: resolve it, and see that it is the host asked, before a token is sent there.
pub fn next_page(headers: &HeaderMap) -> Option<String> {
    headers.get_all(header::LINK).iter().find_map(|value| next_in(&String::from_utf8_lossy(value.as_bytes())))
}

fn next_in(mut rest: &str) -> Option<String> {
    loop {
        let (target, after) = rest.trim_start_matches([' ', '\t', ',']).strip_prefix('<')?.split_once('>')?;
        let (link, after) = Link::parse(after);
        if link.is_next() && is_address(target) {
            return Some(target.to_owned());
        }
        rest = after;
    }
}

fn is_address(target: &str) -> bool {
    !target.is_empty() && target.len() <= LONGEST_ADDRESS && target.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The parameters of one link that matter here.
#[derive(Default)]
struct Link<'t> {
    relations: Option<Cow<'t, str>>,
    /// It speaks about another page than this one.
    anchored: bool,
}

impl<'t> Link<'t> {
    /// Reads parameters, and gives what comes after the last of them.
    fn parse(mut rest: &'t str) -> (Self, &'t str) {
        let mut link = Self::default();
        while let Some(after) = rest.trim_start_matches([' ', '\t']).strip_prefix(';') {
            let (name, after) = split_at(after, |c| matches!(c, ';' | ',' | '='));
            let (value, after) = match after.strip_prefix('=') {
                Some(after) => value(after.trim_start_matches([' ', '\t'])),
                None => (Cow::Borrowed(""), after),
            };
            rest = after;
            let name = name.trim_matches([' ', '\t']);
            if name.eq_ignore_ascii_case("anchor") {
                link.anchored = true;
            } else if name.eq_ignore_ascii_case("rel") {
                // Only the first one counts, says the standard.
                link.relations.get_or_insert(value);
            }
        }
        (link, rest)
    }

    fn is_next(&self) -> bool {
        let mut relations = self.relations.iter().flat_map(|all| all.split_ascii_whitespace());
        !self.anchored && relations.any(|relation| relation.eq_ignore_ascii_case("next"))
    }
}

/// A token or a quoted string, and what follows it.
fn value(text: &str) -> (Cow<'_, str>, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let (token, rest) = split_at(text, |c| matches!(c, ';' | ',' | ' ' | '\t'));
        return (Cow::Borrowed(token), rest);
    };
    let mut plain = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (Cow::Owned(plain), &quoted[at + 1..]),
            '\\' => plain.extend(characters.next().map(|(_, escaped)| escaped)),
            _ => plain.push(character),
        }
    }
    (Cow::Owned(plain), "")
}

fn split_at(text: &str, ends: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(ends).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn next(values: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("link", HeaderValue::from_str(value).expect("a header"));
        }
        next_page(&headers)
    }

    #[test]
    fn the_next_page_is_found() {
        let both = r#"<https://h/a?page=1>; rel="prev", <https://h/a?page=3>; rel="next", <https://h/a?page=9>; rel="last""#;
        assert_eq!(next(&[both]).as_deref(), Some("https://h/a?page=3"));
        for value in [
            "<u>;rel=next",
            "<u>; REL=\"NEXT\"",
            "<u> ; rel = \"last next\"",
            "<u>; title=\"a, <b>; rel=x\\\"\"; rel=next",
            "<a,b;c>; rel=prev, <u>; rel=next",
            ",, <x>; rel=first ,\t<u>; x; y=; rel=next; rel=prev",
            "<u>; rel=\"next",
        ] {
            assert_eq!(next(&[value]).as_deref(), Some("u"), "{value}");
        }
        assert_eq!(next(&["<a>; rel=prev", "<b,c>; rel=next"]).as_deref(), Some("b,c"));
    }

    #[test]
    fn what_is_not_the_next_page_is_none() {
        for value in [
            "",
            "<u>",
            "<u>; rel=prev; rel=next",
            "<u>; title=\"rel=next\"",
            "<u>; title=\"; rel=next",
            "<u>; rel=nextish",
            "<u>; rel=next; anchor=\"#other\"",
            "<>; rel=next",
            "<u u>; rel=next",
            "<u; rel=next",
            "u; rel=next",
            "<u>, rel=next",
        ] {
            assert_eq!(next(&[value]), None, "{value}");
        }
        assert_eq!(next(&[]), None);
        assert_eq!(next(&[&format!("<{}>; rel=next", "u".repeat(LONGEST_ADDRESS + 1))]), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(bytes in prop::collection::vec(prop_oneof![
            prop::sample::select(b"<>;,=\"\\ relnext".to_vec()), 0x20_u8..=0x7e, 0x80_u8..=0xff,
        ], 0..200)) {
            let mut headers = HeaderMap::new();
            headers.append("link", HeaderValue::from_bytes(&bytes).expect("visible bytes"));
            if let Some(address) = next_page(&headers) {
                prop_assert!(is_address(&address));
            }
        }

        #[test]
        fn it_is_found_among_others(before in prop::collection::vec(("[a-z,;?=&\"]{1,9}", "[ -!#-\\[\\]-~]{0,9}"), 0..5), address in "[!-=?-~]{1,20}") {
            let others: String = before.iter().map(|(target, title)| format!("<{target}>; title=\"{title}\"; rel=\"prev first\", ")).collect();
            let value = format!("{others}<{address}>; title=\"<last>; rel=last\"; rel=\"up next\"");
            prop_assert_eq!(next(&[&value]), Some(address));
        }
    }
}
