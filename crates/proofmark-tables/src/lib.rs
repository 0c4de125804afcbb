//! Prediction tables: one row for each example of a test set, read from CSV, TSV, JSON, JSON lines or Parquet, and the metrics of
//! two such tables with what a judgement needs to know of their difference.
//!
//! It must never know policy, forges, git or where a file is from.

pub use self::column::{Cell, Column, Dictionary, Missing, Real, Texts, Value};
pub use self::error::TableError;
pub use self::evaluate::{EvaluateError, Request, Settings, evaluate, wanted};
pub use self::metric::{Metric, MetricError};
pub use self::read::read;
pub use self::slice::Selector;
pub use self::source::{Format, Layout, Limits, Source, Wanted};
pub use self::table::Table;

pub mod column;
pub mod error;
pub mod evaluate;
pub mod metric;
mod pair;
pub mod read;
mod rows;
pub mod slice;
pub mod source;
pub mod table;
pub mod test_set;
