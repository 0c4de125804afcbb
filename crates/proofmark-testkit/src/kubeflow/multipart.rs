//! The one part of a form that an upload is.

use crate::http::Request;

/// A file as it came in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Upload {
    pub(crate) file: String,
    pub(crate) bytes: Vec<u8>,
}

/// The part named `uploadfile`.
pub(crate) fn upload_of(request: &Request) -> Option<Upload> {
    let kind = request.header("content-type").filter(|kind| kind.starts_with("multipart/form-data"))?;
    let boundary = kind.split(';').find_map(|part| part.trim().strip_prefix("boundary="))?.trim_matches('"');
    let line = format!("--{boundary}");
    let mut rest = after(&request.body, line.as_bytes())?;
    loop {
        rest = rest.strip_prefix(b"\r\n")?;
        let body = after(rest, b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(rest.get(..rest.len() - body.len())?).into_owned();
        let end = find(body, format!("\r\n{line}").as_bytes())?;
        let disposition = head.lines().find(|line| line.to_ascii_lowercase().starts_with("content-disposition:"))?;
        if attribute(disposition, "name").as_deref() == Some("uploadfile") {
            return Some(Upload { file: attribute(disposition, "filename")?, bytes: body.get(..end)?.to_vec() });
        }
        rest = body.get(end + 2 + line.len()..)?;
    }
}

fn attribute(line: &str, name: &str) -> Option<String> {
    let (_, value) = line.split_once(&format!(" {name}=\""))?;
    value.split_once('"').map(|(value, _)| value.to_owned())
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

fn after<'a>(text: &'a [u8], part: &[u8]) -> Option<&'a [u8]> {
    find(text, part).and_then(|at| text.get(at + part.len()..))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_found_among_other_parts() {
        let body = "--b\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\nx\r\n--b\r\n\
                    Content-Disposition: form-data; name=\"uploadfile\"; filename=\"churn.yaml\"\r\nContent-Type: text/plain\r\n\r\na: 1\r\n\r\n--b--\r\n";
        let request = |kind: &str, body: &str| Request {
            headers: vec![("content-type".to_owned(), kind.to_owned())],
            body: body.as_bytes().to_vec(),
            ..Request::default()
        };
        let upload = upload_of(&request("multipart/form-data; boundary=b", body)).expect("a file");
        assert_eq!((upload.file.as_str(), upload.bytes.as_slice()), ("churn.yaml", b"a: 1\r\n".as_slice()));
        assert_eq!(upload_of(&request("multipart/form-data; boundary=c", body)), None);
        assert_eq!(upload_of(&request("application/json", body)), None);
        assert_eq!(upload_of(&request("multipart/form-data; boundary=b", "--b--\r\n")), None);
    }
}
