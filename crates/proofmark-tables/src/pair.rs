//! Which row of the base is which row of the head, and whether both are of one test set.
//!
//! Rows are paired by the id column, or by their order where there is none. A head that relabels a row, or moves it into
//! another slice, could hide an error in that way; so label, weight, cluster and slice columns must be equal on both sides.

mod index;

use proofmark_core::evidence::{Obstacle, Why};

use self::index::Index;
use crate::column::{Column, Value};
use crate::table::Table;

/// Row numbers of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rows {
    /// All of them, in order.
    All(usize),
    /// These.
    Some(Vec<u32>),
}

impl Rows {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::All(rows) => *rows,
            Self::Some(rows) => rows.len(),
        }
    }

    pub(crate) fn row(&self, place: usize) -> usize {
        match self {
            Self::All(_) => place,
            Self::Some(rows) => rows.get(place).map_or(usize::MAX, |row| *row as usize),
        }
    }
}

/// Rows that stand on both sides, in the order of the base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pairs {
    pub(crate) base: Rows,
    pub(crate) head: Rows,
}

/// What is to be the same on both sides.
pub(crate) struct Keys<'a> {
    /// The id column, if rows have one.
    pub(crate) id: Option<&'a str>,
    /// Columns that must be equal, and what each is: `label`, `slice`.
    pub(crate) equal: Vec<(&'static str, &'a str)>,
    /// Rows that may stand on one side only.
    pub(crate) max_unmatched: u64,
}

/// Pairs two tables.
///
/// # Errors
/// Ids that are missing or not unique, too many rows on one side only, or rows that differ in what must be equal.
pub(crate) fn pair(base: &Table, head: &Table, keys: &Keys<'_>) -> Result<Pairs, Obstacle> {
    let pairs = match keys.id {
        Some(id) => by_id(base, head, id, keys.max_unmatched)?,
        None => by_order(base, head)?,
    };
    let different: Vec<Difference<'_>> =
        keys.equal.iter().filter_map(|(what, name)| difference(base, head, &pairs, what, name).transpose()).collect::<Result<_, _>>()?;
    let Some(first) = different.first() else { return Ok(pairs) };
    let counts: Vec<String> = different
        .iter()
        .map(|found| format!("{} of {} rows have another {} `{}`", found.rows, pairs.base.len(), found.what, found.name))
        .collect();
    let row = first.place;
    let at = match keys.id.and_then(|id| base.column(id)) {
        Some(column) => format!("id `{}`", shown(column, pairs.base.row(row))),
        None => format!("row {}", row + 1),
    };
    let was = base.column(first.name).map(|column| shown(column, pairs.base.row(row))).unwrap_or_default();
    let is = head.column(first.name).map(|column| shown(column, pairs.head.row(row))).unwrap_or_default();
    Err(Obstacle {
        reason: Why::DifferentTestSet,
        told: format!("{}; at {at} the {} is `{was}` at the base and `{is}` at the head", counts.join(", "), first.what),
    })
}

fn by_order(base: &Table, head: &Table) -> Result<Pairs, Obstacle> {
    if base.rows() == head.rows() {
        return Ok(Pairs { base: Rows::All(base.rows()), head: Rows::All(head.rows()) });
    }
    let told = format!("the base has {} rows and the head {}, and no id column says which are the same", base.rows(), head.rows());
    Err(Obstacle { reason: Why::DifferentTestSet, told })
}

