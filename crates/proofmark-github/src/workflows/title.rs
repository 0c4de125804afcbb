//! Keys in titles.

/// The longest key that is taken.
const LONGEST: usize = 100;

/// Whether a text can be a key: of letters that a title keeps as they are.
pub(super) fn is_key(text: &str) -> bool {
    !text.is_empty() && text.len() <= LONGEST && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// Whether a title holds the key as a word of its own: `pm1-1` is not in `pm1-12`.
pub(super) fn holds(title: &str, key: &str) -> bool {
    words(title).any(|word| word == key)
}

/// Whether a title holds any key of the same kind: one with the same beginning, up to the first `-`.
pub(super) fn holds_some(title: &str, key: &str) -> bool {
    let kind = key.find('-').map_or(key, |end| &key[..=end]);
    words(title).any(|word| word.starts_with(kind))
}

/// Any letter or digit of any script belongs to a word.
fn words(title: &str) -> impl Iterator<Item = &str> {
    title.split(|letter: char| !letter.is_alphanumeric() && !matches!(letter, '-' | '_')).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_are_words() {
        for title in ["pm1-4f1", "Train (pm1-4f1)", "[pm1-4f1] x", "a pm1-4f1.", "x:pm1-4f1,y", "pm1-4f12 pm1-4f1"] {
            assert!(holds(title, "pm1-4f1"), "{title}");
        }
        for title in ["", "pm1-4f12", "xpm1-4f1", "pm1-4f1-2", "pm1-4f1_", "épm1-4f1", "PM1-4F1", "pm1-4f 1", "pm1-4f1²"] {
            assert!(!holds(title, "pm1-4f1"), "{title}");
        }
    }

    #[test]
    fn keys_of_a_kind_begin_alike() {
        assert!(holds_some("Train pm1-99", "pm1-4f") && !holds_some("Train pm2-99", "pm1-4f") && !holds_some("Train", "pm1-4f"));
        assert!(holds_some("run4f0", "run4f") && !holds_some("run5", "run4f"));
    }

    proptest! {
        #[test]
        fn a_key_between_marks_is_found(key in "[a-zA-Z0-9_-]{1,100}", before in "(.{0,9}[ (\\[:])?", after in "([ )\\].].{0,9})?") {
            prop_assert!(is_key(&key));
            let title = format!("{before}{key}{after}");
            prop_assert!(holds(&title, &key));
            prop_assert!(holds_some(&title, &key));
        }
    }
}
