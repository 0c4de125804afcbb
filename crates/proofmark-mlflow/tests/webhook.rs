//! Verifies deliveries that a real server made, and refuses each of them changed by anything.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use proofmark_http::Secret;
use proofmark_mlflow::webhook::{Delivery, Event, MOST_BYTES, TOLERANCE, WebhookError, verify};
use proptest::prelude::*;
use serde_json::Value;
use sha2::Sha256;

const ID: &str = "X-MLflow-Delivery-Id";
const TIMESTAMP: &str = "X-MLflow-Timestamp";
const SIGNATURE: &str = "X-MLflow-Signature";

#[derive(Debug, Clone)]
struct Sent {
    id: String,
    timestamp: String,
    signature: String,
    body: Vec<u8>,
}

impl Sent {
    /// One of our own.
    fn new(id: &str, timestamp: &str, body: &[u8]) -> Self {
        let mut code = Hmac::<Sha256>::new_from_slice(b"s3cret").expect("any length will do");
        code.update(&[id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat());
        let signature = format!("v1,{}", STANDARD.encode(code.finalize().into_bytes()));
        Self { id: id.to_owned(), timestamp: timestamp.to_owned(), signature, body: body.to_owned() }
    }

    fn headers(&self) -> Vec<(&str, &str)> {
        vec![("Content-Type", "application/json"), (ID, &self.id), (TIMESTAMP, &self.timestamp), (SIGNATURE, &self.signature)]
    }

    fn verify(&self) -> Result<Delivery, WebhookError> {
        self.verify_at(NOW)
    }

    fn verify_at(&self, now: u64) -> Result<Delivery, WebhookError> {
        verify(&secret("s3cret"), &self.headers(), &self.body, now, TOLERANCE)
    }
}

/// When the recorded deliveries came.
const NOW: u64 = 1_795_413_264;

fn secret(text: &str) -> Secret {
    Secret::new(text).expect("a secret")
}

fn recorded() -> Vec<Sent> {
    let recording: Value = serde_json::from_str(include_str!("webhooks-data/deliveries-3.17.2.json")).expect("sound");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let sent = |delivery: &Value| {
        let header = |name: &str| text(&delivery["headers"][name]);
        Sent { id: header(ID), timestamp: header(TIMESTAMP), signature: header(SIGNATURE), body: text(&delivery["body"]).into() }
    };
    recording["deliveries"].as_array().expect("a list").iter().map(sent).collect()
}

fn alias() -> Sent {
    Sent::new("id-1", "1795413264", br#"{"entity":"model_version_alias","action":"deleted","data":{"name":"m","alias":"a"}}"#)
}

#[test]
fn recorded_deliveries_hold_and_say_what_happened() {
    let deliveries: Vec<Delivery> = recorded().iter().map(|sent| sent.verify().expect("signed")).collect();
    let own = |text: &str| text.to_owned();
    let tags = |key: &str, value: &str| [(own(key), own(value))].into();
    let hm = || own("hm");
    let set = |model: &str, alias: &str| Event::AliasSet { model: own(model), alias: own(alias), version: 1 };
    let deleted = || Event::AliasDeleted { model: hm(), alias: own("challenger") };
    let version = |model: &str, run: Option<&str>, source: &str, tags| Event::VersionCreated {
        model: own(model),
        version: 1,
        run: run.map(own),
        source: own(source),
        tags,
    };
    let expected = [
        version("example_model", Some("abcd1234abcd5678"), "models:/123", tags("example_key", "example_value")),
        set("example_model", "example_alias"),
        Event::ModelCreated { model: hm(), tags: tags("a", "b") },
        version("hm", None, "s3://b/m", [].into()),
        Event::TagSet { model: hm(), version: 1, key: own("validation_status"), value: own("pending") },
        set("hm", "challenger"),
        set("hm", "challenger"),
        Event::TagDeleted { model: hm(), version: 1, key: own("validation_status") },
        deleted(),
        deleted(),
    ];
    assert!(deliveries.iter().map(|delivery| &delivery.event).eq(expected.iter()), "{deliveries:#?}");
    assert_eq!((deliveries[0].id.as_str(), deliveries[0].timestamp), ("24685f15-fb54-40bc-888e-604f33b27925", 1_795_413_263));
}

#[test]
fn each_flipped_bit_is_refused() {
    let flip = |text: &str, at: usize, bit: u8| {
        let mut bytes = text.as_bytes().to_vec();
        bytes[at] ^= 1 << bit;
        String::from_utf8(bytes).ok()
    };
    for sent in recorded() {
        for at in 0..sent.body.len() {
            let mut changed = sent.clone();
            changed.body[at] ^= 1 << (at % 8);
            assert_eq!(changed.verify(), Err(WebhookError::Signature));
        }
        for bit in 0..7 {
            for id in (0..sent.id.len()).filter_map(|at| flip(&sent.id, at, bit)) {
                assert!(Sent { id, ..sent.clone() }.verify().is_err());
            }
            for timestamp in (0..sent.timestamp.len()).filter_map(|at| flip(&sent.timestamp, at, bit)) {
                assert!(Sent { timestamp, ..sent.clone() }.verify().is_err());
            }
            for signature in (0..sent.signature.len()).filter_map(|at| flip(&sent.signature, at, bit)) {
                assert!(Sent { signature: signature.clone(), ..sent.clone() }.verify().is_err(), "{signature}");
            }
        }
    }
}

#[test]
fn a_wrong_secret_is_refused_and_not_told() {
    for sent in recorded() {
        let error = verify(&secret("n0t-it"), &sent.headers(), &sent.body, NOW, TOLERANCE).expect_err("refused");
        assert_eq!(error, WebhookError::Signature);
        let shown = format!("{error} {error:?} {:?}", error.hint());
        assert!(!shown.contains("n0t-it") && !shown.contains(sent.signature.trim_start_matches("v1,")), "{shown}");
    }
}

#[test]
fn the_time_must_be_near_on_both_sides() {
    let sent = alias();
    assert!(sent.verify_at(NOW - 300).is_ok() && sent.verify_at(NOW + 300).is_ok());
    assert_eq!(sent.verify_at(NOW + 301), Err(WebhookError::Stale { seconds: 301 }));
    assert_eq!(sent.verify_at(NOW - 301), Err(WebhookError::Future { seconds: 301 }));
    assert_eq!(sent.verify_at(u64::MAX), Err(WebhookError::Stale { seconds: u64::MAX - NOW }));
    assert_eq!(sent.verify_at(0), Err(WebhookError::Future { seconds: NOW }));
    let last = Sent::new("a", &u64::MAX.to_string(), &sent.body);
    assert_eq!(last.verify_at(0), Err(WebhookError::Future { seconds: u64::MAX }));
    let always = verify(&secret("s3cret"), &last.headers(), &last.body, 0, Duration::MAX);
    assert_eq!(always.map(|delivery| delivery.timestamp), Ok(u64::MAX));
}

#[test]
fn headers_are_found_in_any_case_and_stand_once() {
    let sent = alias();
    let (upper, lower) = (ID.to_uppercase(), TIMESTAMP.to_lowercase());
    let headers = [(upper.as_str(), sent.id.as_str()), (lower.as_str(), &sent.timestamp), (SIGNATURE, &sent.signature)];
    let check = |headers: &[(&str, &str)]| verify(&secret("s3cret"), headers, &sent.body, NOW, TOLERANCE);
    assert!(check(&headers).is_ok());
    for (at, header) in [ID, TIMESTAMP, SIGNATURE].into_iter().enumerate() {
        let without: Vec<_> = headers.iter().enumerate().filter(|(index, _)| *index != at).map(|(_, header)| *header).collect();
        assert_eq!(check(&without), Err(WebhookError::Missing { header }));
        let twice = [headers.as_slice(), &headers[at..=at]].concat();
        assert_eq!(check(&twice), Err(WebhookError::Twice { header }));
    }
}

#[test]
fn one_right_signature_of_several_will_do() {
    let sent = alias();
    let with = |signature: String| Sent { signature, ..sent.clone() }.verify();
    let right = &sent.signature;
    let wrong = format!("v1,{}", STANDARD.encode([0; 32]));
    for good in [format!("{wrong} {right}"), format!("{right} {wrong}"), format!("v2,abc v1,% {right}  v1,")] {
        assert!(with(good.clone()).is_ok(), "{good}");
    }
    let short = STANDARD.encode(&STANDARD.decode(&right[3..]).expect("Base64")[..31]);
    let unpadded = right.trim_end_matches('=').to_owned();
    for bad in [wrong.clone(), format!("{wrong} {wrong}"), "v1,".to_owned(), format!("v1,{short}"), unpadded, format!("{right},")] {
        assert_eq!(with(bad.clone()), Err(WebhookError::Signature), "{bad}");
    }
    for unknown in [String::new(), right.replace("v1", "v2"), right.replace("v1", "V1"), right[3..].to_owned(), format!("\t{right}")] {
        assert!(matches!(with(unknown.clone()), Err(WebhookError::Header { .. })), "{unknown}");
    }
    assert!(matches!(with(format!("{right} ").repeat(100)), Err(WebhookError::Header { why: "is too long", .. })));
}

#[test]
fn odd_ids_times_and_bodies_are_refused_though_signed() {
    let body = alias().body;
    for id in ["", "a b", "a\u{7f}", "é", "a.1", &"a".repeat(129)] {
        let refused = Sent::new(id, "1795413264", &body).verify();
        assert!(matches!(refused, Err(WebhookError::Header { header: ID, .. })), "{id}: {refused:?}");
    }
    assert!(Sent::new(&"a".repeat(128), "1795413264", &body).verify().is_ok());
    for time in ["", "+1795413264", "-1", "1795413264.0", "1.8e9", " 1795413264", "18446744073709551616"] {
        let refused = Sent::new("a", time, &body).verify();
        assert!(matches!(refused, Err(WebhookError::Header { header: TIMESTAMP, .. })), "{time}: {refused:?}");
    }
    for body in ["", "{}", "[]", "{\"entity\":1}", "\u{0}"] {
        assert!(matches!(Sent::new("a", "1795413264", body.as_bytes()).verify(), Err(WebhookError::Body { .. })), "{body}");
    }
    let blanks = [body.as_slice(), &vec![b' '; MOST_BYTES - body.len()]].concat();
    assert!(Sent::new("a", "1795413264", &blanks).verify().is_ok());
    let larger = [blanks.as_slice(), b" "].concat();
    assert_eq!(Sent::new("a", "1795413264", &larger).verify(), Err(WebhookError::TooLarge));
}

#[test]
fn a_body_is_read_only_when_it_is_signed() {
    let sent = Sent { body: b"no JSON".to_vec(), ..alias() };
    assert_eq!(sent.verify(), Err(WebhookError::Signature));
}

proptest! {
    #[test]
    fn any_change_is_refused(at in any::<prop::sample::Index>(), mask in 1_u8.., cut in any::<bool>()) {
        let mut sent = alias();
        let at = at.index(sent.body.len());
        if cut {
            sent.body.truncate(at);
        } else {
            sent.body[at] ^= mask;
        }
        prop_assert_eq!(sent.verify(), Err(WebhookError::Signature));
    }

    #[test]
    fn whatever_is_signed_is_an_event_or_an_error(id in "[!-~&&[^.]]{1,128}", body in "\\PC{0,60}|[\\[\\]{}\":,a0]{0,40}") {
        let result = Sent::new(&id, "1795413264", body.as_bytes()).verify();
        prop_assert!(matches!(result, Ok(_) | Err(WebhookError::Body { .. })), "{:?}", result);
    }

    #[test]
    fn whatever_is_not_signed_is_refused(values in prop::collection::vec(".{0,50}", 3), body in prop::collection::vec(any::<u8>(), 0..50)) {
        let headers = [(ID, values[0].as_str()), (TIMESTAMP, &values[1]), (SIGNATURE, &values[2])];
        prop_assert!(verify(&secret("s3cret"), &headers, &body, NOW, Duration::MAX).is_err());
    }
}
