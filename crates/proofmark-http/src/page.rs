//! Paging by the `Link` header (RFC 8288).

use http::HeaderMap;

/// The address of the next page, if there is one.
pub fn next_page(headers: &HeaderMap) -> Option<String> {
    let links = headers.get("link")?.to_str().ok()?;
    links.split(',').find_map(|link| {
        let (address, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
        let is_next = parameters.split(';').any(|parameter| parameter.trim().replace('"', "") == "rel=next");
        is_next.then(|| address.to_owned())
    })
}
