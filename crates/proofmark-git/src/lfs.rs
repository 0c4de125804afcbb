//! Git-LFS pointers: a small text in git that stands for a large file elsewhere.

use std::path::{Path, PathBuf};

/// Pointers are at most this long, by their specification.
pub(crate) const LONGEST_POINTER: usize = 1024;

const FIRST_LINE: &[u8] = b"version https://git-lfs.github.com/spec/v1";

/// What a pointer points to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Pointer {
    sha256: String,
    pub(crate) size: u64,
}

impl Pointer {
    /// Reads a pointer; `None` when the bytes are any other file.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > LONGEST_POINTER || !bytes.starts_with(FIRST_LINE) {
            return None;
        }
        let text = std::str::from_utf8(bytes).ok()?;
        let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' '));
        let sha256 = value("oid")?.strip_prefix("sha256:")?;
        // The digits become a path: nothing but digits may pass.
        let digits = sha256.len() == 64 && sha256.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        digits.then_some(Self { sha256: sha256.to_owned(), size: value("size")?.trim().parse().ok()? })
    }

    /// The content out of this clone's LFS store; `None` when it is not there.
    pub(crate) fn load(&self, common_dir: &Path) -> Option<Vec<u8>> {
        std::fs::read(self.locate(common_dir)?).ok()
    }

    /// Where this clone's LFS store has the content; `None` when it has not.
    ///
    /// Its size is compared and its hash is not: `git lfs` moves a file there only after it has verified the hash.
    pub(crate) fn locate(&self, common_dir: &Path) -> Option<PathBuf> {
        let path = common_dir.join("lfs/objects").join(&self.sha256[..2]).join(&self.sha256[2..4]).join(&self.sha256);
        (std::fs::metadata(&path).ok()?.len() == self.size).then_some(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_pointers_and_nothing_else() {
        let hex = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393";
        let text = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{hex}\nsize 12345\n");
        assert_eq!(Pointer::parse(text.as_bytes()), Some(Pointer { sha256: hex.to_owned(), size: 12345 }));
        assert_eq!(Pointer::parse(text.replace(hex, "../../../../etc/passwd").as_bytes()), None);
        assert_eq!(Pointer::parse(text.replace("size", "length").as_bytes()), None);
        assert_eq!(Pointer::parse(b"{}"), None);
        assert_eq!(Pointer::parse(format!("{text}{}", " ".repeat(1024)).as_bytes()), None);
    }
}
