//! Each way to keep a comment up to date.

use proofmark_core::config::{CommentMode, Effect};
use proofmark_github::CommentOutcome;
use proofmark_testkit::github::{Fault, What};

use crate::setup::{Report, comments, only, report, requests, start};

#[test]
fn off_asks_nothing() {
    let github = start();
    assert_eq!(report(1).mode(CommentMode::Off).sent(&github), CommentOutcome::NotNeeded);
    assert!(requests(&github).is_empty());
}

#[test]
fn recreate_posts_anew_and_keeps_other_sections() {
    let github = start();
    report(1).of("other").sent(&github);
    let old = only(&github).id;
    assert!(matches!(report(2).mode(CommentMode::Recreate).sent(&github), CommentOutcome::Recreated { .. }));
    let new = only(&github);
    assert!(new.id > old && new.edits == 0);
    assert!(new.body.contains("other of run 1") && new.body.contains("report of run 2"));
    // Its history comes along.
    report(3).mode(CommentMode::Recreate).sent(&github);
    assert!(only(&github).body.contains("report of run 3\n\nbefore: [2]"));
}

#[test]
fn hide_and_recreate_hides_the_old_one() {
    let github = start();
    let hide = |run| report(run).mode(CommentMode::HideAndRecreate).sent(&github);
    assert!(matches!(hide(1), CommentOutcome::Created { .. }));
    for run in 2..=3 {
        assert!(matches!(hide(run), CommentOutcome::Recreated { .. }));
    }
    let comments = comments(&github);
    let hidden: Vec<Option<&str>> = comments.iter().map(|comment| comment.minimized.as_deref()).collect();
    assert_eq!(hidden, [Some("outdated"), Some("outdated"), None]);
    assert!(comments[2].body.contains("report of run 3\n\nbefore: [1 2]"));
    assert!(comments.iter().all(|comment| comment.reactions.is_empty()));
}

#[test]
fn an_old_comment_that_cannot_be_hidden_is_put_aside_and_told() {
    let github = start();
    report(1).sent(&github);
    github.fail(Fault::new("POST", "/graphql", What::StatusBefore(403)));
    let outcome = report(2).mode(CommentMode::HideAndRecreate).send(&github).expect("an outcome");
    assert!(matches!(outcome.plain(), CommentOutcome::Recreated { .. }));
    assert!(outcome.notes()[0].starts_with("The earlier comment could not be hidden"), "{outcome:?}");
    // The next run takes the new one.
    assert!(matches!(report(3).sent(&github), CommentOutcome::Updated { .. }));
    let comments = comments(&github);
    assert!(comments[0].body.starts_with("<!-- proofmark-old:") && comments[1].body.contains("report of run 3"));
}

#[test]
fn delete_when_fixed_deletes_when_fixed() {
    let github = start();
    let of = |run, effect| Report { effect, ..report(run).mode(CommentMode::DeleteWhenFixed) };
    assert_eq!(of(1, Effect::Allow).sent(&github), CommentOutcome::NotNeeded);
    assert!(matches!(of(2, Effect::Block).sent(&github), CommentOutcome::Created { .. }));
    assert!(matches!(of(3, Effect::Notice).sent(&github), CommentOutcome::Updated { .. }));
    assert_eq!(of(4, Effect::Allow).sent(&github), CommentOutcome::Deleted);
    assert!(comments(&github).is_empty());
    // With others only the own section goes.
    of(5, Effect::Block).sent(&github);
    report(5).of("other").sent(&github);
    assert_eq!(of(6, Effect::Allow).sent(&github), CommentOutcome::Deleted);
    let body = only(&github).body;
    assert!(!body.contains("report of run") && body.contains("other of run 5"), "{body}");
    assert_eq!(of(7, Effect::Allow).sent(&github), CommentOutcome::NotNeeded);
    // What is left keeps late runs out.
    assert!(matches!(of(6, Effect::Block).sent(&github), CommentOutcome::Superseded { newer_run: 7, .. }));
    assert_eq!(Report { effect: Effect::Allow, ..of(8, Effect::Allow).of("other") }.sent(&github), CommentOutcome::Deleted);
    assert!(comments(&github).is_empty());
}

#[test]
fn only_on_change_writes_only_what_is_new() {
    let github = start();
    let of = |run, digest: &str, quiet| Report { digest: digest.into(), quiet, ..report(run).mode(CommentMode::OnlyOnChange) };
    assert_eq!(of(1, "nothing", true).sent(&github), CommentOutcome::NotNeeded);
    assert!(matches!(of(2, "worse", false).sent(&github), CommentOutcome::Created { .. }));
    assert!(matches!(of(3, "worse", false).sent(&github), CommentOutcome::Unchanged { .. }));
    assert_eq!(only(&github).edits, 0);
    // Back to nothing is a change too.
    assert!(matches!(of(4, "nothing", true).sent(&github), CommentOutcome::Updated { .. }));
    assert!(only(&github).body.contains("report of run 4"));
}
