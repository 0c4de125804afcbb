//! Which way is better. Direction is policy, not data: the policy decides, and where it is silent the name is a hint.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::key::Key;

/// Which way a metric gets better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Higher is better, like accuracy.
    Higher,
    /// Lower is better, like loss.
    Lower,
}

impl Direction {
    /// A raw difference `candidate - baseline` turned so that positive is always better.
    pub fn improvement(self, delta: f64) -> f64 {
        match self {
            Self::Higher => delta,
            // Not `-delta`, which would make the improvement of no change a negative zero.
            Self::Lower => 0.0 - delta,
        }
    }
}

/// How a direction came to be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DirectionSource {
    /// The policy says so.
    Policy,
    /// The built-in table of names knows it.
    Name,
    /// The name hints at it, and it may be wrong: shown, never judged by the built-in policy.
    Hint,
}

/// A direction and where it is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Oriented {
    /// Which way is better.
    pub direction: Direction,
    /// How that is known.
    pub source: DirectionSource,
}

// The tables are sorted, for a binary search: a large comparison asks for ten thousand names.
const HIGHER: &[&str] = &[
    "acc",
    "accuracy",
    "ap",
    "auc",
    "aucpr",
    "auprc",
    "auroc",
    "bleu",
    "chrf",
    "cider",
    "correlation",
    "coverage",
    "dice",
    "em",
    "f1",
    "f2",
    "fbeta",
    "gini",
    "hitrate",
    "iou",
    "jaccard",
    "kappa",
    "map",
    "map50",
    "mcc",
    "meteor",
    "miou",
    "mrr",
    "ndcg",
    "npv",
    "pearson",
    "ppv",
    "prauc",
    "precision",
    "psnr",
    "r2",
    "recall",
    "roc",
    "rocauc",
    "rouge",
    "rouge1",
    "rouge2",
    "rougel",
    "sensitivity",
    "silhouette",
    "spearman",
    "specificity",
    "ssim",
    "throughput",
    "tnr",
    "top1",
    "top5",
    "tpr",
    "uplift",
    "winrate",
];

const LOWER: &[&str] = &[
    "aic",
    "bic",
    "brier",
    "cer",
    "crossentropy",
    "ece",
    "eer",
    "err",
    "error",
    "errors",
    "fid",
    "fnr",
    "fpr",
    "hamming",
    "kl",
    "latency",
    "logloss",
    "loss",
    "mad",
    "mae",
    "mape",
    "mase",
    "mce",
    "mdape",
    "mse",
    "msle",
    "nll",
    "nrmse",
    "perplexity",
    "ppl",
    "regret",
    "rmse",
    "rmsle",
    "rmspe",
    "smape",
    "ter",
    "wape",
    "wer",
    "wmape",
];

/// Names that usually mean a direction, and often enough something else.
const HINT_HIGHER: &[&str] = &["hits", "likelihood", "passrate", "return", "reward", "score", "similarity", "success"];
const HINT_LOWER: &[&str] = &[
    "bytes",
    "carbon",
    "cost",
    "deviation",
    "distance",
    "divergence",
    "drift",
    "duration",
    "elapsed",
    "energy",
    "failures",
    "inertia",
    "memory",
    "mib",
    "ms",
    "price",
    "psi",
    "ram",
    "runtime",
    "seconds",
    "size",
    "time",
    "variance",
];

/// Two words that mean something together which neither means alone.
const PAIRS: &[(&str, &str, Direction)] = &[
    ("average", "precision", Direction::Higher),
    ("cross", "entropy", Direction::Lower),
    ("exact", "match", Direction::Higher),
    ("explained", "variance", Direction::Higher),
    ("hit", "rate", Direction::Higher),
    ("log", "likelihood", Direction::Higher),
    ("log", "loss", Direction::Lower),
    ("pass", "rate", Direction::Higher),
    ("r", "squared", Direction::Higher),
    ("win", "rate", Direction::Higher),
    ("success", "rate", Direction::Higher),
];

/// The direction that a metric's name suggests; `None` when it says nothing or contradicts itself.
///
/// The last part of the key counts first, then its parents, so `train.loss` and `loss.train` are both losses. A `neg_`
/// in front, as scikit-learn writes it, turns the direction round.
///
/// ```
/// use proofmark_core::direction::{Direction, guess};
/// use proofmark_core::key::Key;
///
/// let of = |name: &str| guess(&Key::from_canonical(name)).map(|oriented| oriented.direction);
/// assert_eq!(of("test.roc_auc"), Some(Direction::Higher));
/// assert_eq!(of("neg_mean_squared_error"), Some(Direction::Higher));
/// assert_eq!(of("step"), None);
/// ```
pub fn guess(key: &Key) -> Option<Oriented> {
    key.parts().iter().rev().find_map(|part| guess_word(part)).flatten()
}

/// What the parts of names say, each asked once: large files repeat the same names.
#[derive(Debug, Default)]
pub(crate) struct Names(Mutex<HashMap<String, Meaning>>);

