//! Columns and tables for tests, and the views of rows.

use super::*;
use crate::column::{Column, Dictionary, Missing, Texts};
use crate::table::Table;

/// Texts; the empty one is missing.
pub(crate) fn texts(cells: &[&str]) -> Column {
    let mut dictionary = Dictionary::default();
    let code = |dictionary: &mut Dictionary, cell: &str| {
        let known = dictionary.iter().position(|known| known == cell);
        known.map_or_else(|| dictionary.push(cell).expect("few texts"), |code| code as u32)
    };
    let codes = cells.iter().map(|cell| if cell.is_empty() { Texts::MISSING } else { code(&mut dictionary, cell) }).collect();
    Column::Texts(Texts::new(codes, cells.iter().filter(|cell| cell.is_empty()).count(), dictionary))
}

/// Numbers.
pub(crate) fn numbers(cells: &[f64]) -> Column {
    Column::Numbers { values: cells.to_vec(), missing: Missing::default() }
}

/// Whole numbers.
pub(crate) fn whole(cells: &[i64]) -> Column {
    Column::Integers { values: cells.to_vec(), missing: Missing::default() }
}

/// A table whose digest is told by a byte.
pub(crate) fn table(digest: u8, columns: &[(&str, Column)]) -> Table {
    let rows = columns.first().map_or(0, |(_, column)| column.len());
    Table::new(rows, columns.iter().map(|(name, column)| ((*name).to_owned(), column.clone())).collect(), [digest; 32])
}

#[test]
fn a_bad_cell_matters_only_in_its_slice() {
    let mut features = Features { rows: 4, ..Features::default() };
    let scores = Data::Numbers(vec![0.5, f64::NAN, 0.25, f64::INFINITY].into());
    features.by_role.insert(Role::Score, Ok(Arc::new(Feature::new(scores))));
    let told = |rows: &[u32], infinite| {
        let view = View::new(&features, Some(rows));
        view.numbers(Role::Score, infinite).map(<[f64]>::to_vec).map_err(|flaw| (flaw.fault, flaw.told))
    };
    assert_eq!(told(&[0, 2], Infinite::Refused), Ok(vec![0.5, 0.25]));
    assert_eq!(told(&[0, 3], Infinite::Allowed), Ok(vec![0.5, f64::INFINITY]));
    assert_eq!(told(&[0, 3], Infinite::Refused), Err((Fault::NonFinite, "1 of 2 rows have an infinite score".to_owned())));
    assert_eq!(told(&[0, 1, 3], Infinite::Allowed), Err((Fault::NonFinite, "1 of 3 rows have no score, or NaN".to_owned())));
}

#[test]
fn clusters_of_a_slice_have_no_gaps() {
    let mut features = Features { rows: 4, ..Features::default() };
    features.by_role.insert(Role::Cluster, Ok(Arc::new(Feature::new(Data::Codes(vec![9, 3, 7, 9])))));
    let view = View::new(&features, Some(&[0, 2, 3]));
    assert_eq!(view.clusters(), Ok(Some((vec![1, 0, 1], 2))));
}
