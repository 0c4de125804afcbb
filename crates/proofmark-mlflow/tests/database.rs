//! Databases that are locked, cut off, damaged or hostile.
#![cfg(feature = "sqlite")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use proofmark_mlflow::store::Query;
use proofmark_mlflow::{Error, Location, Store};
use rusqlite::Connection;

#[path = "stores_support/mod.rs"]
#[expect(dead_code, reason = "shared with the test of the recorded stores")]
mod support;

fn world() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = support::database("2.22.5", folder.path());
    (folder, path)
}

/// A database after something was done to it.
fn changed(sql: &str) -> (tempfile::TempDir, PathBuf) {
    let (folder, path) = world();
    Connection::open(&path).and_then(|sqlite| sqlite.execute_batch(sql)).expect("changed");
    (folder, path)
}

fn open(path: &Path) -> Result<Box<dyn Store>, Error> {
    support::try_open(&Location::Database(path.to_owned()))
}

fn all() -> Query {
    Query { experiments: vec!["1".to_owned()], limit: 100, ..Query::default() }
}

fn why_not(path: &Path) -> String {
    open(path).map(|_| ()).expect_err("no store").to_string()
}

fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn an_odd_value_costs_its_run() {
    for (sql, expected) in [
        ("update latest_metrics set value = 'high' where key = 'auc'", "metric `auc`: `value` is no number"),
        ("update runs set start_time = 'soon' where name = 'main-1'", "`start_time` is no whole number"),
        ("update tags set value = x'ff' where key = 'note'", "`tags.value` is no text"),
        ("pragma ignore_check_constraints = on; update runs set status = 'DONE' where name = 'main-1'", "unknown status `DONE`"),
        ("pragma ignore_check_constraints = on; update latest_metrics set is_nan = 2 where key = 'auc'", "neither 0 nor 1"),
    ] {
        let (_folder, path) = world();
        let before = open(&path).expect("a store").search(&all()).expect("readable").runs.len();
        Connection::open(&path).and_then(|sqlite| sqlite.execute_batch(sql)).expect("changed");
        let found = open(&path).expect("a store").search(&all()).expect("readable");
        assert!(!found.skipped.is_empty() && !found.runs.is_empty(), "{sql}");
        assert_eq!(found.runs.len() + found.skipped.len(), before, "{sql}");
        assert!(found.skipped.iter().all(|skipped| skipped.reason.contains(expected)), "{:?}", found.skipped);
    }
}

#[test]
fn what_is_no_database_of_mlflow() {
    let (folder, _) = world();
    for (name, content, expected) in
        [("empty.db", "".to_owned(), "no table `experiments`"), ("text.db", "text ".repeat(1000), "it is no SQLite database")]
    {
        let path = folder.path().join(name);
        fs::write(&path, content).expect("written");
        assert!(why_not(&path).contains(expected), "{}", why_not(&path));
    }
    assert!(why_not(&folder.path().join("none.db")).contains("it is missing"));
    assert!(why_not(folder.path()).contains("it is no file"));
    assert_eq!(files(folder.path()), ["empty.db", "mlflow.db", "text.db"], "nothing is made");
}

#[test]
fn a_view_in_the_place_of_a_table_is_not_asked() {
    let endless = "with recursive n(i) as (select 1 union all select i + 1 from n) select i as key, 1 as value, 'r' as run_uuid from n";
    let (_folder, path) = changed(&format!("alter table tags rename to hidden; create view tags as {endless}"));
    assert!(why_not(&path).contains("no table `tags`"), "{}", why_not(&path));
    let (_folder, path) = changed("alter table tags rename to hidden; create virtual table tags using fts5(key, value, run_uuid)");
    assert!(why_not(&path).contains("no table `tags`"), "{}", why_not(&path));
}

#[test]
fn a_lock_is_waited_for_and_then_told() {
    let (folder, path) = world();
    let store = open(&path).expect("a store");
    let writer = Connection::open(&path).expect("a writer");
    writer.execute_batch("begin exclusive").expect("locked");
    let start = Instant::now();
    let error = store.search(&all()).expect_err("locked").to_string();
    assert!(error.contains("another program holds it") && start.elapsed() > Duration::from_secs(1), "{error}");
    writer.execute_batch("rollback").expect("unlocked");
    assert!(!store.search(&all()).expect("readable").runs.is_empty());
    drop(writer);
    assert_eq!(files(folder.path()), ["mlflow.db"]);
}

#[test]
fn the_journal_of_a_writer_that_died() {
    let (folder, path) = world();
    let writer = Connection::open(&path).expect("a writer");
    // With no room for pages the change is in the file before its end, and the journal is what undoes it.
    writer
        .execute_batch("pragma cache_size = 1; begin; update tags set value = value || 'x'; update metrics set step = step + 1")
        .expect("begun");
    let died = folder.path().join("died.db");
    fs::copy(&path, &died).expect("copied");
    fs::copy(path.with_file_name("mlflow.db-journal"), died.with_file_name("died.db-journal")).expect("copied");
    assert!(why_not(&died).contains("left its journal"), "{}", why_not(&died));
}

#[test]
fn write_ahead_logs() {
    let (folder, path) = changed("pragma journal_mode = wal");
    assert_eq!(files(folder.path()), ["mlflow.db"]);
    let count = open(&path).expect("a store").search(&all()).expect("readable").runs.len();
    assert_eq!(files(folder.path()), ["mlflow.db"], "nothing is made");

    let writer = Connection::open(&path).expect("a writer");
    writer
        .execute_batch("pragma wal_autocheckpoint = 0; pragma foreign_keys = off; delete from runs where name = 'main-1'")
        .expect("changed");
    assert_eq!(open(&path).expect("a store").search(&all()).expect("readable").runs.len(), count - 1, "what is in the log counts");

    // A copy without the log's index, as a checkout has it: SQLite would have to make one.
    let copy = folder.path().join("copy é %.db");
    fs::copy(&path, &copy).expect("copied");
    fs::copy(path.with_file_name("mlflow.db-wal"), folder.path().join("copy é %.db-wal")).expect("copied");
    assert!(why_not(&copy).contains("left its journal"), "{}", why_not(&copy));
    fs::copy(path.with_file_name("mlflow.db-shm"), folder.path().join("copy é %.db-shm")).expect("copied");
    assert_eq!(open(&copy).expect("a store").search(&all()).expect("readable").runs.len(), count - 1);
}

#[test]
fn damage_is_told_and_never_a_panic() {
    let (folder, path) = world();
    let whole = fs::read(&path).expect("bytes");
    let broken = folder.path().join("broken.db");
    for (seed, length) in (0_usize..60).zip([whole.len(), whole.len() / 2, 4096, 100].into_iter().cycle()) {
        let mut bytes = whole[..length].to_vec();
        for place in 0..40 {
            let at = (seed * 7919 + place * 104_729) % bytes.len();
            bytes[at] ^= u8::try_from(seed % 255).expect("small") | 1;
        }
        fs::write(&broken, &bytes).expect("written");
        if let Ok(store) = open(&broken) {
            let _ = store.search(&all());
            let _ = store.logged_model("m-1");
            let _ = store.model_version("churn-clf", &proofmark_mlflow::model::Which::Number(2));
        }
    }
}
