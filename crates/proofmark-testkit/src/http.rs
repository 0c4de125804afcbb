//! Just enough HTTP/1.1 for a server of tests: requests with a length or in chunks, answers with a length.

use std::io::{self, BufRead, Read, Write};

/// Beyond these a request is refused: no client of ours sends that much.
const MAX_HEAD: u64 = 64 * 1024;
const MAX_BODY: u64 = 64 * 1024 * 1024;

/// One request as it came in.
#[derive(Debug, Clone, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// As sent, still percent-encoded, without the query.
    pub(crate) path: String,
    /// As sent, without the question mark.
    pub(crate) query: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// The next request of a connection; `None` when the client is done with it.
    pub(crate) fn read(stream: &mut impl BufRead) -> io::Result<Option<Self>> {
        let Some((method, target)) = request_line(stream)? else {
            return Ok(None);
        };
        let headers = headers(stream)?;
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let mut request = Self { method, path: path.to_owned(), query: query.to_owned(), headers, body: Vec::new() };
        request.body = body(stream, &request)?;
        Ok(Some(request))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The decoded value of a query parameter.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        let mut pairs = self.query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        pairs.find(|(key, _)| decode(key, true) == name).map(|(_, value)| decode(value, true))
    }

    /// The decoded values of a query parameter that may be repeated.
    pub(crate) fn parameters(&self, name: &str) -> Vec<String> {
        let pairs = self.query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        pairs.filter(|(key, _)| decode(key, true) == name).map(|(_, value)| decode(value, true)).collect()
    }

    /// What stands after `Bearer` or `token`.
    pub(crate) fn token(&self) -> Option<&str> {
        let value = self.header("authorization")?;
        let (scheme, token) = value.split_once(' ').unwrap_or(("", value));
        let known = ["bearer", "token"].iter().any(|name| scheme.eq_ignore_ascii_case(name));
        Some(if known { token.trim() } else { "" })
    }

    pub(crate) fn closes(&self) -> bool {
        self.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }
}

fn request_line(stream: &mut impl BufRead) -> io::Result<Option<(String, String)>> {
    let line = line(stream)?;
    if line.is_empty() {
        return Ok(None);
    }
    let mut parts = line.split(' ');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(method), Some(target), Some("HTTP/1.1" | "HTTP/1.0")) if target.starts_with('/') => {
            Ok(Some((method.to_owned(), target.to_owned())))
        }
        _ => Err(bad("not a request line")),
    }
}

fn headers(stream: &mut impl BufRead) -> io::Result<Vec<(String, String)>> {
    let mut headers = Vec::new();
    loop {
        let line = line(stream)?;
        if line.is_empty() {
            return Ok(headers);
        }
        let (name, value) = line.split_once(':').ok_or_else(|| bad("not a header"))?;
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        if headers.len() > 200 {
            return Err(bad("too many headers"));
        }
    }
}

fn body(stream: &mut impl BufRead, request: &Request) -> io::Result<Vec<u8>> {
    let chunked = request.header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked"));
    let mut body = Vec::new();
    if chunked {
        loop {
            let size = line(stream)?;
            let size = size.split(';').next().unwrap_or_default();
            let size = u64::from_str_radix(size, 16).map_err(|_| bad("not a chunk size"))?;
            if body.len() as u64 + size > MAX_BODY {
                return Err(bad("the body is too big"));
            }
            exactly(stream, size, &mut body)?;
            line(stream)?;
            if size == 0 {
                return Ok(body);
            }
        }
    }
    let length = request.header("content-length").unwrap_or("0").parse().map_err(|_| bad("not a length"))?;
    if length > MAX_BODY {
        return Err(bad("the body is too big"));
    }
    exactly(stream, length, &mut body)?;
    Ok(body)
}

fn exactly(stream: &mut impl BufRead, length: u64, into: &mut Vec<u8>) -> io::Result<()> {
    let read = stream.take(length).read_to_end(into)?;
    if read as u64 == length { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// One line without its end; empty at the end of the stream.
fn line(stream: &mut impl BufRead) -> io::Result<String> {
    let mut bytes = Vec::new();
    stream.take(MAX_HEAD).read_until(b'\n', &mut bytes)?;
    let text = String::from_utf8(bytes).map_err(|_| bad("not UTF-8"))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn bad(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// Percent-decoding; in a query `+` is a space.
pub(crate) fn decode(text: &str, query: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        match (first, tail) {
            (b'%', [high, low, after @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    bytes.push(high * 16 + low);
                    rest = after;
                }
                _ => bytes.push(b'%'),
            },
            (b'+', _) if query => bytes.push(b' '),
            _ => bytes.push(*first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// Percent-encoding of everything but what a path segment may hold; slashes stay.
pub(crate) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// Status line and headers.
pub(crate) fn write_head(out: &mut impl Write, status: u16, headers: &[(String, String)]) -> io::Result<()> {
    let mut head = format!("HTTP/1.1 {status} {}\r\n", reason(status));
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    out.write_all(head.as_bytes())
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        204 => "No Content",
        302 => "Found",
        304 => "Not Modified",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        410 => "Gone",
        422 => "Unprocessable Entity",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        _ => "Other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_bodies_with_a_length_and_in_chunks() {
        let text = "POST /a%20b?x=1+2&y=%C3%A9 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc\
            PUT /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nde\r\n1\r\nf\r\n0\r\n\r\n";
        let mut stream = text.as_bytes();
        let first = Request::read(&mut stream).expect("it is well formed").expect("there is one");
        assert_eq!((first.path.as_str(), first.body.as_slice()), ("/a%20b", b"abc".as_slice()));
        assert_eq!((first.parameter("x"), first.parameter("y")), (Some("1 2".into()), Some("é".into())));
        let second = Request::read(&mut stream).expect("it is well formed").expect("there is one");
        assert_eq!((second.method.as_str(), second.body.as_slice()), ("PUT", b"def".as_slice()));
        assert!(Request::read(&mut stream).expect("the end is no error").is_none());
    }

    #[test]
    fn refuses_what_is_cut_off_or_odd() {
        for text in ["POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc", "nonsense\r\n\r\n", "GET / HTTP/1.1\r\nno colon\r\n\r\n"] {
            assert!(Request::read(&mut text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn percent_codes_round_trip() {
        assert_eq!(decode(&encode("a b/ü%+"), false), "a b/ü%+");
        assert_eq!(decode("50%", false), "50%");
    }
}
