//! Answers of the metadata store, and packed files: whatever the bytes are, nothing panics, and nothing grows beyond what they hold.

#![no_main]

use libfuzzer_sys::fuzz_target;
use proofmark_kubeflow::pipelines::Tree;
use proofmark_kubeflow::pipelines::foreign::{
    Allowance, Broken, Event, Field, Page, Reader, artifacts, context, entry, events, executions, message, property, types, unpacked,
};

/// What a file of metrics may hold at most, unpacked.
const LARGEST: usize = 64 << 20;

fuzz_target!(|bytes: &[u8]| {
    messages(bytes);
    for header in [None, Some((0, String::new())), Some((5, "none".to_owned()))] {
        let is_no = header.as_ref().is_some_and(|(code, _)| *code != 0);
        match message(bytes, header) {
            Ok(content) => {
                assert!(!is_no && content.len() < bytes.len());
                assert_eq!(message(&framed(&content), None).as_ref(), Ok(&content));
                messages(&content);
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
    match unpacked(bytes) {
        Ok(text) => assert!(text.len() <= LARGEST),
        Err(why) => assert!(!why.is_empty()),
    }
});

/// An answer with this one message.
fn framed(content: &[u8]) -> Vec<u8> {
    let end = b"grpc-status:0\r\n";
    let frame = |flags: u8, content: &[u8]| [&[flags][..], &u32::try_from(content.len()).expect("short").to_be_bytes(), content].concat();
    [frame(0, content), frame(0x80, end)].concat()
}

fn messages(bytes: &[u8]) {
    let mut reader = Reader::new(bytes);
    let mut fields = 0;
    while let Ok(Some((number, field))) = reader.field() {
        assert!(number > 0);
        fields += 1;
        if let Field::Bytes(inner) = field {
            assert!(inner.len() < bytes.len());
        }
    }
    assert!(fields <= bytes.len() / 2 + 1);
    let _ = context(bytes);
    if let Ok((key, value)) = entry(bytes) {
        assert!(key.len() + value.len() <= bytes.len());
    }
    if let Ok(tree) = property(bytes, &mut Allowance::default()) {
        assert!(size(&tree, 0) <= bytes.len() + 2);
    }
    if let Some(page) = page(artifacts(bytes), bytes) {
        for artifact in page {
            assert!(artifact.properties.values().map(|tree| size(tree, 0)).sum::<usize>() <= 2 * bytes.len());
        }
    }
    if let Some(page) = page(executions(bytes), bytes) {
        assert!(page.iter().map(|execution| execution.task.len() + execution.kind.len()).sum::<usize>() <= bytes.len());
    }
    if let Ok(found) = events(bytes) {
        assert!(found.len() <= bytes.len() / 2 && found.iter().map(|event: &Event| event.output.len()).sum::<usize>() <= 2 * bytes.len());
    }
    if let Ok(names) = types(bytes) {
        assert!(names.into_iter().count() <= bytes.len() / 2);
    }
}

fn page<T>(read: Result<Page<T>, Broken>, bytes: &[u8]) -> Option<Vec<T>> {
    let page = read.inspect_err(|why| assert!(!why.to_string().is_empty())).ok()?;
    assert!(page.items.len() <= bytes.len() / 2 && page.next.len() <= bytes.len());
    Some(page.items)
}

/// Values in a value; it is no deeper than a reader of it can stand.
fn size(tree: &Tree, depth: usize) -> usize {
    assert!(depth <= 80);
    match tree {
        Tree::List(items) => 1 + items.iter().map(|item| size(item, depth + 1)).sum::<usize>(),
        Tree::Object(fields) => 1 + fields.values().map(|field| size(field, depth + 1)).sum::<usize>(),
        Tree::Null | Tree::Number(_) | Tree::Text(_) => 1,
    }
}
