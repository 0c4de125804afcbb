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
/// in front of an error, as scikit-learn writes it, turns the direction round. A statistic or a setting of a metric is
/// not the metric: a higher `accuracy.std` or `f1_threshold` is neither better nor worse.
///
/// ```
/// use proofmark_core::direction::{Direction, guess};
/// use proofmark_core::key::Key;
///
/// let of = |name: &str| guess(&Key::from_canonical(name)).map(|oriented| oriented.direction);
/// assert_eq!(of("test.roc_auc"), Some(Direction::Higher));
/// assert_eq!(of("neg_mean_squared_error"), Some(Direction::Higher));
/// assert_eq!(of("negative_recall"), Some(Direction::Higher));
/// assert_eq!(of("top1_error"), Some(Direction::Lower));
/// assert_eq!(of("accuracy.std"), None);
/// assert_eq!(of("step"), None);
/// ```
pub fn guess(key: &Key) -> Option<Oriented> {
    settle(key.parts(), |part| guess_word(&part))
}

/// A total beside an accuracy counts what was measured, while the total of losses is a loss.
fn settle(parts: Vec<String>, says: impl FnMut(String) -> Option<Option<Oriented>>) -> Option<Oriented> {
    let total = parts.last().is_some_and(|last| last.eq_ignore_ascii_case("total"));
    parts.into_iter().rev().find_map(says).flatten().filter(|found| !total || found.direction == Direction::Lower)
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
        settle(key.parts(), |part| self.meaning(part).direction)
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

/// Words that make a part something else than the metric it names, wherever they stand.
const SPREAD: &[&str] = &["ci", "delta", "diff", "gap", "sd", "std", "stderr", "stdev", "var"];

/// Words that do so behind the metric or without one: `f1_threshold`, and not the mean absolute error `width_mae`.
const SETTING: &[&str] = &["count", "n", "num", "support", "threshold", "weight", "weights", "width"];

/// What it took to get somewhere: `time_to_accuracy`, and not `image_to_text_recall`.
const AMOUNTS: &[&str] = &[
    "distance",
    "epoch",
    "epochs",
    "examples",
    "hours",
    "iter",
    "iterations",
    "iters",
    "minutes",
    "ratio",
    "samples",
    "seconds",
    "step",
    "steps",
    "time",
    "tokens",
];

fn listed(table: &[&str], word: &str) -> bool {
    table.binary_search(&word).is_ok()
}

/// Whether the words name a statistic or a setting of a metric rather than the metric.
fn is_aside(words: &[String]) -> bool {
    let certain = |word: &String| listed(HIGHER, word) || listed(LOWER, word);
    let metric = |word: &String| certain(word) || listed(HINT_HIGHER, word) || listed(HINT_LOWER, word);
    let has_certain = words.iter().any(certain);
    words.iter().enumerate().any(|(at, word)| {
        let before = at.checked_sub(1).map_or("", |before| words[before].as_str());
        match word.as_str() {
            // `accuracy_seed_1` is the accuracy of one seed, and `id_accuracy` the one in distribution.
            "id" | "seed" => at + 1 == words.len(),
            "to" => has_certain && listed(AMOUNTS, before),
            "variance" | "deviation" => has_certain,
            "count" if before == "error" || before == "errors" => false,
            word if listed(SETTING, word) => !matches!(before, "at" | "top") && !words[at + 1..].iter().any(metric),
            word => listed(SPREAD, word),
        }
    })
}

/// `dice_loss` and `top1_error_rate` end as a loss, whatever comes before.
fn ends_as_loss(words: &[String]) -> bool {
    let last = match words {
        [.., last, rate] if rate == "rate" => last,
        [.., last] => last,
        [] => return false,
    };
    matches!(last.as_str(), "err" | "error" | "errors" | "loss")
}

/// `None`: the part says nothing. `Some(None)`: it contradicts itself, or is only about a metric.
fn guess_word(part: &str) -> Option<Option<Oriented>> {
    use Direction::{Higher, Lower};
    use DirectionSource::{Hint, Name};
    let words = words(part);
    if is_aside(&words) {
        return Some(None);
    }
    let known = |direction, source| Some(Some(Oriented { direction, source }));
    // The negative of an error is better when higher; the recall of the negative class is still a recall.
    let negated = words.first().is_some_and(|word| matches!(word.as_str(), "neg" | "negative"));
    let lower = if negated { Higher } else { Lower };
    if ends_as_loss(&words) {
        return known(lower, Name);
    }
    let pair =
        PAIRS.iter().filter(|_| words.len() > 1).find(|(one, two, _)| words.windows(2).any(|next| next[0] == *one && next[1] == *two));
    match pair {
        Some(("log", "likelihood", _)) if negated => return known(Lower, Name),
        Some((_, _, Lower)) => return known(lower, Name),
        Some((_, _, Higher)) => return known(Higher, Name),
        None => {}
    }
    let has = |table: &[&str]| words.iter().any(|word| listed(table, word));
    match (has(HIGHER), has(LOWER)) {
        (true, true) => return Some(None),
        (true, false) => return known(Higher, Name),
        (false, true) => return known(lower, Name),
        (false, false) => {}
    }
    match (has(HINT_HIGHER), has(HINT_LOWER)) {
        (false, false) => None,
        (true, false) if !negated => known(Higher, Hint),
        (false, true) if !negated => known(Lower, Hint),
        _ => Some(None),
    }
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
            ("accuracy_loss", Some((Lower, Name))),
            ("epoch", None),
            ("n_rows", None),
            ("neg_log_loss", Some((Higher, Name))),
            ("explained_variance", Some((Higher, Name))),
        ] {
            assert_eq!(of(name), expected, "{name}");
        }
    }

    #[test]
    fn the_negative_class_is_no_negated_error() {
        use Direction::{Higher, Lower};
        for (name, expected) in [
            ("neg_mean_squared_error", Some(Higher)),
            ("neg_log_loss", Some(Higher)),
            ("neg_brier_score", Some(Higher)),
            ("neg_top1_error", Some(Higher)),
            ("negative_log_likelihood", Some(Lower)),
            ("negative_recall", Some(Higher)),
            ("neg_f1", Some(Higher)),
            ("negative.precision", Some(Higher)),
            ("neg_average_precision", Some(Higher)),
            ("negative_similarity", None),
        ] {
            assert_eq!(of(name).map(|(direction, _)| direction), expected, "{name}");
        }
    }

    #[test]
    fn statistics_and_settings_are_not_the_metric() {
        for name in [
            "accuracy.std",
            "auc_std",
            "std_accuracy",
            "std_error",
            "auc.stderr",
            "loss_var",
            "accuracy_variance",
            "accuracy.ci_width",
            "auc_ci_upper",
            "f1_threshold",
            "f1.threshold",
            "loss_weight",
            "lossWeight",
            "class_loss_weights",
            "ap_n",
            "accuracy.n",
            "accuracy.n_samples",
            "accuracy.num_rows",
            "accuracy.total",
            "accuracy.count",
            "recall.support",
            "accuracy_seed",
            "loss_id",
            "accuracy_delta",
            "delta_loss",
            "average_precision_std",
            "log_loss_weight",
            "time_to_accuracy_s",
            "epochs_to_top1",
        ] {
            assert_eq!(of(name), None, "{name}");
        }
    }

    #[test]
    fn what_only_looks_like_a_statistic() {
        use Direction::{Higher, Lower};
        for (name, direction) in [
            ("accuracy.mean", Higher),
            ("explained_variance", Higher),
            ("n_errors", Lower),
            ("num_failures", Lower),
            ("error_count", Lower),
            ("total_loss", Lower),
            ("loss_total", Lower),
            ("loss.total", Lower),
            ("total_accuracy", Higher),
            ("nRMSE", Lower),
            ("count_mae", Lower),
            ("weight_error", Lower),
            ("box_width_mae", Lower),
            ("recall_at_n", Higher),
            ("top_n_accuracy", Higher),
            ("precision_at_threshold", Higher),
            ("accuracy_seed_1", Higher),
            ("accuracy.seed_1", Higher),
            ("id_accuracy", Higher),
            ("image_to_text_recall@5", Higher),
            ("time_to_first_token", Lower),
            ("standard_deviation", Lower),
            ("country_accuracy", Higher),
        ] {
            assert_eq!(of(name).map(|(direction, _)| direction), Some(direction), "{name}");
        }
    }

    #[test]
    fn a_final_loss_or_error_wins() {
        use DirectionSource::Name;
        for name in [
            "top1_error",
            "top5Err",
            "dice_loss",
            "iou_loss",
            "accuracy_loss",
            "map_errors",
            "average_precision_loss",
            "error_rate",
            "word_error_rate",
            "top1_error_rate",
        ] {
            assert_eq!(of(name), Some((Direction::Lower, Name)), "{name}");
        }
        for name in ["loss_accuracy", "error_f1"] {
            assert_eq!(of(name), None, "{name}");
        }
    }

    #[test]
    fn remembered_names_say_the_same() {
        let names = Names::default();
        for name in ["accuracy.std", "accuracy.total", "loss.total", "a.total", "total", "test.roc_auc", "neg_f1"] {
            let key = Key::from_canonical(name);
            assert_eq!(names.guess(&key), guess(&key), "{name}");
        }
    }

    #[test]
    fn tables_are_sorted() {
        for table in [HIGHER, LOWER, HINT_HIGHER, HINT_LOWER, COUNTERS, SPREAD, SETTING, AMOUNTS] {
            assert!(table.is_sorted(), "{table:?}");
        }
    }

    #[test]
    fn improvement_has_no_negative_zero() {
        assert!(Direction::Lower.improvement(0.0).is_sign_positive());
    }
}
