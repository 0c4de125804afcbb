//! Names of slices and the rows in them.

use super::*;
use crate::column::{Column, Missing};
use crate::pair::Rows;
use crate::rows::tests::{numbers, texts, whole};

fn groups(partition: &Partition, selector: &Selector, origin: usize) -> Vec<(String, Vec<u32>)> {
    let found = partition.select(selector).into_iter();
    found.map(|group| (partition.slice(group).to_string(), partition.rows(origin, group).to_vec())).collect()
}

#[test]
fn selectors_read_as_they_are_written() {
    assert_eq!(Selector::columns("country * device").to_string(), "country=*, device=*");
    assert!(Selector::columns(" ").is_all());
    assert_eq!(Selector::all().with("device", "phone").with("country", EVERY).to_string(), "country=*, device=phone");
}

#[test]
fn rows_are_sorted_by_every_combination() {
    let (country, device) = (texts(&["DE", "FR", "", "DE", "FR"]), whole(&[2, 10, 2, 2, 2]));
    let rows = Rows::All(5);
    let partition = Partition::new(&["country", "device"], &[Origin { columns: vec![&country, &device], rows: &rows }]);
    let all = groups(&partition, &Selector::columns("country*device"), 0);
    let expected = [
        ("country=(missing), device=2", vec![2]),
        ("country=DE, device=2", vec![0, 3]),
        ("country=FR, device=2", vec![4]),
        ("country=FR, device=10", vec![1]),
    ];
    assert_eq!(all, expected.map(|(name, rows)| (name.to_owned(), rows)));
    let phones = groups(&partition, &Selector::columns("country").with("device", "2.0"), 0);
    assert_eq!(phones.len(), 3);
    assert!(groups(&partition, &Selector::columns("country").with("device", "3"), 0).is_empty());
}

#[test]
fn both_tables_have_the_union_of_values() {
    let (base, head) = (numbers(&[1.0, 0.5]), texts(&["x", "1", "1"]));
    let (of_base, of_head) = (Rows::All(2), Rows::Some(vec![2, 0]));
    let origins = [Origin { columns: vec![&base], rows: &of_base }, Origin { columns: vec![&head], rows: &of_head }];
    let partition = Partition::new(&["c"], &origins);
    let every = Selector::columns("c");
    assert_eq!(groups(&partition, &every, 0), [("c=1".to_owned(), vec![0]), ("c=0.5".to_owned(), vec![1]), ("c=x".to_owned(), vec![])]);
    assert_eq!(groups(&partition, &every, 1), [("c=1".to_owned(), vec![0]), ("c=0.5".to_owned(), vec![]), ("c=x".to_owned(), vec![1])]);
}

#[test]
fn truth_values_are_called_so() {
    let column = Column::Booleans { values: vec![true, false, true], missing: Missing::default() };
    let rows = Rows::All(3);
    let partition = Partition::new(&["new"], &[Origin { columns: vec![&column], rows: &rows }]);
    assert_eq!(groups(&partition, &Selector::all().with("new", "true"), 0), [("new=true".to_owned(), vec![0, 2])]);
    assert_eq!(groups(&partition, &Selector::all().with("new", "0"), 0), [("new=false".to_owned(), vec![1])]);
}
