//! Prediction tables: one row for each example of a test set, read from CSV, TSV, JSON lines or Parquet, and the metrics of
//! two such tables with what a judgement needs to know of their difference.
//!
//! It must never know policy, forges, git or where a file is from.
