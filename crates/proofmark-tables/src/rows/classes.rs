//! The classes of both sides together: one code for each, and which of them is positive.

use proofmark_core::config::Table as Declared;

use super::codes::{Coded, MISSING};
use crate::column::{Column, Value};
use crate::table::Table;

/// Classes of a classification.
#[derive(Debug, Default)]
pub(crate) struct Classes<'a> {
    values: Vec<Value<'a>>,
    /// Of base and head: codes of the labels and of the predictions, until they are taken.
    pub(crate) labels: [Option<Vec<u32>>; 2],
    pub(crate) predictions: [Option<Vec<u32>>; 2],
    /// Of base and head: which classes labels have, and which labels or predictions have.
    used: [Used; 2],
    positive: Positive,
    /// The classes that have score columns, in the order of their names.
    pub(crate) scored: Vec<u32>,
}

#[derive(Debug, Default)]
struct Used {
    by_labels: Vec<u32>,
    by_any: Vec<u32>,
}

/// Which class is positive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Positive {
    /// This one.
    Known(u32),
    /// All rows are of one class, and nothing says which the other one is.
    #[default]
    OneClass,
    /// The classes are none of those that are positive by their name.
    Unclear,
}

impl<'a> Classes<'a> {
    /// Of base and head. `named` are classes that metrics name.
    pub(crate) fn new(spec: &'a Declared, tables: [Option<&'a Table>; 2], named: impl IntoIterator<Item = &'a str>) -> Self {
        let column =
            |table: Option<&'a Table>, name: &Option<String>| table.zip(name.as_ref()).and_then(|(table, name)| table.column(name));
        let found = [&spec.label, &spec.prediction].map(|name| tables.map(|table| column(table, name)));
        let cells: Vec<&Column> = found.iter().flatten().copied().flatten().collect();
        let declared = spec.positive.iter().map(String::as_str).chain(spec.scores.keys().map(String::as_str));
        let coded = Coded::new(&cells, declared.chain(named).map(Value::of));
        let code = |text: &str| coded.code(Value::of(text)).unwrap_or(MISSING);
        let given = spec.positive.as_deref().map(code);
        let scored = spec.scores.keys().map(|class| code(class)).collect();
        let mut columns = coded.columns.into_iter();
        let [labels, predictions] = found.map(|sides| sides.map(|side| side.and_then(|_| columns.next())));
        let used = [0, 1].map(|side: usize| {
            let of = |codes: &[Option<Vec<u32>>; 2]| {
                distinct(codes.get(side).and_then(Option::as_deref).unwrap_or_default(), coded.values.len())
            };
            let by_labels = of(&labels);
            let mut by_any: Vec<u32> = by_labels.iter().copied().chain(of(&predictions)).chain(given).collect();
            by_any.sort_unstable();
            by_any.dedup();
            Used { by_labels, by_any }
        });
        let mut classes = Self { values: coded.values, labels, predictions, used, positive: Positive::Unclear, scored };
        classes.positive = classes.find_positive(given);
        classes
    }

    /// The base says what the classes are; the head, where there is no base.
    fn reference(&self) -> &Used {
        let [base, head] = &self.used;
        if base.by_labels.is_empty() { head } else { base }
    }

    fn find_positive(&self, given: Option<u32>) -> Positive {
        let labelled = &self.reference().by_labels;
        if let Some(code) = given {
            let unknown = labelled.len() > 1 && !labelled.contains(&code);
            return if unknown { Positive::Unclear } else { Positive::Known(code) };
        }
        let is_positive = |code: &u32| match self.values.get(*code as usize) {
            Some(Value::Integer(1)) => true,
            Some(Value::Text(text)) => ["true", "yes", "positive"].iter().any(|word| text.eq_ignore_ascii_case(word)),
            _ => false,
        };
        let only = |codes: &[u32]| {
            let mut positive = codes.iter().copied().filter(is_positive);
            positive.next().filter(|_| positive.next().is_none())
        };
        match (only(labelled), labelled.len()) {
            (Some(code), _) => Positive::Known(code),
            (None, 0 | 1) => only(&self.reference().by_any).map_or(Positive::OneClass, Positive::Known),
            (None, _) => Positive::Unclear,
        }
    }

    /// Which class is positive.
    pub(crate) fn positive(&self) -> Positive {
        self.positive
    }

    /// Any class of two, for metrics that treat both alike.
    pub(crate) fn either(&self) -> Option<u32> {
        match self.positive {
            Positive::Known(code) => Some(code),
            Positive::OneClass | Positive::Unclear => self.reference().by_any.last().copied(),
        }
    }

    /// One more than the largest code, and one for what is of no class.
    pub(crate) fn count(&self) -> usize {
        self.values.len() + 1
    }

    /// The code of what is of no class: predicted not to be positive where labels know no other class.
    pub(crate) fn other(&self) -> u32 {
        u32::try_from(self.values.len()).unwrap_or(MISSING)
    }

    /// The class of two that is not positive.
    pub(crate) fn negative(&self) -> u32 {
        let Positive::Known(positive) = self.positive else { return self.other() };
        self.reference().by_any.iter().copied().find(|code| *code != positive).unwrap_or(self.other())
    }

    /// The code of a class by its name.
    pub(crate) fn code(&self, name: &str) -> Option<u32> {
        let value = Value::of(name);
        self.values.iter().position(|known| *known == value).and_then(|code| u32::try_from(code).ok())
    }

    /// Classes that labels of the reference side have.
    pub(crate) fn labelled(&self) -> usize {
        self.reference().by_labels.len()
    }

    /// Whether neither side has more than two classes in labels and predictions.
    pub(crate) fn two(&self) -> bool {
        let [base, head] = &self.used;
        let mut all: Vec<u32> = base.by_any.iter().chain(&head.by_any).copied().collect();
        all.sort_unstable();
        all.dedup();
        all.len() <= 2
    }

    /// More than two classes on a side of a binary table, named; with predictions or of labels alone.
    pub(crate) fn too_many(&self, side: usize, predictions: bool) -> Option<String> {
        let used = self.used.get(side)?;
        let codes = if predictions { &used.by_any } else { &used.by_labels };
        (codes.len() > 2).then(|| self.names(codes))
    }

    /// The classes of the reference side, for a message.
    pub(crate) fn listed(&self) -> String {
        self.names(&self.reference().by_labels)
    }

    fn names(&self, codes: &[u32]) -> String {
        const MOST: usize = 6;
        let name = |code: &u32| {
            let text = self.values.get(*code as usize).map(ToString::to_string).unwrap_or_default();
            format!("`{}`", text.chars().take(40).filter(|letter| !letter.is_control()).collect::<String>())
        };
        let names: Vec<String> = codes.iter().take(MOST).map(name).collect();
        let more = codes.len().saturating_sub(MOST);
        if more > 0 { format!("{} and {more} more", names.join(", ")) } else { names.join(", ") }
    }
}

fn distinct(codes: &[u32], values: usize) -> Vec<u32> {
    let mut seen = vec![false; values];
    for code in codes {
        if let Some(seen) = seen.get_mut(*code as usize) {
            *seen = true;
        }
    }
    (0..).zip(seen).filter(|(_, seen)| *seen).map(|(code, _)| code).collect()
}
