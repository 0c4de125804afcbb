//! Which stretches of one block's text are code, tags or comments, or hidden in some other way. Not for what lasts beyond the
//! block: [`super::inline`] keeps that.

use std::collections::{BTreeMap, VecDeque};

use super::html;

/// Elements whose text is code, somebody else's words, crossed out or not shown.
pub(super) const ELEMENTS: [&str; 15] =
    ["pre", "code", "tt", "kbd", "samp", "xmp", "blockquote", "q", "script", "style", "textarea", "template", "del", "s", "strike"];

/// How many of each of [`ELEMENTS`] are open.
pub(super) type Open = [usize; ELEMENTS.len()];

/// By which rules a text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rules {
    /// Markdown before version 0.31, as GitHub has it: `--` inside of a comment makes it text.
    Old,
    /// Markdown since then.
    New,
    /// HTML as browsers read it.
    Html,
}

/// What was found in a text.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// Stretches, from and to; a line that begins inside of one is none of the writer's own.
    pub(super) hidden: Vec<(usize, usize)>,
    /// What is still open at the end.
    pub(super) open: Open,
    /// Whether a comment is begun and never closed.
    pub(super) comment: bool,
    /// Whether a browser would take what follows the block for a part of it.
    pub(super) spills: bool,
}

/// Reads a text from its beginning, where these elements are open. Takes time in proportion to its length.
pub(super) fn scan(text: &str, rules: Rules, open: Open) -> Scan {
    let scan = Scan { open, ..Scan::default() };
    let hides_from = open.iter().any(|count| *count > 0).then_some(0);
    let mut scanner =
        Scanner { text, at: 0, rules, runs: None, brackets: Vec::new(), missing: Vec::new(), in_address: false, hides_from, scan };
    scanner.run();
    let Scanner { hides_from, mut scan, .. } = scanner;
    scan.hidden.extend(hides_from.map(|from| (from, text.len())));
    scan
}

struct Scanner<'t> {
    text: &'t str,
    at: usize,
    rules: Rules,
    /// Where runs of backticks are, by their length; made at the first one.
    runs: Option<BTreeMap<usize, VecDeque<usize>>>,
    /// Brackets that are open, and whether what is in them is hidden: a picture's description, the name of a reference.
    brackets: Vec<(usize, bool)>,
    /// Ends that do not occur in the rest, so that each is looked for in vain only once.
    missing: Vec<&'static str>,
    /// Whether the word so far has a bare address in it.
    in_address: bool,
    /// Where the outermost of the open elements begins.
    hides_from: Option<usize>,
    scan: Scan,
}

