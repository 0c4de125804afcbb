//! Where in its file a value stands.
//!
//! The readers themselves tell: asked for places, they give a document of the same shape whose leaves are places. So a
//! repeated key, a merge or a table's shape cannot lead anywhere else than the value that was read.

use super::{Format, Leaves, ParseError, read};
use crate::key::{Key, Lists, flatten};
use crate::value::Value;

/// The lines of all scalars of one document.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// Sorted by key.
    leaves: Vec<(Key, Value)>,
    /// Where the line ends stand, in the unit that the reader counts in.
    line_ends: Vec<usize>,
}

/// The line, from 1, of the scalar at `key`, as metrics are named; `None` where none stands there, in a file that cannot
/// be read, and in Python files. For many keys of one file see [`Places`].
///
/// ```
/// use proofmark_core::document::{Format, locate};
/// use proofmark_core::key::Key;
///
/// let file = b"{\n  \"test\": {\n    \"auc\": 0.9\n  }\n}\n";
/// assert_eq!(locate(Format::Json, file, &Key::from_canonical("test.auc")), Some(3));
/// assert_eq!(locate(Format::Json, file, &Key::from_canonical("auc")), None);
/// ```
pub fn locate(format: Format, bytes: &[u8], key: &Key) -> Option<u32> {
    Places::of(format, bytes).ok()?.line(key)
}

impl Places {
    /// Finds all scalars of a document.
    ///
    /// # Errors
    /// When the document cannot be read.
    pub fn of(format: Format, bytes: &[u8]) -> Result<Self, ParseError> {
        if format == Format::Python {
            return Ok(Self::default());
        }
        let document = read(format, bytes, Leaves::Places)?;
        let leaves = flatten(document, Lists::Elements).map_err(|error| ParseError::at(bytes, 0, error.to_string()))?;
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let line_ends = if format == Format::Yaml {
            let characters = String::from_utf8_lossy(bytes);
            characters.chars().enumerate().filter(|(_, letter)| *letter == '\n').map(|(at, _)| at).collect()
        } else {
            bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at).collect()
        };
        Ok(Self { leaves, line_ends })
    }

    /// The line, from 1, of the scalar at `key`.
    pub fn line(&self, key: &Key) -> Option<u32> {
        let at = self.leaves.binary_search_by(|(name, _)| name.cmp(key)).ok()?;
        let Value::Int(place) = self.leaves[at].1 else { return None };
        let place = usize::try_from(place).ok()?;
        u32::try_from(self.line_ends.partition_point(|&end| end < place) + 1).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(format: Format, text: &str, key: &str) -> Option<u32> {
        locate(format, text.as_bytes(), &Key::from_canonical(key))
    }

    #[test]
    fn json() {
        let text = "{\"a\": 1,\n\"a\":\n 2, \"b.c\": [1,\n{\"\": null}],\r\n\"\\u0064\": \"é\n\" }".replace("é\n", "é");
        for (key, expected) in
            [("a", Some(3)), ("b\\.c[0]", Some(3)), ("b\\.c[1].\"\"", Some(4)), ("d", Some(5)), ("b\\.c", None), ("x", None)]
        {
            assert_eq!(line(Format::Json, &text, key), expected, "{key}");
        }
        assert_eq!(line(Format::Json, "{\"a\": {\"b\": 1},\n\"a\": 2}", "a.b"), None, "a later value replaces all of it");
        assert_eq!(line(Format::Json, "\n 0.5", ""), Some(2));
        assert_eq!(line(Format::Json, "{\"a\": 1", "a"), None);
    }

    #[test]
    fn yaml() {
        let text =
            "# é\nbase: &b\n  auc: &x 0.9\n  f1: 0.8\ntest:\n  <<: *b\n  f1:\n    0.7\nlist:\n- 1\n- k: [2,\n   3]\nsame: *x\n? *x\n: 5\n";
        for (key, expected) in [
            ("base.auc", Some(3)),
            ("test.auc", Some(3)),
            ("test.f1", Some(8)),
            ("list[0]", Some(10)),
            ("list[1].k[0]", Some(11)),
            ("list[1].k[1]", Some(12)),
            ("same", Some(13)),
            ("0\\.9", Some(15)),
            ("list", None),
        ] {
            assert_eq!(line(Format::Yaml, text, key), expected, "{key}");
        }
        assert_eq!(line(Format::Yaml, "\u{feff}é: 1\nb: 2\n", "b"), Some(2));
        assert_eq!(line(Format::Yaml, "0.93\n", ""), Some(1));
        assert_eq!(line(Format::Yaml, "--- \n\n0.93\n", ""), Some(3));
    }

    #[test]
    fn toml() {
        let text = "a = 1 # é\n[t]\nx.y = [1,\n 2]\n[[r]]\nv = 1\n[[r]]\nv = \"\"\"\n2\"\"\"\n\"q.r\" = { s = nan }\n";
        for (key, expected) in [
            ("a", Some(1)),
            ("t.x.y[0]", Some(3)),
            ("t.x.y[1]", Some(4)),
            ("r[0].v", Some(6)),
            ("r[1].v", Some(8)),
            ("r[1].q\\.r.s", Some(10)),
        ] {
            assert_eq!(line(Format::Toml, text, key), expected, "{key}");
        }
    }

    #[test]
    fn tables() {
        let two = "\u{feff}metric,value\r\nacc,0.9\r\n\r\n\"lo\nss\",0.1\r\nf1,1";
        for (key, expected) in [("acc", Some(2)), ("lo\nss", Some(4)), ("f1", Some(6)), ("metric", None)] {
            assert_eq!(line(Format::Csv, two, key), expected, "{key}");
        }
        assert_eq!(line(Format::Tsv, "step\tloss\n1\t0.5\n2\t0.4\n", "loss"), Some(3));
        assert_eq!(line(Format::Csv, "class,f1\ncat,1\ndog,2\n", "dog.f1"), Some(3));
        assert_eq!(line(Format::Csv, "a,b\n1,2\n3,4\n", "[1].a"), Some(3));
        assert_eq!(line(Format::Csv, "a,b\n1,2\n", "b"), Some(2));
    }

    #[test]
    fn python_is_params_only() {
        assert_eq!(line(Format::Python, "a = 1\n", "a"), None);
    }
}
