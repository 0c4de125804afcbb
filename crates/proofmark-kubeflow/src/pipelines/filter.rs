//! Filters of lists. The server decodes them once more than it should, so what that would spoil is written as JSON's escapes,
//! which are the same however often a percent-encoding is undone.

use serde_json::{Value, json};

/// Conditions that all have to hold.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter(Vec<Value>);

impl Filter {
    /// A field is exactly this text. The server's database may not tell small letters from large ones: check it again.
    #[must_use]
    pub(crate) fn equals(mut self, key: &str, text: &str) -> Self {
        self.0.push(json!({"operation": "EQUALS", "key": key, "string_value": text}));
        self
    }

    /// A field is not this text.
    #[must_use]
    pub(crate) fn differs(mut self, key: &str, text: &str) -> Self {
        self.0.push(json!({"operation": "NOT_EQUALS", "key": key, "string_value": text}));
        self
    }

    /// As the value of the parameter `filter`, before it is encoded for an address.
    pub(crate) fn text(&self) -> String {
        // Neither of both stands in JSON outside of texts here.
        json!({"predicates": self.0}).to_string().replace('%', "\\u0025").replace('+', "\\u002b")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As Go's `url.QueryUnescape`.
    fn unescaped(text: &str) -> Option<String> {
        let (mut bytes, mut rest) = (Vec::new(), text.bytes());
        while let Some(byte) = rest.next() {
            bytes.push(match byte {
                b'+' => b' ',
                b'%' => {
                    let digits = [rest.next()?, rest.next()?];
                    u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
                }
                other => other,
            });
        }
        String::from_utf8(bytes).ok()
    }

    fn name_in(text: &str) -> Option<String> {
        let json: Value = serde_json::from_str(text).ok()?;
        Some(json["predicates"][0]["string_value"].as_str()?.to_owned())
    }

    proptest! {
        #[test]
        fn any_name_arrives_whether_it_is_decoded_once_or_twice(name in any::<String>()) {
            let filter = Filter::default().equals("display_name", &name);
            let sent = proofmark_http::api::escaped(&filter.text());
            let once = unescaped(&sent).expect("an encoding");
            let twice = unescaped(&once).expect("an encoding");
            prop_assert_eq!(name_in(&once), Some(name.clone()));
            prop_assert_eq!(name_in(&twice), Some(name));
        }
    }
}
