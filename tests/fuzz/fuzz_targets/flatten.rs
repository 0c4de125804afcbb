//! Documents as lists of leaves: each place has one name of its own, in order, and no value is lost or made up.

#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use proofmark_core::document::Format;
use proofmark_core::key::{Key, Lists, MAX_KEY, flatten};
use proofmark_core::value::Value;
use proofmark_fuzz::checked;

fuzz_target!(|bytes: &[u8]| {
    for format in [Format::Json, Format::Yaml] {
        let Some(document) = checked(format, bytes) else { continue };
        for lists in [Lists::Elements, Lists::Whole] {
            check(&document, lists);
        }
    }
});

fn check(document: &Value, lists: Lists) {
    let leaves = match flatten(document.clone(), lists) {
        Ok(leaves) => leaves,
        Err(error) => {
            let longest = expected(document, lists).keys().map(|key| key.as_str().len()).max();
            assert!(longest > Some(MAX_KEY), "refused without a long key: {error}");
            return;
        }
    };
    assert!(leaves.is_sorted_by(|one, two| one.0 < two.0), "not in order, or twice: {leaves:?}");
    let expected = expected(document, lists);
    assert_eq!(leaves.len(), expected.len(), "{leaves:?}\n{expected:?}");
    for ((key, value), (place, leaf)) in leaves.iter().zip(&expected) {
        assert!(key == place && value.same(leaf), "{key} is {value}, and should be {place}, {leaf}");
        assert!(key.parts().len() >= 1 && key.plain().len() <= key.as_str().len(), "{key:?}");
        // The canonical text is all that documents keep of a key.
        assert_eq!(Key::from_canonical(key.as_str()), *key);
    }
}

/// The same in the simplest way, by the constructors of keys.
fn expected(document: &Value, lists: Lists) -> BTreeMap<Key, &Value> {
    let mut leaves = BTreeMap::new();
    let mut open = vec![(Key::root(), document)];
    while let Some((key, value)) = open.pop() {
        match value {
            Value::Map(map) if !map.is_empty() => open.extend(map.iter().map(|(name, value)| (key.child(name), value))),
            Value::List(list) if !list.is_empty() && lists == Lists::Elements => {
                open.extend(list.iter().enumerate().map(|(index, value)| (key.item(index), value)));
            }
            Value::Map(_) if key.is_root() => {}
            leaf => assert!(leaves.insert(key.clone(), leaf).is_none(), "two places are called {key}"),
        }
    }
    leaves
}
