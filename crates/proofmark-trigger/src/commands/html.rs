//! HTML inside of Markdown: where a block of it begins and ends, and where a tag does. Not for what the tags do to text.

/// What ends a block of HTML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// A line that has one of these in it, in whatever case.
    Text(&'static [&'static str]),
    /// A blank line.
    Blank,
}

impl End {
    /// Whether the block is over behind this line.
    pub(super) fn is_in(self, line: &str) -> bool {
        match self {
            Self::Text(texts) => {
                let line = line.to_ascii_lowercase();
                texts.iter().any(|text| line.contains(text))
            }
            Self::Blank => false,
        }
    }
}

const RAW: [&str; 4] = ["script", "pre", "style", "textarea"];
const RAW_ENDS: End = End::Text(&["</script>", "</pre>", "</style>", "</textarea>"]);

/// Elements that make a block wherever a line begins with one of their tags.
const BLOCKS: [&str; 62] = [
    "address",
    "article",
    "aside",
    "base",
    "basefont",
    "blockquote",
    "body",
    "caption",
    "center",
    "col",
    "colgroup",
    "dd",
    "details",
    "dialog",
    "dir",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "frame",
    "frameset",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hr",
    "html",
    "iframe",
    "legend",
    "li",
    "link",
    "main",
    "menu",
    "menuitem",
    "nav",
    "noframes",
    "ol",
    "optgroup",
    "option",
    "p",
    "param",
    "section",
    "source",
    "summary",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "title",
    "tr",
    "track",
    "ul",
];

/// What ends the block of HTML that this line begins, if it begins one. A tag of any other name cannot break into a paragraph.
pub(super) fn block(line: &str, in_paragraph: bool) -> Option<End> {
    let after = line.strip_prefix('<')?;
    if after.starts_with("!--") {
        return Some(End::Text(&["-->"]));
    }
    if after.starts_with('?') {
        return Some(End::Text(&["?>"]));
    }
    if after.starts_with("![CDATA[") {
        return Some(End::Text(&["]]>"]));
    }
    if after.strip_prefix('!').is_some_and(|after| after.starts_with(|letter: char| letter.is_ascii_alphabetic())) {
        return Some(End::Text(&[">"]));
    }
    let (closing, name, behind) = name(line)?;
    let is_one_of = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    let parted = behind.is_empty() || behind.starts_with([' ', '\t', '\u{b}', '\u{c}', '>']);
    if !closing && parted && is_one_of(&RAW) {
        return Some(RAW_ENDS);
    }
    if (parted || behind.starts_with("/>")) && is_one_of(&BLOCKS) {
        return Some(End::Blank);
    }
    let alone = || tag(line).is_some_and(|end| line[end..].trim_ascii_start().is_empty());
    (!in_paragraph && alone()).then_some(End::Blank)
}

/// Whether the tag at the beginning of a text closes, its name, and what stands behind the name.
pub(super) fn name(text: &str) -> Option<(bool, &str, &str)> {
    let after = text.strip_prefix('<')?;
    let (closing, after) = after.strip_prefix('/').map_or((false, after), |after| (true, after));
    let end = after.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-').unwrap_or(after.len());
    let (name, behind) = after.split_at(end);
    name.starts_with(|letter: char| letter.is_ascii_alphabetic()).then_some((closing, name, behind))
}

/// Where the tag at the beginning of a text ends, if it is one by the rules of Markdown.
pub(super) fn tag(text: &str) -> Option<usize> {
    let (closing, _, behind) = name(text)?;
    let mut at = text.len() - behind.len();
    let bytes = text.as_bytes();
    loop {
        let gap = white(bytes, at);
        let parted = gap > at;
        at = gap;
        match bytes.get(at)? {
            b'>' => return Some(at + 1),
            _ if closing => return None,
            b'/' => return (bytes.get(at + 1) == Some(&b'>')).then_some(at + 2),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | b':' if parted => at = attribute(text, at)?,
            _ => return None,
        }
    }
}

/// Where the attribute at this place ends.
fn attribute(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':' | b'.' | b'-');
    let name_ends = until(bytes, from, |byte| !is_name(byte));
    let equals = white(bytes, name_ends);
    if bytes.get(equals) != Some(&b'=') {
        return Some(name_ends);
    }
    let value = white(bytes, equals + 1);
    match *bytes.get(value)? {
        quote @ (b'"' | b'\'') => text[value + 1..].find(char::from(quote)).map(|length| value + length + 2),
        _ => {
            let ends = |byte: u8| byte.is_ascii_whitespace() || matches!(byte, 0 | 0xb | b'"' | b'\'' | b'=' | b'<' | b'>' | b'`');
            let end = until(bytes, value, ends);
            (end > value).then_some(end)
        }
    }
}

/// Where the tag at the beginning of a text ends for a browser, which takes nearly anything for a tag that begins like one.
pub(super) fn loose_tag(text: &str) -> Option<usize> {
    let (.., behind) = name(text)?;
    let mut at = text.len() - behind.len();
    let bytes = text.as_bytes();
    loop {
        match bytes.get(at)? {
            b'>' => return Some(at + 1),
            b'=' => {
                at = white(bytes, at + 1);
                if let quote @ (b'"' | b'\'') = *bytes.get(at)? {
                    at += text[at + 1..].find(char::from(quote))? + 2;
                }
            }
            _ => at += 1,
        }
    }
}

/// Where an address in angle brackets at the beginning of a text ends.
pub(super) fn autolink(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('<')?;
    let end = inner.find(|letter: char| letter.is_ascii_control() || matches!(letter, ' ' | '<' | '>'))?;
    let inner = &inner[..end];
    let is_scheme = |(scheme, _): (&str, &str)| {
        (2..=32).contains(&scheme.len())
            && scheme.starts_with(|letter: char| letter.is_ascii_alphabetic())
            && scheme.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '+' | '.' | '-'))
    };
    let is_mail = |(local, host): (&str, &str)| {
        let local_may = |letter: char| letter.is_ascii_alphanumeric() || ".!#$%&'*+/=?^_`{|}~-".contains(letter);
        let host_may = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-');
        !local.is_empty() && !host.is_empty() && local.chars().all(local_may) && host.chars().all(host_may)
    };
    let known = inner.split_once(':').is_some_and(is_scheme) || inner.split_once('@').is_some_and(is_mail);
    (known && text[end + 1..].starts_with('>')).then_some(end + 2)
}

fn white(bytes: &[u8], from: usize) -> usize {
    until(bytes, from, |byte| !byte.is_ascii_whitespace() && byte != 0xb)
}

fn until(bytes: &[u8], from: usize, is_end: impl Fn(u8) -> bool) -> usize {
    bytes[from..].iter().position(|byte| is_end(*byte)).map_or(bytes.len(), |length| from + length)
}
