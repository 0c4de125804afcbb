//! Sorts row numbers by slice in one pass, so that every slice reads only its own rows.

use std::collections::HashMap;

use proofmark_core::evidence::Slice;

use super::{EVERY, Selector};
use crate::column::{Column, Value};
use crate::pair::Rows;
use crate::rows::codes::{Coded, MISSING};

/// Where combinations of values number at most this many, a table of them is faster than hashing.
const DENSE: u64 = 1 << 20;

/// Rows by the combination of values in some columns.
#[derive(Debug, Default)]
pub(crate) struct Partition {
    columns: Vec<String>,
    /// Per column: the texts of its values, the missing one first.
    names: Vec<Vec<String>>,
    /// The values of each combination, as places in `names`; sorted.
    groups: Vec<Vec<u32>>,
    /// Per source: row numbers by group, rising within each.
    sorted: Vec<Sorted>,
}

/// One table's columns, and the rows that count.
pub(crate) struct Origin<'a> {
    pub(crate) columns: Vec<&'a Column>,
    pub(crate) rows: &'a Rows,
}

#[derive(Debug, Default)]
struct Sorted {
    order: Vec<u32>,
    ends: Vec<usize>,
}

impl Partition {
    /// Sorts the rows of each origin; all have these columns.
    pub(crate) fn new(columns: &[&str], origins: &[Origin<'_>]) -> Self {
        let mut names = Vec::new();
        let mut numbers: Vec<Vec<u32>> = origins.iter().map(|origin| vec![0; origin.rows.len()]).collect();
        let mut groups: Vec<Vec<u32>> = vec![Vec::new()];
        for place in 0..columns.len() {
            let cells: Vec<&Column> = origins.iter().filter_map(|origin| origin.columns.get(place).copied()).collect();
            let coded = Coded::new(&cells, []);
            groups = refine(&groups, &mut numbers, origins, &coded);
            names.push(texts(&coded.values, cells.first().copied()));
        }
        let mut order: Vec<u32> = (0..).take(groups.len()).collect();
        order.sort_unstable_by(|one, other| groups.get(*one as usize).cmp(&groups.get(*other as usize)));
        let mut place = vec![0_u32; order.len()];
        for (sorted, group) in (0..).zip(&order) {
            if let Some(place) = place.get_mut(*group as usize) {
                *place = sorted;
            }
        }
        for number in numbers.iter_mut().flatten() {
            *number = place.get(*number as usize).copied().unwrap_or_default();
        }
        groups.sort_unstable();
        let sorted = numbers.iter().map(|numbers| Sorted::new(numbers, groups.len())).collect();
        Self { columns: columns.iter().map(|column| (*column).to_owned()).collect(), names, groups, sorted }
    }

    /// The groups of a selector with the same columns, in order.
    pub(crate) fn select(&self, selector: &Selector) -> Vec<usize> {
        let wanted: Vec<Option<Vec<u32>>> = (self.columns.iter().zip(&self.names))
            .map(|(column, names)| {
                let pattern = selector.parts().find(|(known, _)| known == column).map_or(EVERY, |(_, pattern)| pattern);
                let means = Value::of(pattern);
                let found = (0..).zip(names).filter(|(_, name)| Value::of(name) == means).map(|(place, _)| place);
                (pattern != EVERY).then(|| found.collect())
            })
            .collect();
        let fits =
            |group: &[u32]| group.iter().zip(&wanted).all(|(value, wanted)| wanted.as_ref().is_none_or(|wanted| wanted.contains(value)));
        self.groups.iter().enumerate().filter(|(_, group)| fits(group)).map(|(place, _)| place).collect()
    }

    /// What a group is called.
    pub(crate) fn slice(&self, group: usize) -> Slice {
        let values = self.groups.get(group).into_iter().flatten();
        let parts = self.columns.iter().zip(&self.names).zip(values);
        parts.fold(Slice::all(), |slice, ((column, names), value)| {
            slice.with(column, names.get(*value as usize).map(String::as_str).unwrap_or_default())
        })
    }

    /// The rows of a group, as places among the rows of this origin.
    pub(crate) fn rows(&self, origin: usize, group: usize) -> &[u32] {
        let Some(sorted) = self.sorted.get(origin) else { return &[] };
        let start = group.checked_sub(1).and_then(|before| sorted.ends.get(before)).copied().unwrap_or_default();
        let end = sorted.ends.get(group).copied().unwrap_or_default();
        sorted.order.get(start..end).unwrap_or_default()
    }
}

/// Splits each group by one more column; gives the groups that occur.
fn refine(groups: &[Vec<u32>], numbers: &mut [Vec<u32>], origins: &[Origin<'_>], coded: &Coded<'_>) -> Vec<Vec<u32>> {
    // Missing is value 0, all others move up by one.
    let values = coded.values.len() as u64 + 1;
    let mut refined = Vec::new();
    let all = groups.len() as u64 * values;
    let mut dense = if all <= DENSE { vec![MISSING; all as usize] } else { Vec::new() };
    let mut sparse: HashMap<u64, u32> = HashMap::new();
    for ((numbers, origin), codes) in numbers.iter_mut().zip(origins).zip(&coded.columns) {
        for (place, number) in numbers.iter_mut().enumerate() {
            let value = codes.get(origin.rows.row(place)).copied().unwrap_or(MISSING).wrapping_add(1);
            let joined = u64::from(*number) * values + u64::from(value);
            let slot = match dense.get_mut(joined as usize) {
                Some(slot) => slot,
                None => sparse.entry(joined).or_insert(MISSING),
            };
            if *slot == MISSING {
                *slot = refined.len() as u32;
                let mut group = groups.get(*number as usize).cloned().unwrap_or_default();
                group.push(value);
                refined.push(group);
            }
            *number = *slot;
        }
    }
    refined
}

/// The texts of values with the missing one first. Truth values are called as people call them.
fn texts(values: &[Value<'_>], column: Option<&Column>) -> Vec<String> {
    let truth = matches!(column, Some(Column::Booleans { .. }));
    let text = |value: &Value<'_>| match value {
        Value::Integer(0) if truth => "false".to_owned(),
        Value::Integer(1) if truth => "true".to_owned(),
        value => value.to_string(),
    };
    std::iter::once(String::new()).chain(values.iter().map(text)).collect()
}

impl Sorted {
    /// Counting sort; stable.
    fn new(numbers: &[u32], groups: usize) -> Self {
        let mut counts = vec![0_usize; groups];
        for number in numbers {
            if let Some(count) = counts.get_mut(*number as usize) {
                *count += 1;
            }
        }
        let mut next = Vec::with_capacity(groups);
        let mut end = 0;
        for count in &mut counts {
            next.push(end);
            end += *count;
            *count = end;
        }
        let mut order = vec![0_u32; numbers.len()];
        for (row, number) in (0..).zip(numbers) {
            if let Some(place) = next.get_mut(*number as usize) {
                if let Some(slot) = order.get_mut(*place) {
                    *slot = row;
                }
                *place += 1;
            }
        }
        Self { order, ends: counts }
    }
}
