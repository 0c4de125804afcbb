//! Metrics by name: what a policy may ask of a prediction table, which columns that takes, and which way is better.
//!
//! The names and definitions are those of scikit-learn. How they are computed is the matter of [`crate::evaluate()`]; what is
//! undefined there (no positive prediction, one class only) is no value here, never 0.

mod parse;
pub(crate) mod statistic;

use std::fmt;

use proofmark_core::direction::Direction;

pub use self::parse::MetricError;

/// Equal-width bins of the expected calibration error, where the name says no other number.
pub const DEFAULT_BINS: u16 = 15;

/// One metric of a prediction table.
///
/// `Display` gives its canonical name, which [`Metric::parse`] reads again.
///
/// ```
/// use proofmark_tables::Metric;
///
/// let metric = Metric::parse("quantile( 0.95,latency)")?;
/// assert_eq!(metric.to_string(), "quantile(0.95, latency)");
/// assert!(Metric::parse("acuracy").is_err_and(|error| error.to_string().contains("`accuracy`")));
/// # Ok::<(), proofmark_tables::MetricError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Metric {
    /// Share of rows (by weight) whose prediction is the label.
    Accuracy,
    /// Mean of the recall of each class that labels have.
    BalancedAccuracy,
    /// Matthews correlation coefficient, of several classes as Gorodkin 2004; 0 where a margin of the table is empty.
    Mcc,
    /// A score of one class against the rest: the positive class, or the named one.
    OfClass {
        /// Which score.
        score: ClassScore,
        /// The class; the positive one when absent.
        class: Option<String>,
    },
    /// A score of every class that labels or predictions have, averaged. As in scikit-learn, a class whose score is
    /// undefined (never predicted) counts 0.
    Averaged {
        /// Which score.
        score: ClassScore,
        /// How classes are joined.
        average: Average,
    },
    /// Area under the ROC curve, ties half; undefined with one class only. Infinite scores are scores.
    RocAuc,
    /// Mean over classes of the area under the ROC curve of the class against the rest; undefined when a class has no row.
    RocAucOvr,
    /// Average precision: sum over thresholds of precision times the gain in recall; undefined without positives.
    PrAuc,
    /// Mean of `-ln(probability of the label)`, probabilities kept off 0 and 1 by 2^-52.
    LogLoss,
    /// Mean squared difference of probability and truth; of several classes the sum over classes.
    Brier,
    /// Expected calibration error (Naeini 2015, Guo 2017): rows in bins of equal width of the confidence, open on the left;
    /// mean over bins by weight of |mean confidence - share that came true|. The confidence of two classes is the score of
    /// the positive class and comes true when the row is positive; of several classes the largest score (the first of
    /// equal ones), which comes true when its class is the label.
    Ece {
        /// Bins.
        bins: u16,
    },
    /// Mean absolute error.
    Mae,
    /// Root of the mean squared error.
    Rmse,
    /// 1 - squared error / squared distance of the labels from their mean; undefined when all labels are equal.
    R2,
    /// Mean of |error| / max(|label|, 2^-52), as a fraction.
    Mape,
    /// Mean pinball loss of a predicted quantile: `level` times the error where the label is above it, else `1 - level`.
    Pinball {
        /// The quantile that the model predicts, in 0 to 1.
        level: f64,
    },
    /// Mean of a column.
    Mean {
        /// The column.
        column: String,
    },
    /// Quantile of a column, linear between values (Hyndman-Fan type 7); by weight, the smallest value that this share of
    /// all weight does not exceed.
    Quantile {
        /// In 0 to 1.
        level: f64,
        /// The column.
        column: String,
    },
}

/// A score of one class: of hits, of rows predicted so and of rows labelled so.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ClassScore {
    /// Hits among the rows predicted so; undefined when none is.
    Precision,
    /// Hits among the rows labelled so; undefined when none is.
    Recall,
    /// Among the rows labelled otherwise, those predicted otherwise; undefined when none is labelled otherwise.
    Specificity,
    /// `(1 + b^2) hits / (b^2 labelled + predicted)`, with b = 1 the F1; undefined when none is labelled or predicted so.
    FBeta(f64),
}

/// How the scores of classes are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Average {
    /// Mean over classes.
    Macro,
    /// The score of all classes' counts together.
    Micro,
    /// Mean over classes by how much each is labelled.
    Weighted,
}

