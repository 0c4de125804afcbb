use proptest::prelude::*;

use super::*;

/// The bytes of a tree as `google.protobuf.Value`, by the rules of the format.
fn encoded(tree: &Tree) -> Vec<u8> {
    match tree {
        Tree::Null => Writer::default().number(1, 0).done(),
        Tree::Number(number) => {
            let mut bytes = vec![0x11];
            bytes.extend(number.to_bits().to_le_bytes());
            bytes
        }
        Tree::Text(text) => Writer::default().bytes(3, text.as_bytes()).done(),
        Tree::List(items) => {
            let list = items.iter().fold(Writer::default(), |list, item| list.bytes(1, &encoded(item)));
            Writer::default().bytes(6, &list.done()).done()
        }
        Tree::Object(_) => Writer::default().bytes(5, &encoded_object(tree)).done(),
    }
}

fn encoded_object(tree: &Tree) -> Vec<u8> {
    let Tree::Object(fields) = tree else { return Vec::new() };
    let entry = |(name, value): (&String, &Tree)| Writer::default().bytes(1, name.as_bytes()).bytes(2, &encoded(value)).done();
    fields.iter().map(entry).fold(Writer::default(), |object, entry| object.bytes(1, &entry)).done()
}

fn trees() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        Just(Tree::Null),
        any::<f64>().prop_filter("equal to itself", |number| !number.is_nan()).prop_map(Tree::Number),
        any::<String>().prop_map(Tree::Text),
    ];
    leaf.prop_recursive(6, 60, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Tree::List),
            proptest::collection::btree_map(any::<String>(), inner, 0..6).prop_map(Tree::Object),
        ]
    })
}

proptest! {
    #[test]
    fn values_come_back(tree in trees()) {
        prop_assert_eq!(value(&encoded(&tree), 0, &mut Allowance::default()), Ok(tree));
    }

    #[test]
    fn any_bytes_can_be_looked_at(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut reader = Reader::new(&bytes);
        while let Ok(Some(_)) = reader.field() {}
        let _ = (property(&bytes, &mut Allowance::default()), entry(&bytes), value(&bytes, 0, &mut Allowance::default()));
    }

    #[test]
    fn a_cut_value_is_never_another_one_with_more(tree in trees(), keep in 0.0..1.0_f64) {
        let bytes = encoded(&tree);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a share of a length")]
        let length = (bytes.len() as f64 * keep) as usize;
        let _ = value(&bytes[..length], 0, &mut Allowance::default());
    }

    #[test]
    fn numbers_come_back(number in any::<i64>(), field in 1_u32..=u32::MAX >> 3) {
        let bytes = Writer::default().number(field, number).done();
        prop_assert_eq!(Reader::new(&bytes).field(), Ok(Some((field, Field::Number(number.cast_unsigned())))));
    }
}

#[test]
fn what_is_no_message_is_refused() {
    let cases: [(&[u8], Broken); 8] = [
        (&[0x80; 11], Broken::Number),
        (&[0x80], Broken::Cut),
        (&[0x00, 0x01], Broken::Form),
        (&[0x0b], Broken::Form),
        (&[0x0a, 0x05, 0x01], Broken::Cut),
        (&[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], Broken::Cut),
        (&[0x09, 0x01], Broken::Cut),
        (&[0x0d, 0x01], Broken::Cut),
    ];
    for (bytes, expected) in cases {
        assert_eq!(Reader::new(bytes).field(), Err(expected), "{bytes:x?}");
    }
}

#[test]
fn depth_and_number_of_values_are_bounded() {
    let deep = (0..40).fold(Tree::Null, |tree, _| Tree::List(vec![tree]));
    assert_eq!(value(&encoded(&deep), 0, &mut Allowance::default()), Err(Broken::TooMuch));
    let wide = Tree::List(vec![Tree::Null; 10]);
    assert_eq!(value(&encoded(&wide), 0, &mut Allowance(10)), Err(Broken::TooMuch));
    assert_eq!(value(&encoded(&wide), 0, &mut Allowance(11)), Ok(wide));
}

#[test]
fn properties_of_every_kind() {
    let read = |bytes: &[u8]| property(bytes, &mut Allowance::default());
    assert_eq!(read(&Writer::default().number(1, -3).done()), Ok(Tree::Number(-3.0)));
    assert_eq!(read(&Writer::default().number(6, 1).done()), Ok(Tree::Number(1.0)));
    assert_eq!(read(&Writer::default().bytes(3, b"a").done()), Ok(Tree::Text("a".to_owned())));
    assert_eq!(read(&Writer::default().bytes(3, &[0xff]).done()), Err(Broken::Text));
    assert_eq!(read(&Writer::default().bytes(5, b"any").number(99, 1).done()), Ok(Tree::Null));
    let list = Tree::List(vec![Tree::Number(f64::INFINITY)]);
    let wrapped = Tree::Object([("list".to_owned(), list.clone())].into_iter().collect());
    assert_eq!(read(&Writer::default().bytes(4, &encoded_object(&wrapped)).done()), Ok(list));
}