impl Scanner<'_> {
    fn run(&mut self) {
        while let Some(byte) = self.byte(0) {
            if byte == b'<' {
                self.angle();
            } else if self.rules == Rules::Html {
                self.at += 1;
            } else {
                self.markdown(byte);
            }
        }
    }

    fn byte(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + ahead).copied()
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    /// Parsers disagree about what stands here, and so about all that follows in the block.
    fn doubt(&mut self) {
        self.scan.hidden.push((self.at, self.text.len()));
    }

    /// Goes on behind a stretch that is hidden.
    fn hide_until(&mut self, end: usize) {
        self.scan.hidden.push((self.at, end));
        self.at = end;
    }

    fn markdown(&mut self, byte: u8) {
        match byte {
            b':' | b'w' if self.rest().starts_with("://") || self.rest().starts_with("www.") => {
                self.in_address = true;
                self.at += 1;
            }
            byte if byte.is_ascii_whitespace() => {
                self.in_address = false;
                self.at += 1;
            }
            b'\\' if self.byte(1).is_some_and(|next| next.is_ascii_punctuation()) => self.at += 2,
            b'`' => self.backticks(),
            b'!' if self.byte(1) == Some(b'[') => {
                self.brackets.push((self.at, true));
                self.at += 2;
            }
            b'[' => {
                let of_reference = self.text[..self.at].ends_with(']');
                self.brackets.push((self.at, of_reference));
                self.at += 1;
            }
            b']' => self.closing_bracket(),
            _ => self.at += 1,
        }
    }

    /// A run of backticks is code up to the next run of the same length, else it is text.
    fn backticks(&mut self) {
        if self.in_address {
            self.doubt();
        }
        let length = self.rest().bytes().take_while(|byte| *byte == b'`').count();
        let behind = self.at + length;
        let text = self.text;
        let same = self.runs.get_or_insert_with(|| runs(text)).get_mut(&length);
        let closing = same.and_then(|places| {
            // Those before this place are of no use for any later run either.
            while places.front().is_some_and(|place| *place < behind) {
                places.pop_front();
            }
            places.front().copied()
        });
        match closing {
            Some(place) => self.hide_until(place + length),
            None => self.at = behind,
        }
    }

    fn closing_bracket(&mut self) {
        self.at += 1;
        if let Some((from, true)) = self.brackets.pop() {
            self.scan.hidden.push((from, self.at));
        }
        // The same by all rules of Markdown, so that once is enough.
        if self.rules == Rules::New
            && self.byte(0) == Some(b'(')
            && let Some(length) = link_tail(self.rest())
        {
            // What is in it is read nevertheless: code and tags come before links.
            self.scan.hidden.push((self.at, self.at + length));
        }
    }

    fn angle(&mut self) {
        let rest = self.rest();
        if rest.starts_with("<!--") {
            return self.comment();
        }
        let is_declared = rest.strip_prefix("<!").is_some_and(|inner| inner.starts_with("[CDATA[") || declares(inner, Rules::New));
        if self.rules != Rules::Html && (is_declared || rest.starts_with("<?")) {
            self.doubt();
        }
        let rest = self.rest();
        let end = match (self.byte(1), self.rules) {
            (Some(b'?'), Rules::Html) => Some(">"),
            (Some(b'?'), _) => Some("?>"),
            (Some(b'!'), Rules::Html) => Some(">"),
            (Some(b'!'), _) if rest.starts_with("<![CDATA[") => Some("]]>"),
            (Some(b'!'), rules) if declares(&rest[2..], rules) => Some(">"),
            (Some(b'/'), Rules::Html) if self.byte(2).is_some_and(|next| !next.is_ascii_alphabetic()) => Some(">"),
            _ => None,
        };
        if let Some(end) = end {
            return match self.find(end, 2) {
                Some(end) => self.hide_until(end),
                None => self.unclosed(),
            };
        }
        if html::name(rest).is_none() {
            self.at += 1;
            return;
        }
        let length = if self.rules == Rules::Html { html::loose_tag(rest) } else { html::tag(rest) };
        match length {
            Some(length) => self.tag(length),
            None if self.rules == Rules::Html => self.unclosed(),
            None => self.at += html::autolink(rest).unwrap_or(1),
        }
    }

    /// Where the first `end` in the rest is over.
    fn find(&mut self, end: &'static str, skip: usize) -> Option<usize> {
        if self.missing.contains(&end) {
            return None;
        }
        let from = self.at + skip;
        let found = self.text.get(from..).and_then(|rest| rest.find(end));
        if found.is_none() {
            self.missing.push(end);
        }
        found.map(|length| from + length + end.len())
    }

    /// What is begun and never ended is text in Markdown; a browser goes on looking for its end in whatever follows.
    fn unclosed(&mut self) {
        if self.rules == Rules::Html {
            self.scan.spills = true;
            self.hide_until(self.text.len());
        } else {
            self.at += 1;
        }
    }

    fn comment(&mut self) {
        // Two dashes in a comment are what parsers disagree about.
        let inner = &self.rest()[4..];
        let dashes = inner.find("--").is_some_and(|length| !inner[length + 2..].starts_with('>'));
        if dashes || inner.starts_with(['-', '>']) {
            self.doubt();
        }
        let inner = &self.rest()[4..];
        let short = if inner.starts_with("->") { Some(6) } else { inner.starts_with('>').then_some(5) };
        match (self.rules, short) {
            // Browsers and older parsers disagree.
            (Rules::Html, Some(_)) => self.unclosed(),
            (Rules::New, Some(length)) => self.hide_until(self.at + length),
            (Rules::Old, Some(_)) => self.at += 1,
            (Rules::Old, None) => match inner.find("--") {
                Some(length) if inner[length + 2..].starts_with('>') => self.hide_until(self.at + 4 + length + 3),
                Some(_) => self.at += 1,
                None => self.unclosed_comment(),
            },
            (Rules::New | Rules::Html, None) => match self.find("-->", 4) {
                Some(end) if self.rules == Rules::Html && self.text[self.at..end].contains("--!>") => self.unclosed(),
                Some(end) => self.hide_until(end),
                None => self.unclosed_comment(),
            },
        }
    }

    /// Markdown shows it as text, where the writer meant to hide all that follows.
    fn unclosed_comment(&mut self) {
        self.scan.comment = true;
        self.scan.hidden.push((self.at, self.text.len()));
        self.unclosed();
    }

    fn tag(&mut self, length: usize) {
        let from = self.at;
        self.hide_until(from + length);
        let Some((closing, name, _)) = html::name(&self.text[from..]) else { return };
        let Some(which) = ELEMENTS.iter().position(|element| element.eq_ignore_ascii_case(name)) else { return };
        let count = &mut self.scan.open[which];
        *count = if closing { count.saturating_sub(1) } else { *count + 1 };
        if self.scan.open.iter().all(|count| *count == 0) {
            self.scan.hidden.extend(self.hides_from.take().map(|from| (from, self.at)));
        } else {
            self.hides_from.get_or_insert(from);
        }
    }
}

