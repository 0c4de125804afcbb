//! Git's object ids: whether what a server gives is what its id names.

use proofmark_core::ports::ContentId;
use sha2::{Digest, Sha256};

/// The trees that have no rows, by either kind of hash.
const EMPTY_TREES: [&str; 2] =
    ["4b825dc642cb6eb9a060e54bf8d69288fbee4904", "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321"];

/// Whether these are the bytes of the file with this id. A forged collision is not.
pub(super) fn is_blob(id: ContentId, bytes: &[u8]) -> bool {
    let head = format!("blob {}\0", bytes.len());
    match id.as_bytes().len() {
        20 => {
            let mut hasher = sha1dc::Hasher::new();
            hasher.update(head.as_bytes());
            hasher.update(bytes);
            hasher.finalize().is_ok_and(|digest| digest.as_ref() == id.as_bytes())
        }
        32 => Sha256::new().chain_update(head).chain_update(bytes).finalize().as_slice() == id.as_bytes(),
        _ => false,
    }
}

pub(super) fn is_empty_tree(id: &str) -> bool {
    EMPTY_TREES.contains(&id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(hex: &str) -> ContentId {
        let pairs = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).expect("digits"));
        ContentId::new(&pairs.map(|pair| u8::from_str_radix(pair, 16).expect("digits")).collect::<Vec<_>>())
    }

    /// As `git hash-object` says with either `--object-format`.
    #[test]
    fn ids_are_gits() {
        for (hex, bytes) in [
            ("e69de29bb2d1d6434b8b29ae775ad8c2e48c5391", ""),
            ("ce013625030ba8dba906f756967f9e9ca394464a", "hello\n"),
            ("473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813", ""),
            ("2cf8d83d9ee29543b34a87727421fdecb7e3f3a183d337639025de576db9ebb4", "hello\n"),
        ] {
            assert!(is_blob(id(hex), bytes.as_bytes()), "{hex}");
            assert!(!is_blob(id(hex), b"hello") && !is_blob(id(&hex[2..]), bytes.as_bytes()), "{hex}");
        }
    }
}