/// What one part of a name says.
#[derive(Debug, Clone, Copy)]
struct Meaning {
    direction: Option<Option<Oriented>>,
    counts: bool,
}

/// Parts that are remembered.
const MEMORY: usize = 1 << 16;

impl Names {
    /// As [`guess`].
    pub(crate) fn guess(&self, key: &Key) -> Option<Oriented> {
        key.parts().into_iter().rev().find_map(|part| self.meaning(part).direction).flatten()
    }

    /// As [`is_counter`].
    pub(crate) fn is_counter(&self, key: &Key) -> bool {
        key.parts().pop().is_some_and(|part| self.meaning(part).counts)
    }

    fn meaning(&self, part: String) -> Meaning {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(meaning) = known.get(&part) {
            return *meaning;
        }
        let meaning = Meaning { direction: guess_word(&part), counts: counts(&part) };
        if known.len() < MEMORY {
            known.insert(part, meaning);
        }
        meaning
    }
}

/// Names of counters, which change in nearly every commit and are neither good nor bad.
const COUNTERS: &[&str] = &["epoch", "epochs", "iter", "iteration", "iterations", "seed", "step", "steps", "timestamp"];

/// Whether a metric only counts, by its name: DVCLive's `step`, say.
pub fn is_counter(key: &Key) -> bool {
    key.parts().last().is_some_and(|part| counts(part))
}

fn counts(part: &str) -> bool {
    words(part).last().is_some_and(|word| COUNTERS.binary_search(&word.as_str()).is_ok())
}

/// `None`: the part says nothing. `Some(None)`: it contradicts itself.
fn guess_word(part: &str) -> Option<Option<Oriented>> {
    let words = words(part);
    let negated = words.first().is_some_and(|word| matches!(word.as_str(), "neg" | "negative"));
    let turn = |direction| match (negated, direction) {
        (true, Direction::Higher) | (false, Direction::Lower) => Direction::Lower,
        (true, Direction::Lower) | (false, Direction::Higher) => Direction::Higher,
    };
    let pair =
        PAIRS.iter().filter(|_| words.len() > 1).find(|(one, two, _)| words.windows(2).any(|next| next[0] == *one && next[1] == *two));
    if let Some(&(_, _, direction)) = pair {
        return Some(Some(Oriented { direction: turn(direction), source: DirectionSource::Name }));
    }
    let has = |table: &[&str]| words.iter().any(|word| table.binary_search(&word.as_str()).is_ok());
    let find = |higher, lower, source| match (has(higher), has(lower)) {
        (true, true) => Some(None),
        (true, false) => Some(Some(Oriented { direction: turn(Direction::Higher), source })),
        (false, true) => Some(Some(Oriented { direction: turn(Direction::Lower), source })),
        (false, false) => None,
    };
    find(HIGHER, LOWER, DirectionSource::Name).or_else(|| find(HINT_HIGHER, HINT_LOWER, DirectionSource::Hint))
}

/// `valLoss@1` is `val`, `loss`, `1`; digits stay with the letters before them (`top5`, `f1`).
fn words(part: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut previous_lower = false;
    for letter in part.chars() {
        let starts_word = letter.is_uppercase() && previous_lower;
        if !letter.is_alphanumeric() || starts_word {
            words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
        }
        if letter.is_alphanumeric() {
            word.extend(letter.to_lowercase());
        }
        previous_lower = letter.is_lowercase() || letter.is_ascii_digit();
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str) -> Option<(Direction, DirectionSource)> {
        guess(&Key::from_canonical(name)).map(|oriented| (oriented.direction, oriented.source))
    }

    #[test]
    fn names() {
        use Direction::{Higher, Lower};
        use DirectionSource::{Hint, Name};
        for (name, expected) in [
            ("accuracy", Some((Higher, Name))),
            ("valAccuracy", Some((Higher, Name))),
            ("val_loss", Some((Lower, Name))),
            ("loss.train", Some((Lower, Name))),
            ("F1", Some((Higher, Name))),
            ("top5", Some((Higher, Name))),
            ("pass_rate@1", Some((Higher, Name))),
            ("folds[2].auc", Some((Higher, Name))),
            ("latency_ms", Some((Lower, Name))),
            ("training_time", Some((Lower, Hint))),
            ("score", Some((Higher, Hint))),
            ("accuracy_loss", None),
            ("epoch", None),
            ("n_rows", None),
            ("neg_log_loss", Some((Higher, Name))),
            ("explained_variance", Some((Higher, Name))),
        ] {
            assert_eq!(of(name), expected, "{name}");
        }
    }

    #[test]
    fn tables_are_sorted() {
        for table in [HIGHER, LOWER, HINT_HIGHER, HINT_LOWER, COUNTERS] {
            assert!(table.is_sorted(), "{table:?}");
        }
    }

    #[test]
    fn improvement_has_no_negative_zero() {
        assert!(Direction::Lower.improvement(0.0).is_sign_positive());
    }
}
