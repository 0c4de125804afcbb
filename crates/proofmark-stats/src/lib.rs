//! Statistics on slices of numbers: is the candidate, at worst, no more than a margin worse than the baseline?
//!
//! It must never know metrics by name, policy or files. Every function is pure and gives the same bits on every platform and
//! for every number of threads.
//!
//! Conventions: `improvement` is candidate less baseline when higher is better and its negative otherwise, so positive is always
//! better. A margin is the loss that is accepted, at least 0 and in the unit of the data; alpha is one-sided. NaN values are left
//! out and counted. What is undefined is `None`, and no input panics.

pub mod binomial_draw;
pub mod bootstrap;
pub mod counts;
pub mod distributions;
pub mod ks;
pub mod mann_whitney;
pub mod mcnemar;
pub mod multiple;
pub mod paired_proportion;
pub mod paired_t;
pub mod plan;
pub mod power;
pub mod prediction_limit;
pub mod proportion;
pub mod random;
mod rank_sum;
pub mod ranks;
pub mod robust_z;
pub mod roc;
mod root;
pub mod sample;
pub mod sign_flip;
pub mod tost;
pub mod tukey;
pub mod two_proportions;
pub mod verdict;
pub mod welch;
pub mod wilcoxon;

pub use verdict::{Direction, NonInferiority, Reason, Verdict, interval_verdict};
