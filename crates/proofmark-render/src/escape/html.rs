//! Text in HTML and XML.

/// Text that may stand in HTML, between tags or in a quoted attribute, and renders as itself. What acts or hides becomes an
/// escape that the reader sees.
///
/// ```
/// use proofmark_render::escape::html;
///
/// assert_eq!(html("a<b> & \"c'"), "a&lt;b&gt; &amp; &quot;c&#39;");
/// ```
pub fn html(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 16);
    for letter in super::visible(text).chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}
