//! Base64: GitHub's contents, archives in a world, MLflow's page tokens.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Standard base64 with padding.
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let value = group.iter().fold(0_u32, |value, byte| value << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for index in 0..4 {
            let digit = ALPHABET[(value >> (18 - 6 * index) & 63) as usize];
            text.push(if index <= group.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

/// The bytes of a base64 text; line ends are ignored, anything else odd gives `None`.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut value, mut bits) = (Vec::new(), 0_u32, 0);
    for digit in text.bytes().filter(|byte| !byte.is_ascii_whitespace() && *byte != b'=') {
        let place = ALPHABET.iter().position(|known| *known == digit)?;
        value = value << 6 | u32::try_from(place).ok()?;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((value >> bits) as u8);
            value &= (1 << bits) - 1;
        }
    }
    Some(bytes)
}

/// As in the contents API: a line end after each 60 characters.
pub(crate) fn encode_in_lines(bytes: &[u8]) -> String {
    let text = encode(bytes);
    text.as_bytes().chunks(60).flat_map(|line| line.iter().copied().chain([b'\n'])).map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_texts_round_trip() {
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(encode(bytes.as_bytes()), text);
            assert_eq!(decode(text).as_deref(), Some(bytes.as_bytes()));
        }
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(decode(&encode_in_lines(&all)), Some(all));
        assert_eq!(decode("a*"), None);
    }
}
