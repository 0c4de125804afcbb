use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

fn secret(text: &str) -> Secret {
    Secret::new(text).expect("a secret")
}

fn hide(text: &str) -> String {
    redact(text, &[])
}

#[test]
fn secrets_give_way_to_stars() {
    let (short, long) = (secret("abc"), secret("abcdef"));
    assert_eq!(redact("x abcdef y abc", &[&short, &long]), "x *** y ***");
    assert_eq!(redact("bcd overlaps: abcde", &[&secret("abc"), &secret("bcde")]), "bcd overlaps: ***");
    assert_eq!(redact("abcdef inside", &[&secret("bcd"), &long]), "*** inside");
    assert_eq!(redact("nothing", &[]), "nothing");
}

#[test]
fn encoded_forms_are_hidden_too() {
    let token = secret("p/ss:w@rd+1");
    assert_eq!(redact("?key=p%2Fss%3Aw%40rd%2B1&x", &[&token]), "?key=***&x");
    assert_eq!(redact("?key=p%2fss%3aw%40rd%2b1&x", &[&token]), "?key=***&x");
    // base64 of `user:p/ss:w@rd+1`, `p/ss:w@rd+1` and `id:p/ss:w@rd+1`.
    for text in ["dXNlcjpwL3NzOndAcmQrMQ==", "cC9zczp3QHJkKzE=", "aWQ6cC9zczp3QHJkKzE="] {
        let shown = redact(text, &[&token]);
        assert!(shown.contains(STARS) && shown.len() <= 16, "{text}: {shown}");
    }
}

#[test]
fn user_information_of_addresses_is_hidden() {
    assert_eq!(hide("proxy http://joe:pw@proxy.corp:3128/x"), "proxy http://***@proxy.corp:3128/x");
    assert_eq!(hide("<https://tok@h> \"ssh://git@h\""), "<https://***@h> \"ssh://***@h\"");
    assert_eq!(hide("http://a@b@host"), "http://***@host");
    assert_eq!(hide("https://host/actions/checkout@v4"), "https://host/actions/checkout@v4");
    assert_eq!(hide("mail me@host or see ://"), "mail me@host or see ://");
}

#[test]
fn credentials_of_headers_are_hidden() {
    assert_eq!(hide("Authorization: Bearer abcdef012345"), "Authorization: Bearer ***");
    assert_eq!(hide("authorization: bearer a.b-c_d~e+f/9=="), "authorization: bearer ***");
    assert_eq!(hide("Proxy-Authorization: Basic dXNlcjpwYXNzMQ=="), "Proxy-Authorization: Basic ***");
    assert_eq!(hide("Authorization: token 0123456789abcdef"), "Authorization: token ***");
    assert_eq!(hide("token abcdefghijklmnopqrstuvwxyz"), "token ***");
    let prose = "the token GITHUB_TOKEN, the token permissions, a bearer authentication is not";
    assert_eq!(hide(prose), prose);
}

#[test]
fn shapes_of_tokens_are_hidden() {
    for prefix in TOKEN_PREFIXES {
        let text = format!("got {prefix}0123456789abcdef, sorry");
        assert_eq!(hide(&text), "got ***, sorry", "{prefix}");
    }
    assert_eq!(hide("a token begins with ghp_ or ghs_"), "a token begins with ghp_ or ghs_");
}

#[test]
fn hostile_texts_take_linear_time() {
    let long = secret(&"a".repeat(500));
    let started = Instant::now();
    for piece in ["ghp_", "://", "://a@", "bearer ", "token token ", "a", "%61", "github_pat_g"] {
        let text = piece.repeat(300_000 / piece.len());
        assert!(redact(&text, &[&long]).len() <= text.len() * 2);
    }
    // A quadratic scan would take minutes.
    assert!(started.elapsed() < Duration::from_secs(30));
}

proptest! {
    #[test]
    fn no_secret_survives(
        words in prop::collection::vec("[a-c:/@%ü ]{0,4}", 0..12),
        mut secrets in prop::collection::vec("[a-c:/@%!]{1,6}", 1..4),
    ) {
        secrets.sort();
        let text = words.iter().zip(secrets.iter().cycle()).flat_map(|(word, secret)| [word.as_str(), secret]).collect::<String>();
        let kept: Vec<_> = secrets.iter().map(|text| secret(text)).collect();
        let shown = redact(&text, &kept.iter().collect::<Vec<_>>());
        for secret in &secrets {
            prop_assert!(!shown.contains(secret.as_str()), "{secret} in {shown}");
        }
    }

    #[test]
    fn no_secret_survives_base64(before in "[ -~]{0,5}", token in "[!-)+-~]{8,40}", after in "[ -~]{0,5}") {
        let encoded = plain_base64(format!("{before}{token}{after}").as_bytes());
        let shown = redact(&encoded, &[&secret(&token)]);
        prop_assert!(shown.contains(STARS));
        // The borders may keep a character each that the secret shares with its neighbours.
        prop_assert!(shown.len() <= 3 + (before.len() + after.len() + 4) * 4 / 3 + 2);
    }

    #[test]
    fn any_text_is_taken(text in any::<String>(), token in "\\PC{1,9}") {
        if let Some(token) = Secret::new(&token) {
            redact(&text, &[&token]);
        }
    }
}

/// Written without the code under test.
fn plain_base64(bytes: &[u8]) -> String {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits: String = bytes.iter().map(|byte| format!("{byte:08b}")).collect();
    let sextets = bits.as_bytes().chunks(6).map(|chunk| format!("{:0<6}", String::from_utf8_lossy(chunk)));
    sextets.map(|sextet| char::from(alphabet[usize::from_str_radix(&sextet, 2).expect("six bits")])).collect()
}
