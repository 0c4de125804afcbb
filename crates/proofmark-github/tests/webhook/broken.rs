//! Payloads that are cut, changed and made up: an event or an error that names the place, never a panic, never a quotation.

use proofmark_github::actions::HostError;
use proofmark_github::event::name_of_file;
use proptest::prelude::*;

use super::*;

const SECRET: &str = "s3cr3t-value";

#[test]
fn a_payload_that_is_cut_short_says_where() {
    for stem in table::stems() {
        let (name, bytes) = (name_of_file(&stem).expect("a name"), sample(&stem));
        let whole = bytes.trim_ascii_end().len();
        for end in (0..whole).step_by(97) {
            let error = read(name, &bytes[..end]).expect_err(&stem);
            assert!(matches!(error, EventError::Cut { size } if size == end), "{stem} at {end}: {error}");
            assert_eq!(error.to_string(), format!("the event's payload ends at byte {end}, in the middle of its JSON"));
        }
    }
}

#[test]
fn what_is_no_payload_is_told_apart() {
    let told = |bytes: &[u8]| read("push", bytes).expect_err("no event").to_string();
    assert_eq!(told(b""), "the event's payload ends at byte 0, in the middle of its JSON");
    assert_eq!(told(b"[]"), "the event's payload is JSON, but not an object");
    assert_eq!(told(format!("\"{SECRET}\"").as_bytes()), "the event's payload is JSON, but not an object");
    assert_eq!(told(b"{\"ref\": x}"), "the event's payload is not JSON (line 1, column 9)");
    assert_eq!(told(b"{}\n{}"), "the event's payload is not JSON (line 2, column 1)");
    assert!(told(b"\xff").contains("not JSON"));
    assert!(told(format!("{{\"ref\": {}", "[".repeat(100_000)).as_bytes()).contains("not JSON"));
    let form = read("push", b"payload=%7B%7D").expect_err("no event");
    assert_eq!(form.hint(), Some("set the webhook's content type to application/json"));
    let large = vec![b' '; 25 * 1024 * 1024 + 1];
    assert!(matches!(read("push", &large), Err(EventError::Payload(HostError::TooLarge { size })) if size == large.len() as u64));
}

/// Drops most of what is never read, so that there are fewer fields to change.
fn thin(value: &mut Value) {
    const OF_REPOSITORY: [&str; 4] = ["id", "full_name", "default_branch", "pushed_at"];
    match value {
        Value::Object(object) => {
            let (is_repository, is_account) = (object.contains_key("full_name"), object.contains_key("login"));
            object.retain(|name, _| match name.as_str() {
                name if is_repository => OF_REPOSITORY.contains(&name),
                name if is_account => ["login", "type"].contains(&name),
                name => !name.contains("url") && !name.ends_with("_count") && !["_links", "node_id", "files", "body_html"].contains(&name),
            });
            object.values_mut().for_each(thin);
        }
        Value::Array(rows) => rows.iter_mut().for_each(thin),
        _ => {}
    }
}

fn pointers(value: &Value, here: &str, found: &mut Vec<String>) {
    let below: Vec<(String, &Value)> = match value {
        Value::Object(object) => object.iter().map(|(name, value)| (name.replace('~', "~0").replace('/', "~1"), value)).collect(),
        Value::Array(rows) => rows.iter().enumerate().map(|(at, value)| (at.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    for (name, value) in below {
        let pointer = format!("{here}/{name}");
        pointers(value, &pointer, found);
        found.push(pointer);
    }
}

/// The document without a field, or with another value in it.
fn changed(document: &Value, pointer: &str, with: Option<&Value>) -> Value {
    let mut document = document.clone();
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
    match (with, document.pointer_mut(parent).expect("a parent")) {
        (None, Value::Object(object)) => {
            object.remove(name);
        }
        (None, Value::Array(rows)) => {
            rows.remove(name.parse().expect("a number"));
        }
        (Some(value), _) => *document.pointer_mut(pointer).expect("a field") = value.clone(),
        (None, _) => unreachable!("a parent holds something"),
    }
    document
}

fn is_about(error: &EventError, pointer: &str) -> bool {
    let path = pointer[1..].replace('/', ".");
    match error {
        EventError::Payload(HostError::Field { name, .. }) => {
            let name = name.replace('[', ".").replace(']', "");
            name.starts_with(&path)
        }
        EventError::Foreign { field, .. } => *field == path,
        _ => false,
    }
}

#[test]
fn each_field_may_be_anything() {
    let values = [
        None,
        Some(json!(null)),
        Some(json!(SECRET)),
        Some(json!(-1)),
        Some(json!(true)),
        Some(json!([{}])),
        Some(json!({"number": 1})),
        Some(json!("\u{1b}[31m\u{202e}".repeat(300))),
    ];
    for stem in table::stems() {
        let name = name_of_file(&stem).expect("a name");
        let mut whole = document(&stem);
        thin(&mut whole);
        let mut fields = Vec::new();
        pointers(&whole, "", &mut fields);
        for pointer in &fields {
            for value in &values {
                match of_json(name, &changed(&whole, pointer, value.as_ref())) {
                    Ok(event) => {
                        // What is of a fork never turns into one of ours by what is left out of it. The name is all that tells the
                        // head's repository from the base's in the sample of a run.
                        let is_told = stem.contains(".fork") && !pointer.ends_with("head_repository/full_name");
                        assert!(!is_told || event.is_foreign(), "{stem} {pointer}");
                    }
                    Err(error) => {
                        assert!(is_about(&error, pointer), "{stem} {pointer} as {value:?}: {error}");
                        assert!(!error.to_string().contains(SECRET), "{error}");
                    }
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_bytes_are_refused_or_read(name in "[a-z_]{0,20}|push|pull_request|issue_comment", bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&name, &bytes);
        let _ = proofmark_github::event::guess(&bytes);
        let _ = name_of_file(&String::from_utf8_lossy(&bytes));
    }
}
