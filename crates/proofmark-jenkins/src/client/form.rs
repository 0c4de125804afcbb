//! Bodies of requests: forms, with files or without.

use super::address::escaped;

/// A body and its media type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Body {
    pub(super) media_type: String,
    pub(super) bytes: Vec<u8>,
}

/// What a field of a form holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A text.
    Text(String),
    /// A file, with its name.
    File(String, Vec<u8>),
}

/// The body of these fields: multipart where there is a file.
pub(super) fn body<'f>(fields: impl Iterator<Item = (&'f str, &'f Content)> + Clone) -> Body {
    if fields.clone().any(|(_, content)| matches!(content, Content::File(..))) {
        return multipart(fields);
    }
    let pairs: Vec<String> = fields
        .filter_map(|(name, content)| match content {
            Content::Text(text) => Some(format!("{}={}", escaped(name), escaped(text))),
            Content::File(..) => None,
        })
        .collect();
    Body { media_type: "application/x-www-form-urlencoded".to_owned(), bytes: pairs.join("&").into_bytes() }
}

fn multipart<'f>(fields: impl Iterator<Item = (&'f str, &'f Content)> + Clone) -> Body {
    let holds = |mark: &[u8]| {
        fields.clone().any(|(_, content)| match content {
            Content::Text(text) => text.as_bytes().windows(mark.len()).any(|found| found == mark),
            Content::File(_, bytes) => bytes.windows(mark.len()).any(|found| found == mark),
        })
    };
    // Whatever the fields hold, one of these stands nowhere in them.
    let boundary = (0_u64..).map(|number| format!("proofmark-{number:016}")).find(|mark| !holds(mark.as_bytes())).unwrap_or_default();
    let mut bytes = Vec::new();
    for (name, content) in fields {
        bytes.extend_from_slice(format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"", quoted(name)).as_bytes());
        match content {
            Content::Text(text) => {
                bytes.extend_from_slice(b"\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\n");
                bytes.extend_from_slice(text.as_bytes());
            }
            Content::File(file, content) => {
                let head = format!("; filename=\"{}\"\r\nContent-Type: application/octet-stream\r\n\r\n", quoted(file));
                bytes.extend_from_slice(head.as_bytes());
                bytes.extend_from_slice(content);
            }
        }
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    Body { media_type: format!("multipart/form-data; boundary={boundary}"), bytes }
}

/// As browsers write names into such a header.
fn quoted(text: &str) -> String {
    text.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Content {
        Content::Text(text.to_owned())
    }

    #[test]
    fn forms_without_files() {
        let fields = [("a b", text("1&2=é\n")), ("c", text(""))];
        let body = body(fields.iter().map(|(name, content)| (*name, content)));
        assert_eq!(String::from_utf8_lossy(&body.bytes), "a%20b=1%262%3D%C3%A9%0A&c=");
        assert_eq!(body.media_type, "application/x-www-form-urlencoded");
    }

    #[test]
    fn files_make_it_multipart() {
        let file = Content::File("x\".bin".to_owned(), b"\0\xff--proofmark-0000000000000000\r\n".to_vec());
        let fields = [("a", text("1")), ("f\r\nEvil: 1", file)];
        let body = body(fields.iter().map(|(name, content)| (*name, content)));
        assert_eq!(body.media_type, "multipart/form-data; boundary=proofmark-0000000000000001", "a boundary that the file has not");
        let shown = String::from_utf8_lossy(&body.bytes);
        assert!(shown.starts_with("--proofmark-0000000000000001\r\nContent-Disposition: form-data; name=\"a\"\r\n"), "{shown}");
        assert!(shown.contains("name=\"f%0D%0AEvil: 1\"; filename=\"x%22.bin\"\r\n"), "{shown}");
        assert!(shown.ends_with("\r\n--proofmark-0000000000000001--\r\n"), "{shown}");
    }
}