fn by_id(base: &Table, head: &Table, id: &str, max_unmatched: u64) -> Result<Pairs, Obstacle> {
    let missing = |side: &str| format!("the {side} has no id column `{id}`");
    let of_base = base.column(id).ok_or_else(|| Obstacle { reason: Why::UnreadableBaseline, told: missing("base") })?;
    let of_head = head.column(id).ok_or_else(|| Obstacle { reason: Why::UnreadableCandidate, told: missing("head") })?;
    let same = of_base.len() == of_head.len() && (0..of_base.len()).all(|row| alike(of_base, row, of_head, row));
    if same && of_base.missing() == 0 && plainly_unique(of_base) {
        return Ok(Pairs { base: Rows::All(of_base.len()), head: Rows::All(of_head.len()) });
    }
    // The head first: what is wrong there is the change's own doing.
    unique(of_head, "head", Why::UnreadableCandidate)?;
    let index = unique(of_base, "base", Why::UnreadableBaseline)?;
    if same {
        return Ok(Pairs { base: Rows::All(of_base.len()), head: Rows::All(of_head.len()) });
    }
    let mut row_at_head = vec![u32::MAX; of_base.len()];
    let (mut new, mut example) = (0_u64, None);
    for (row, number) in (0..of_head.len()).zip(0_u32..) {
        match index.row(of_head.value(row)).and_then(|row| row_at_head.get_mut(row as usize)) {
            Some(place) => *place = number,
            None => {
                new += 1;
                example = example.or_else(|| Some(format!("`{}` at the head", shown(of_head, row))));
            }
        }
    }
    drop(index);
    let matched: Vec<u32> = (0..).zip(&row_at_head).filter(|(_, head)| **head != u32::MAX).map(|(row, _)| row).collect();
    let gone = row_at_head.len() - matched.len();
    if new + gone as u64 > max_unmatched {
        let lost = || row_at_head.iter().position(|head| *head == u32::MAX).map(|row| format!("`{}` at the base", shown(of_base, row)));
        let example = lost().or(example).unwrap_or_default();
        let told =
            format!("{gone} of {} ids stand at the base only, {new} of {} at the head only: {example}", of_base.len(), of_head.len());
        return Err(Obstacle { reason: Why::UnpairedRows, told });
    }
    row_at_head.retain(|head| *head != u32::MAX);
    let base = if gone == 0 { Rows::All(of_base.len()) } else { Rows::Some(matched) };
    Ok(Pairs { base, head: Rows::Some(row_at_head) })
}

/// Whether ids are unique, where that shows at a glance: rising numbers, or as many texts as rows.
fn plainly_unique(column: &Column) -> bool {
    match column {
        Column::Integers { values, .. } => values.is_sorted_by(|one, next| one < next),
        // Texts that are written as numbers may be equal and yet not the same: `1` and `1.0`.
        Column::Texts(texts) => {
            texts.dictionary().len() == column.len() && texts.dictionary().iter().all(|text| matches!(Value::of(text), Value::Text(_)))
        }
        Column::Numbers { .. } | Column::Booleans { .. } => false,
    }
}

fn unique<'a>(column: &'a Column, side: &str, reason: Why) -> Result<Index<'a>, Obstacle> {
    let (index, again) = Index::new(column);
    let missing = (0..column.len()).filter(|row| column.value(*row) == Value::Missing).count();
    if missing > 0 {
        return Err(Obstacle { reason, told: format!("{missing} of {} rows of the {side} have no id", column.len()) });
    }
    if again.is_empty() {
        return Ok(index);
    }
    let mut examples: Vec<String> = Vec::new();
    for row in &again {
        let example = format!("`{}`", shown(column, *row as usize));
        if !examples.contains(&example) {
            examples.push(example);
        }
        if examples.len() == 3 {
            break;
        }
    }
    let told = format!("ids of the {side} are not unique: {} rows repeat one, such as {}", again.len(), examples.join(", "));
    Err(Obstacle { reason, told })
}

struct Difference<'a> {
    what: &'static str,
    name: &'a str,
    rows: usize,
    /// The first of them.
    place: usize,
}

fn difference<'a>(
    base: &Table,
    head: &Table,
    pairs: &Pairs,
    what: &'static str,
    name: &'a str,
) -> Result<Option<Difference<'a>>, Obstacle> {
    // A column that only the head has says nothing about the base's rows; nothing is made of it for the pairs.
    let Some(of_base) = base.column(name) else { return Ok(None) };
    let Some(of_head) = head.column(name) else {
        return Err(Obstacle { reason: Why::UnreadableCandidate, told: format!("the head has no {what} column `{name}`") });
    };
    let in_order = matches!((&pairs.base, &pairs.head), (Rows::All(_), Rows::All(_)));
    if in_order && of_base == of_head {
        return Ok(None);
    }
    let other = |place: &usize| !alike(of_base, pairs.base.row(*place), of_head, pairs.head.row(*place));
    let mut places = (0..pairs.base.len()).filter(other);
    let Some(place) = places.next() else { return Ok(None) };
    Ok(Some(Difference { what, name, rows: 1 + places.count(), place }))
}

/// Whether two cells mean the same; what is written the same does.
fn alike(base: &Column, base_row: usize, head: &Column, head_row: usize) -> bool {
    let (one, other) = (base.cell(base_row), head.cell(head_row));
    one == other || one.value() == other.value()
}

/// A cell for a message: short, and on one line.
fn shown(column: &Column, row: usize) -> String {
    const LONGEST: usize = 60;
    let text = column.cell(row).to_string();
    let plain: String = text.chars().take(LONGEST).map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    if text.chars().nth(LONGEST).is_some() { format!("{plain}…") } else { plain }
}

#[cfg(test)]
mod tests;
