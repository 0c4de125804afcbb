//! Tables as GitHub has them.

/// How many columns a line has that parts a header from its rows: dashes in cells, with or without colons at their ends.
pub(super) fn delimited(line: &str) -> Option<usize> {
    let is_mark = |cell: &str| {
        let cell = cell.trim_ascii();
        let cell = cell.strip_prefix(':').unwrap_or(cell);
        let cell = cell.strip_suffix(':').unwrap_or(cell);
        !cell.is_empty() && cell.bytes().all(|byte| byte == b'-')
    };
    let may = line.bytes().all(|byte| matches!(byte, b'-' | b':' | b'|' | b' ' | b'\t'));
    (may && cells(line).all(is_mark)).then(|| cells(line).count())
}

/// The cells of a row. A bar behind a backslash is text.
pub(super) fn cells(line: &str) -> impl Iterator<Item = &str> {
    let line = line.trim_ascii();
    let line = line.strip_prefix('|').unwrap_or(line);
    let mut rest = Some(line.strip_suffix('|').filter(|line| !line.ends_with('\\')).unwrap_or(line));
    std::iter::from_fn(move || {
        let text = rest?;
        let bar = text.bytes().enumerate().position(|(at, byte)| byte == b'|' && !text.as_bytes()[..at].ends_with(b"\\"));
        let Some(bar) = bar else { return rest.take() };
        rest = Some(&text[bar + 1..]);
        Some(&text[..bar])
    })
}
