//! The structures of a Parquet file, as far as the `parquet` crate reads them: the format's `parquet.thrift` as data.
//!
//! The crate reads each field as what it should be, whatever the file says that it is. So a field of another type would shift
//! all that follows, there and not in the check.

use super::thrift::Shape::{self, Binary, Byte, Double, Integer, List, Struct, Truth};

type Fields = &'static [(i16, Shape)];

const EMPTY: Shape = Struct(&[]);

/// The footer: version, schema, rows, groups of rows, notes, who wrote it, orders of columns.
pub(super) const FILE: Fields =
    &[(1, Integer), (2, List(&Struct(ELEMENT))), (3, Integer), (4, List(&Struct(GROUP))), (5, NOTES), (6, Binary), (7, List(&ORDER))];

/// An element of the schema: its types, its name, how many are below it, and what its values mean.
pub(super) const ELEMENT: Fields = &[
    (1, Integer),
    (2, Integer),
    (3, Integer),
    (4, Binary),
    (5, Integer),
    (6, Integer),
    (7, Integer),
    (8, Integer),
    (9, Integer),
    (10, Struct(MEANING)),
];

const MEANING: Fields = &[
    (1, EMPTY),
    (2, EMPTY),
    (3, EMPTY),
    (4, EMPTY),
    (5, Struct(&[(1, Integer), (2, Integer)])),
    (6, EMPTY),
    (7, TIME),
    (8, TIME),
    (10, Struct(&[(1, Byte), (2, Truth)])),
    (11, EMPTY),
    (12, EMPTY),
    (13, EMPTY),
    (14, EMPTY),
    (15, EMPTY),
    (16, Struct(&[(1, Byte)])),
    (17, Struct(&[(1, Binary)])),
    (18, Struct(&[(1, Binary), (2, Integer)])),
    (19, EMPTY),
];

const TIME: Shape = Struct(&[(1, Truth), (2, Struct(&[(1, EMPTY), (2, EMPTY), (3, EMPTY)]))]);

/// A group of rows: columns, bytes, rows, what it is sorted by, its place.
const GROUP: Fields = &[
    (1, List(&Struct(CHUNK))),
    (2, Integer),
    (3, Integer),
    (4, List(&Struct(&[(1, Integer), (2, Truth), (3, Truth)]))),
    (5, Integer),
    (6, Integer),
    (7, Integer),
];

/// A column of a group: its file, its place, itself, and where its indexes are.
const CHUNK: Fields = &[(1, Binary), (2, Integer), (3, Struct(COLUMN)), (4, Integer), (5, Integer), (6, Integer), (7, Integer)];

const COLUMN: Fields = &[
    (1, Integer),
    (2, List(&Integer)),
    (3, List(&Binary)),
    (4, Integer),
    (5, Integer),
    (6, Integer),
    (7, Integer),
    (8, NOTES),
    (9, Integer),
    (10, Integer),
    (11, Integer),
    (12, STATISTICS),
    (13, List(&Struct(&[(1, Integer), (2, Integer), (3, Integer)]))),
    (14, Integer),
    (15, Integer),
    (16, Struct(&[(1, Integer), (2, List(&Integer)), (3, List(&Integer))])),
    (17, Struct(&[(1, BOX), (2, List(&Integer))])),
];

const STATISTICS: Shape =
    Struct(&[(1, Binary), (2, Binary), (3, Integer), (4, Integer), (5, Binary), (6, Binary), (7, Truth), (8, Truth), (9, Integer)]);

const BOX: Shape = Struct(&[(1, Double), (2, Double), (3, Double), (4, Double), (5, Double), (6, Double), (7, Double), (8, Double)]);

const NOTES: Shape = List(&Struct(&[(1, Binary), (2, Binary)]));

const ORDER: Shape = Struct(&[(1, EMPTY), (2, EMPTY), (3, EMPTY)]);

/// The header of a data page: values, how they and their levels are written, statistics.
pub(super) const DATA: Fields = &[(1, Integer), (2, Integer), (3, Integer), (4, Integer), (5, STATISTICS)];

/// The header of a dictionary: values, how they are written, whether they are sorted.
pub(super) const DICTIONARY: Fields = &[(1, Integer), (2, Integer), (3, Truth)];

/// The header of a data page of the second version: values, missing ones, rows, how they are written, bytes of levels, whether
/// it is compressed, statistics.
pub(super) const DATA_2: Fields =
    &[(1, Integer), (2, Integer), (3, Integer), (4, Integer), (5, Integer), (6, Integer), (7, Truth), (8, STATISTICS)];
