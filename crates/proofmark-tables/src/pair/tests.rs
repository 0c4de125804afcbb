//! Which rows are pairs, and what is no pair.

use super::*;
use crate::rows::tests::{numbers, table, texts, whole};

fn keys(max_unmatched: u64) -> Keys<'static> {
    Keys { id: Some("id"), equal: vec![("label", "label")], max_unmatched }
}

fn one(id: Column) -> Table {
    let label = whole(&vec![0; id.len()]);
    table(0, &[("id", id), ("label", label)])
}

fn told(base: Column, head: Column, max_unmatched: u64) -> (Why, String) {
    let refused = pair(&one(base), &one(head), &keys(max_unmatched)).expect_err("must be refused");
    (refused.reason, refused.told)
}

#[test]
fn ids_of_any_type_are_paired_in_the_order_of_the_base() {
    let expected = Pairs { base: Rows::All(3), head: Rows::Some(vec![2, 0, 1]) };
    assert_eq!(pair(&one(whole(&[1, 2, 3])), &one(texts(&["2", "3.0", "1"])), &keys(0)), Ok(expected));
    let same = Pairs { base: Rows::All(2), head: Rows::All(2) };
    assert_eq!(pair(&one(texts(&["b", "a"])), &one(texts(&["b", "a"])), &keys(0)), Ok(same.clone()));
    assert_eq!(pair(&one(numbers(&[2.0, 1.0])), &one(whole(&[2, 1])), &keys(0)), Ok(same));
}

#[test]
fn ids_are_unique_even_where_both_sides_are_the_same() {
    let ids = || texts(&["a", "b", "a", "b", "c", "c", "d", "d", "e"]);
    let expected = "ids of the head are not unique: 4 rows repeat one, such as `a`, `b`, `c`";
    assert_eq!(told(ids(), ids(), 9), (Why::UnreadableCandidate, expected.to_owned()));
    // These look different and mean the same.
    let expected = "ids of the base are not unique: 1 rows repeat one, such as `1.0`";
    assert_eq!(told(texts(&["1", "1.0", "x"]), texts(&["1", "y", "x"]), 9), (Why::UnreadableBaseline, expected.to_owned()));
    let expected = "1 of 2 rows of the head have no id";
    assert_eq!(told(whole(&[1, 2]), texts(&["1", ""]), 9), (Why::UnreadableCandidate, expected.to_owned()));
}

#[test]
fn rows_on_one_side_only_are_counted() {
    let (base, head) = (whole(&[1, 2, 3]), whole(&[3, 1, 4, 5]));
    let expected = "1 of 3 ids stand at the base only, 2 of 4 at the head only: `2` at the base";
    assert_eq!(told(base.clone(), head.clone(), 2), (Why::UnpairedRows, expected.to_owned()));
    let expected = Pairs { base: Rows::Some(vec![0, 2]), head: Rows::Some(vec![1, 0]) };
    assert_eq!(pair(&one(base), &one(head), &keys(3)), Ok(expected));
}

#[test]
fn labels_must_be_equal_whatever_their_type() {
    let of = |labels: Column| table(0, &[("id", whole(&[7, 8])), ("label", labels)]);
    assert!(pair(&of(whole(&[1, 0])), &of(numbers(&[1.0, 0.0])), &keys(0)).is_ok());
    let refused = pair(&of(texts(&["a", ""])), &of(texts(&["a", "b\nc"])), &keys(0)).expect_err("must be refused");
    assert_eq!(refused.reason, Why::DifferentTestSet);
    assert_eq!(refused.told, "1 of 2 rows have another label `label`; at id `8` the label is `` at the base and `b c` at the head");
    let bare = table(0, &[("id", whole(&[7, 8]))]);
    assert_eq!(pair(&of(whole(&[1, 0])), &bare, &keys(0)).map_err(|refused| refused.reason), Err(Why::UnreadableCandidate));
}

#[test]
fn without_ids_the_order_pairs_rows_of_the_same_labels() {
    let of = |labels: &[i64]| table(0, &[("label", whole(labels))]);
    let keys = || Keys { id: None, ..keys(0) };
    assert_eq!(pair(&of(&[0, 1]), &of(&[0, 1]), &keys()), Ok(Pairs { base: Rows::All(2), head: Rows::All(2) }));
    let reason = |head: &[i64]| pair(&of(&[0, 1]), &of(head), &keys()).map_err(|refused| refused.told);
    assert_eq!(reason(&[0, 1, 1]), Err("the base has 2 rows and the head 3, and no id column says which are the same".to_owned()));
    assert_eq!(
        reason(&[1, 1]),
        Err("1 of 2 rows have another label `label`; at row 1 the label is `0` at the base and `1` at the head".to_owned())
    );
}

#[test]
fn many_ids_are_found() {
    let ids: Vec<i64> = (0..2000).map(|row| row * 7919 % 2003).collect();
    let back: Vec<i64> = ids.iter().rev().copied().collect();
    let expected: Vec<u32> = (0..2000).rev().collect();
    assert_eq!(pair(&one(whole(&ids)), &one(whole(&back)), &keys(0)), Ok(Pairs { base: Rows::All(2000), head: Rows::Some(expected) }));
}
