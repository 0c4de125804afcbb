//! Which examples a table is about: a digest of ids and labels that the order of rows and the model's answers do not change.

use proofmark_core::config::Table as Declared;

use crate::column::{Column, Value};
use crate::table::Table;

/// The digest as 32 hexadecimal digits; without an id column rows count by their place. `None` where a declared column is not there.
///
/// It tells test sets apart that differ by accident; it is no protection against one that was made to look the same.
pub fn test_set(table: &Table, declared: &Declared) -> Option<String> {
    let column = |name: &Option<String>| -> Option<Option<&Column>> {
        match name {
            Some(name) => table.column(name).map(Some),
            None => Some(None),
        }
    };
    let (ids, labels) = (column(&declared.id)?, column(&declared.label)?);
    let mut sums = [table.rows() as u64, 0];
    for row in 0..table.rows() {
        let mut hash = Fnv::default();
        match ids {
            Some(ids) => hash.value(ids.value(row)),
            None => hash.bytes(&(row as u64).to_le_bytes()),
        }
        if let Some(labels) = labels {
            hash.value(labels.value(row));
        }
        // Sums do not know the order; two, of differently mixed bits, so that few rows cannot cancel each other.
        sums[0] = sums[0].wrapping_add(mix(hash.0));
        sums[1] = sums[1].wrapping_add(mix(hash.0 ^ 0x5bd1_e995_9d1b_58d3));
    }
    Some(sums.iter().map(|sum| format!("{sum:016x}")).collect())
}

/// The hash of Fowler, Noll and Vo (FNV-1a, 64 bits).
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    /// A value of any type, with its kind first, so that a text never looks like a number, and its length.
    fn value(&mut self, value: Value<'_>) {
        match value {
            Value::Missing => self.bytes(&[0]),
            Value::Integer(whole) => {
                self.bytes(&[1]);
                self.bytes(&whole.to_le_bytes());
            }
            Value::Number(real) => {
                self.bytes(&[2]);
                self.bytes(&real.get().to_bits().to_le_bytes());
            }
            Value::Text(text) => {
                self.bytes(&[3]);
                self.bytes(&(text.len() as u64).to_le_bytes());
                self.bytes(text.as_bytes());
            }
        }
    }
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood 2014): every bit of the input changes half of the output.
fn mix(mut bits: u64) -> u64 {
    bits = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Format, Layout, Limits, Source, Wanted, read};

    fn of(text: &str) -> Option<String> {
        let declared = Declared { id: Some("id".to_owned()), label: Some("y".to_owned()), ..Declared::default() };
        let wanted = Wanted::none().required("id").required("y");
        let source = Source::Bytes(text.as_bytes().to_vec());
        let table = read(source, Format::from(Layout::Csv), &wanted, &Limits::default(), &|_, _| {}).expect("a table");
        test_set(&table, &declared)
    }

    #[test]
    fn the_order_of_rows_and_other_columns_change_nothing() {
        let known = of("id,y,p\na,1,0.5\nb,0,0.1\n");
        assert!(known.as_ref().is_some_and(|digest| digest.len() == 32));
        assert_eq!(known, of("p,id,y\n0.9,b,0.0\n0.7,a,1\n"));
        for other in ["id,y\na,1\nb,1\n", "id,y\na,0\nb,1\n", "id,y\na,1\n", "id,y\na,1\nb,0\nb,0\n", "id,y\nab,1\n,0\n"] {
            assert_ne!(known, of(other), "{other}");
        }
    }
}
