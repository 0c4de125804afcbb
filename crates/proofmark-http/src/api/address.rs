//! Addresses of servers, as people write them.

/// The address of a server without a slash at its end: `https://host:port/path`.
///
/// # Errors
/// What is wrong with it, as a sentence fragment. User information is refused: addresses are shown.
pub fn server_address(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    if text.is_empty() {
        return Err("it is empty");
    }
    if text.chars().any(|letter| letter.is_control() || letter.is_whitespace()) {
        return Err("it holds white space or a control character");
    }
    let (scheme, rest) = text.split_once("://").ok_or("it has to begin with http:// or https://")?;
    let scheme = scheme.to_ascii_lowercase();
    if !matches!(scheme.as_str(), "http" | "https") {
        return Err("it has to begin with http:// or https://");
    }
    if rest.contains(['?', '#']) {
        return Err("an address with a query or fragment is a page's and not the server's");
    }
    if rest.split('/').next().is_some_and(|authority| authority.contains('@')) {
        return Err("it holds a user name or password, which would be shown");
    }
    let address = format!("{scheme}://{}", rest.trim_end_matches('/'));
    let uri = address.parse::<http::Uri>().ok();
    // A port that is no number of a port is left out by the parser.
    let whole = |authority: &http::uri::Authority| {
        !authority.host().is_empty() && (authority.port_u16().is_some() || authority.as_str().ends_with(authority.host()))
    };
    if uri.as_ref().and_then(http::Uri::authority).is_some_and(whole) { Ok(address) } else { Err("it is no address of a server") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_servers_are_taken() {
        assert_eq!(server_address(" HTTPS://kf.example.com:8443/pipeline/// ").as_deref(), Ok("https://kf.example.com:8443/pipeline"));
        assert_eq!(server_address("http://[::1]:80").as_deref(), Ok("http://[::1]:80"));
        for bad in ["", "kf.example.com", "ftp://x", "http://", "http://a b", "http://u:p@h", "http://h?x=1", "http://h:99999", "http:///x"]
        {
            assert!(server_address(bad).is_err(), "{bad}");
        }
    }
}
