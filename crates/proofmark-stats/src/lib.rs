//! Statistics on slices of numbers: is the candidate, at worst, no more than a margin worse than the baseline?
//!
//! It must never know metrics by name, policy or files. Every function is pure and gives the same bits on every platform and
//! for every number of threads.

pub mod verdict;

pub use verdict::{Direction, NonInferiority, Reason, Verdict, interval_verdict};
