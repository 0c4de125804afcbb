//! Tables as GitHub has them.

/// Whether a line parts the header before it from the rows of a table: as many dashes in cells as the header has cells.
pub(super) fn is_delimiter(line: &str, header: &str) -> bool {
    let mut marks = 0;
    line.contains('-')
        && line.bytes().all(|byte| matches!(byte, b'-' | b':' | b'|' | b' ' | b'\t'))
        && cells(line).all(|cell| {
            marks += 1;
            let cell = cell.trim_ascii();
            let cell = cell.strip_prefix(':').unwrap_or(cell);
            let cell = cell.strip_suffix(':').unwrap_or(cell);
            !cell.is_empty() && cell.bytes().all(|byte| byte == b'-')
        })
        && marks == cells(header).count()
}

/// The cells of a row. A bar behind a backslash is text.
pub(super) fn cells(line: &str) -> impl Iterator<Item = &str> {
    let line = line.trim_ascii();
    let line = line.strip_prefix('|').unwrap_or(line);
    let mut rest = Some(line.strip_suffix('|').filter(|line| !line.ends_with('\\')).unwrap_or(line));
    std::iter::from_fn(move || {
        let text = rest?;
        let bar = text.bytes().enumerate().position(|(at, byte)| byte == b'|' && !text[..at].as_bytes().ends_with(b"\\"));
        let Some(bar) = bar else { return rest.take() };
        rest = Some(&text[bar + 1..]);
        Some(&text[..bar])
    })
}