/// What a metric reads of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need<'a> {
    /// The true class.
    Class,
    /// The predicted class, or what it follows from: the score with a threshold, or the scores of all classes.
    PredictedClass,
    /// The score of the positive class.
    Score,
    /// The score of the positive class, or of every class.
    Probabilities,
    /// The score of every class.
    Scores,
    /// The true number.
    TrueNumber,
    /// The predicted number.
    PredictedNumber,
    /// A number in a column.
    Column(&'a str),
}

impl Metric {
    /// The metric of this name: `accuracy`, `f1[spam]`, `fbeta_macro(2)`, `quantile(0.95, latency)`.
    ///
    /// # Errors
    /// When no metric has this name, with the nearest one, or when what stands in parentheses is out of range.
    pub fn parse(text: &str) -> Result<Self, MetricError> {
        parse::parse(text)
    }

    /// Which way it gets better by its definition. Nobody knows of a column.
    pub fn natural(&self) -> Option<Direction> {
        match self {
            Self::Accuracy | Self::BalancedAccuracy | Self::Mcc | Self::OfClass { .. } | Self::Averaged { .. } => Some(Direction::Higher),
            Self::RocAuc | Self::RocAucOvr | Self::PrAuc | Self::R2 => Some(Direction::Higher),
            Self::LogLoss | Self::Brier | Self::Ece { .. } => Some(Direction::Lower),
            Self::Mae | Self::Rmse | Self::Mape | Self::Pinball { .. } => Some(Direction::Lower),
            Self::Mean { .. } | Self::Quantile { .. } => None,
        }
    }

    /// What it reads of a row, beside weight and cluster.
    pub fn needs(&self) -> Vec<Need<'_>> {
        match self {
            Self::Accuracy | Self::BalancedAccuracy | Self::Mcc | Self::OfClass { .. } | Self::Averaged { .. } => {
                vec![Need::Class, Need::PredictedClass]
            }
            Self::RocAuc | Self::PrAuc => vec![Need::Class, Need::Score],
            Self::RocAucOvr => vec![Need::Class, Need::Scores],
            Self::LogLoss | Self::Brier | Self::Ece { .. } => vec![Need::Class, Need::Probabilities],
            Self::Mae | Self::Rmse | Self::R2 | Self::Mape | Self::Pinball { .. } => vec![Need::TrueNumber, Need::PredictedNumber],
            Self::Mean { column } | Self::Quantile { column, .. } => vec![Need::Column(column)],
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accuracy => out.write_str("accuracy"),
            Self::BalancedAccuracy => out.write_str("balanced_accuracy"),
            Self::Mcc => out.write_str("mcc"),
            Self::OfClass { score, class } => {
                write!(out, "{}{}", score.word(), score.argument())?;
                class.as_ref().map_or(Ok(()), |class| write!(out, "[{class}]"))
            }
            Self::Averaged { score, average } => write!(out, "{}_{}{}", score.word(), average.word(), score.argument()),
            Self::RocAuc => out.write_str("roc_auc"),
            Self::RocAucOvr => out.write_str("roc_auc_ovr"),
            Self::PrAuc => out.write_str("pr_auc"),
            Self::LogLoss => out.write_str("log_loss"),
            Self::Brier => out.write_str("brier"),
            Self::Ece { bins: DEFAULT_BINS } => out.write_str("ece"),
            Self::Ece { bins } => write!(out, "ece({bins})"),
            Self::Mae => out.write_str("mae"),
            Self::Rmse => out.write_str("rmse"),
            Self::R2 => out.write_str("r2"),
            Self::Mape => out.write_str("mape"),
            Self::Pinball { level } => write!(out, "pinball({level})"),
            Self::Mean { column } => write!(out, "mean({column})"),
            Self::Quantile { level, column } => write!(out, "quantile({level}, {column})"),
        }
    }
}

impl ClassScore {
    fn word(self) -> &'static str {
        match self {
            Self::Precision => "precision",
            Self::Recall => "recall",
            Self::Specificity => "specificity",
            Self::FBeta(1.0) => "f1",
            Self::FBeta(_) => "fbeta",
        }
    }

    fn argument(self) -> String {
        match self {
            Self::FBeta(beta) if beta != 1.0 => format!("({beta})"),
            _ => String::new(),
        }
    }
}

impl Average {
    fn word(self) -> &'static str {
        match self {
            Self::Macro => "macro",
            Self::Micro => "micro",
            Self::Weighted => "weighted",
        }
    }
}
