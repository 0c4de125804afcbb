//! Rows by their id: four bytes a slot, since ids themselves stay in their column.

use std::hash::{BuildHasher, RandomState};

use crate::column::{Column, Value};

const EMPTY: u32 = u32::MAX;

/// Finds the row of an id. Two slots a row, so that few are tried.
pub(super) struct Index<'a> {
    column: &'a Column,
    slots: Vec<u32>,
    /// Keyed by chance, so that nobody can make ids that all fall on one slot; what is found does not depend on it.
    hasher: RandomState,
}

impl<'a> Index<'a> {
    /// An index of all rows, and the rows whose id an earlier row has already.
    pub(super) fn new(column: &'a Column) -> (Self, Vec<u32>) {
        let slots = vec![EMPTY; (column.len() * 2).next_power_of_two()];
        let mut index = Self { column, slots, hasher: RandomState::new() };
        let mut again = Vec::new();
        for (row, number) in (0..column.len()).zip(0_u32..) {
            match index.slot(column.value(row)) {
                Some((slot, EMPTY)) => {
                    if let Some(slot) = index.slots.get_mut(slot) {
                        *slot = number;
                    }
                }
                _ => again.push(number),
            }
        }
        (index, again)
    }

    /// The row of an id.
    pub(super) fn row(&self, id: Value<'_>) -> Option<u32> {
        self.slot(id).map(|(_, row)| row).filter(|row| *row != EMPTY)
    }

    /// The slot of an id and the row in it, or the empty slot where it would stand.
    fn slot(&self, id: Value<'_>) -> Option<(usize, u32)> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut slot = self.hasher.hash_one(id) as usize & mask;
        loop {
            let row = *self.slots.get(slot)?;
            if row == EMPTY || self.column.value(row as usize) == id {
                return Some((slot, row));
            }
            slot = (slot + 1) & mask;
        }
    }
}
