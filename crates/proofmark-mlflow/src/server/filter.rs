//! Conditions in MLflow's filter language, for whatever text a branch or tag may hold.

/// `left = 'text'`; `None` for a text that cannot be quoted.
pub(super) fn equals(left: &str, text: &str) -> Option<String> {
    quoted(text).map(|text| format!("{left} = {text}"))
}

/// The same for a tag.
pub(super) fn tag_equals(name: &str, text: &str) -> Option<String> {
    // A name in backticks has no escape either.
    let plain = !name.is_empty() && !name.contains(['`', '"', '\'', '\\']) && !name.chars().any(char::is_control);
    plain.then(|| equals(&format!("tags.`{name}`"), text)).flatten()
}

/// A text in quotes that it does not hold itself.
///
/// The language has no escapes that can be relied on: a doubled quote stays doubled in what is compared, and a backslash before the
/// closing quote lets the text run on into the next condition.
fn quoted(text: &str) -> Option<String> {
    if text.contains('\\') || text.chars().any(char::is_control) {
        return None;
    }
    let quote = ['\'', '"'].into_iter().find(|quote| !text.contains(*quote))?;
    Some(format!("{quote}{text}{quote}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_in_the_quotes_that_they_do_not_hold() {
        let quoted = |text| quoted(text);
        assert_eq!(quoted("main").as_deref(), Some("'main'"));
        assert_eq!(quoted("it's").as_deref(), Some("\"it's\""));
        assert_eq!(quoted("a\"b").as_deref(), Some("'a\"b'"));
        for text in ["'\"", "a\\", "a\\b", "a\nb", "\0"] {
            assert_eq!(quoted(text), None, "{text:?}");
        }
        assert_eq!(tag_equals("a.b", "x").as_deref(), Some("tags.`a.b` = 'x'"));
        for name in ["", "a`b", "a\"b", "a'b", "a\\", "a\nb"] {
            assert_eq!(tag_equals(name, "x"), None, "{name:?}");
        }
    }

    /// What is inside of a string in the language, by the pattern of its tokens: a doubled or escaped quote does not end it.
    fn inside(text: &str) -> Option<(&str, &str)> {
        let quote = text.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
        let rest = text.get(1..)?;
        let end = rest.find(quote)?;
        let (inside, after) = (rest.get(..end)?, rest.get(end + 1..)?);
        (!after.starts_with(quote) && !inside.ends_with('\\')).then_some((inside, after))
    }

    proptest! {
        #[test]
        fn a_text_never_leaves_its_quotes(text in r#"(\PC|['"\\`;#\-/* \n]){0,12}"#) {
            if let Some(condition) = tag_equals("branch", &text) {
                let whole = format!("{condition} and attributes.run_name = 'n'");
                let value = whole.strip_prefix("tags.`branch` = ").expect("the beginning");
                prop_assert_eq!(inside(value), Some((&*text, " and attributes.run_name = 'n'")));
            } else {
                prop_assert!(text.contains('\\') || text.chars().any(char::is_control) || (text.contains('\'') && text.contains('"')));
            }
        }
    }
}