fn runs(text: &str) -> BTreeMap<usize, VecDeque<usize>> {
    let mut runs: BTreeMap<usize, VecDeque<usize>> = BTreeMap::new();
    let mut begin = None;
    for (at, byte) in text.bytes().chain([b' ']).enumerate() {
        if byte == b'`' {
            begin.get_or_insert(at);
        } else if let Some(from) = begin.take() {
            runs.entry(at - from).or_default().push_back(from);
        }
    }
    runs
}

/// Whether what stands behind `<!` makes it a declaration.
fn declares(text: &str, rules: Rules) -> bool {
    match rules {
        Rules::Old => {
            let behind = text.trim_start_matches(|letter: char| letter.is_ascii_uppercase());
            behind.len() < text.len() && behind.starts_with(|letter: char| letter.is_ascii_whitespace())
        }
        Rules::New | Rules::Html => text.starts_with(|letter: char| letter.is_ascii_alphabetic()),
    }
}

/// How deep brackets in an address may be; Markdown's own limit, which keeps the time in proportion as well.
const MAX_NESTING: usize = 32;

/// The length of `(address "title")` at the beginning of a text.
fn link_tail(text: &str) -> Option<usize> {
    let mut rest = text.strip_prefix('(')?.trim_ascii_start();
    rest = rest[address(rest)?..].trim_ascii_start();
    let closing = match rest.bytes().next() {
        Some(quote @ (b'"' | b'\'')) => Some(quote),
        Some(b'(') => Some(b')'),
        _ => None,
    };
    if let Some(closing) = closing {
        let length = unescaped(&rest[1..], |byte| byte == closing || (byte == b'(' && closing == b')'))?;
        rest = rest[length + 1..].strip_prefix(char::from(closing))?.trim_ascii_start();
    }
    rest.strip_prefix(')').map(|behind| text.len() - behind.len())
}

/// The length of a link's address; it stays on its line.
fn address(text: &str) -> Option<usize> {
    if let Some(inner) = text.strip_prefix('<') {
        let length = unescaped(inner, |byte| matches!(byte, b'<' | b'>' | b'\n'))?;
        return inner[length..].starts_with('>').then_some(length + 2);
    }
    let mut depth = 0_usize;
    let mut at = 0;
    loop {
        at += unescaped(&text[at..], |byte| byte.is_ascii_control() || matches!(byte, b' ' | b'(' | b')'))?;
        match text.as_bytes().get(at) {
            Some(b'(') if depth < MAX_NESTING => depth += 1,
            Some(b'(') => return None,
            Some(b')') if depth > 0 => depth -= 1,
            _ => return Some(at),
        }
        at += 1;
    }
}

/// Where the first such byte is that no backslash stands before.
fn unescaped(text: &str, is_end: impl Fn(u8) -> bool) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    loop {
        match *bytes.get(at)? {
            b'\\' if bytes.get(at + 1).is_some_and(|next| next.is_ascii_punctuation()) => at += 2,
            byte if is_end(byte) => return Some(at),
            _ => at += 1,
        }
    }
}
