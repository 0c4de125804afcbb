//! Distinct texts and their codes, while a column is built.

use std::hash::{BuildHasher as _, RandomState};

use crate::column::{Dictionary, Texts};

/// Gives each distinct text a code, in the order of their first places.
///
/// A table of its own beside the texts, since a map with texts as keys would hold each text, and an allocation, twice. It is
/// keyed at random, so that no file can be made to fill one slot; the codes do not depend on the key.
pub(super) struct Interner {
    dictionary: Dictionary,
    /// Half of the hash and a code; [`Texts::MISSING`] where free. As many as a power of two, at most three quarters in use.
    slots: Vec<(u32, u32)>,
    key: RandomState,
}

impl Interner {
    pub(super) fn new() -> Self {
        Self { dictionary: Dictionary::default(), slots: vec![(0, Texts::MISSING); 64], key: RandomState::new() }
    }

    /// The code of a text; `None` when no more texts fit.
    pub(super) fn code(&mut self, text: &str) -> Option<u32> {
        let hash = fold(self.key.hash_one(text.as_bytes()));
        let mut at = hash as usize & (self.slots.len() - 1);
        while let Some((tag, code)) = self.slots.get(at).copied().filter(|(_, code)| *code != Texts::MISSING) {
            if tag == hash && self.dictionary.text(code) == Some(text) {
                return Some(code);
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
        let code = self.dictionary.push(text)?;
        if let Some(slot) = self.slots.get_mut(at) {
            *slot = (hash, code);
        }
        if self.dictionary.len() > self.slots.len() / 4 * 3 {
            self.grow();
        }
        Some(code)
    }

    /// Whether this code stands for this text.
    pub(super) fn is(&self, code: u32, text: &[u8]) -> bool {
        self.dictionary.text(code).is_some_and(|known| known.as_bytes() == text)
    }

    /// Bytes in use.
    pub(super) fn held_bytes(&self) -> usize {
        self.dictionary.held_bytes() + self.slots.len() * 8
    }

    /// The texts by their code.
    pub(super) fn finish(mut self) -> Dictionary {
        self.dictionary.shrink();
        self.dictionary
    }

    fn grow(&mut self) {
        let mut slots = vec![(0, Texts::MISSING); self.slots.len() * 2];
        let mask = slots.len() - 1;
        for (tag, code) in self.slots.iter().filter(|(_, code)| *code != Texts::MISSING) {
            let mut at = *tag as usize & mask;
            while slots.get(at).is_some_and(|(_, code)| *code != Texts::MISSING) {
                at = (at + 1) & mask;
            }
            if let Some(slot) = slots.get_mut(at) {
                *slot = (*tag, *code);
            }
        }
        self.slots = slots;
    }
}

fn fold(hash: u64) -> u32 {
    (hash ^ (hash >> 32)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_one_code_however_many_there_are() {
        let mut interner = Interner::new();
        let texts: Vec<String> = (0..5000).map(|number| format!("user-{number}")).collect();
        for _ in 0..2 {
            for (code, text) in texts.iter().enumerate() {
                assert_eq!(interner.code(text), Some(code as u32));
            }
        }
        assert!(interner.is(7, b"user-7") && !interner.is(7, b"user-8") && !interner.is(u32::MAX, b""));
        let dictionary = interner.finish();
        assert_eq!(dictionary.len(), 5000);
        assert!(dictionary.iter().eq(texts.iter().map(String::as_str)));
        assert_eq!(dictionary.text(4999), Some("user-4999"));
        assert_eq!(dictionary.text(5000), None);
    }

    #[test]
    fn the_empty_text_is_a_text() {
        let mut interner = Interner::new();
        assert_eq!(interner.code(""), Some(0));
        assert_eq!(interner.code("a"), Some(1));
        assert_eq!(interner.code(""), Some(0));
        assert_eq!(interner.finish().text(0), Some(""));
    }
}
