//! Text as HTML: nothing of it acts, and long words may break.

use crate::escape::terminal;

/// A word longer than this may break behind any separator, and where there is none after so many letters.
const LONG: usize = 24;

/// Text that may stand in an element or in an attribute with quotes.
pub(in crate::forms) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 16);
    text.chars().for_each(|letter| push(letter, &mut safe));
    safe
}

/// Text in an element: characters that act are shown as escapes, and long words hold `<wbr>` where they may break.
pub(super) fn shown(text: &str) -> String {
    let text = terminal(text);
    let mut safe = String::with_capacity(text.len() + 16);
    for (at, word) in text.split(' ').enumerate() {
        if at > 0 {
            safe.push(' ');
        }
        breakable(word, &mut safe);
    }
    safe
}

/// Sentences, in which pairs of backticks are code.
pub(super) fn prose(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('`') {
        safe.push_str(&shown(before));
        match after.split_once('`') {
            Some((code, behind)) if !code.is_empty() => {
                safe.push_str(&format!("<code>{}</code>", shown(code)));
                rest = behind;
            }
            _ => {
                safe.push('`');
                rest = after;
            }
        }
    }
    safe.push_str(&shown(rest));
    safe
}

/// Lines of code, which are copied as lines though they wrap.
pub(super) fn lines(text: &str) -> String {
    text.lines().map(shown).collect::<Vec<_>>().join("<br>\n")
}

fn breakable(word: &str, safe: &mut String) {
    if word.len() <= LONG {
        word.chars().for_each(|letter| push(letter, safe));
        return;
    }
    let mut since = 0;
    let mut letters = word.chars().peekable();
    while let Some(letter) = letters.next() {
        push(letter, safe);
        since += 1;
        let separates = !letter.is_alphanumeric();
        if letters.peek().is_some() && (since >= LONG || (separates && since >= LONG / 4)) {
            safe.push_str("<wbr>");
            since = 0;
        }
    }
}

fn push(letter: char, safe: &mut String) {
    match letter {
        '&' => safe.push_str("&amp;"),
        '<' => safe.push_str("&lt;"),
        '>' => safe.push_str("&gt;"),
        '"' => safe.push_str("&quot;"),
        '\'' => safe.push_str("&#39;"),
        other => safe.push(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::HOSTILE;

    #[test]
    fn text_is_text() {
        assert_eq!(escaped("<a href='x'>&\""), "&lt;a href=&#39;x&#39;&gt;&amp;&quot;");
        assert_eq!(shown("a\u{202e}b\n<c>"), "a\\u{202e}b\\n&lt;c&gt;");
        assert_eq!(prose("key `a<b` and ` alone"), "key <code>a&lt;b</code> and ` alone");
        assert_eq!(lines("a = \"<\"\nb"), "a = &quot;&lt;&quot;<br>\nb");
    }

    #[test]
    fn long_words_break_and_short_ones_do_not() {
        assert_eq!(shown("eval/metrics.json"), "eval/metrics.json");
        assert_eq!(shown("models/churn/eval/metrics.json"), "models/<wbr>churn/<wbr>eval/metrics.<wbr>json");
        assert_eq!(shown(&"x".repeat(50)), format!("{0}<wbr>{0}<wbr>xx", "x".repeat(24)));
        let emphasised = shown(&"<b>".repeat(30));
        assert_eq!(emphasised.replace("<wbr>", ""), "&lt;b&gt;".repeat(30), "breaks stand between references, never in one");
        assert!(emphasised.contains("<wbr>"));
    }

    #[test]
    fn nothing_hostile_stays() {
        for text in HOSTILE {
            for safe in [shown(text), prose(text), lines(text)] {
                let rest = ["<wbr>", "<code>", "</code>", "<br>\n"].iter().fold(safe.clone(), |rest, tag| rest.replace(tag, ""));
                assert!(!rest.contains(['<', '>', '"', '\'']) && !rest.contains(crate::escape::acts), "{safe}");
            }
        }
    }
}
