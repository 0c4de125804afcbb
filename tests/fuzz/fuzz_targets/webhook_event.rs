//! Payloads of GitHub's events, as a webhook sends them and as a run of Actions finds them: an event within bounds, or an error that
//! quotes nothing. The input is the name of the event in a line, and the payload to the end.

#![no_main]

use libfuzzer_sys::fuzz_target;
use proofmark_core::event::{Event, Kind};
use proofmark_github::actions::Host;
use proofmark_github::event::{EventError, guess, name_of_file, of_run, read};

fuzz_target!(|bytes: &[u8]| {
    let mut lines = bytes.splitn(2, |byte| *byte == b'\n');
    let name = str::from_utf8(lines.next().unwrap_or_default()).unwrap_or_default();
    let payload = lines.next().unwrap_or_default();
    name_of_file(name);
    let told = read(name, payload);
    if let Some(like) = guess(payload) {
        assert!(!matches!(read(like, payload), Err(EventError::Foreign { .. })), "{like}");
    }
    match &told {
        Ok(event) => is_bounded(event),
        Err(error) => assert!(error.to_string().len() < 2000, "{error}"),
    }
    let var = |variable: &str| match variable {
        "GITHUB_ACTIONS" => Some("true".to_owned()),
        "GITHUB_EVENT_NAME" => Some(name.to_owned()),
        "GITHUB_REPOSITORY" => Some("acme/widgets".to_owned()),
        "GITHUB_RUN_ID" => Some("7".to_owned()),
        _ => None,
    };
    let Ok(Some(host)) = Host::read(&var, Some(payload)) else { return };
    if let Ok(event) = of_run(&host, &var, Some(payload)) {
        is_bounded(&event);
        assert_eq!((event.id.as_deref(), event.repository.as_deref()), (Some("7"), Some("acme/widgets")));
        // A run is never less of a stranger's than its webhook.
        assert!(
            event.kind.is_unknown() || !told.is_ok_and(|told| told.is_foreign() && told.kind == Kind::PullRequest) || event.is_foreign()
        );
    }
});

fn is_bounded(event: &Event) {
    let is_short = |text: &&String| text.chars().count() <= 1000;
    let names = [&event.action, &event.repository, &event.default_branch, &event.branch, &event.tag, &event.label, &event.schedule];
    assert!(names.into_iter().flatten().all(|text| is_short(&text)));
    for place in [&event.base, &event.head] {
        assert!(place.branch.iter().all(|text| is_short(&text)));
        let is_commit = |id: &String| matches!(id.len(), 40 | 64) && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        assert!(place.commit.iter().all(is_commit));
    }
    assert!(event.depth <= 99);
    let text = serde_json::to_string(event).expect("JSON");
    let again: Event = serde_json::from_str(&text).expect("an event");
    assert_eq!(&again, event);
}
