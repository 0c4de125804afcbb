//! Names of metrics to metrics: `name`, `name(arguments)`, `name[class]`, `name(arguments)[class]`.

use std::str::FromStr;

use proofmark_core::config::nearest;

use super::{Average, ClassScore, DEFAULT_BINS, Metric};

/// The longest name that is read, in bytes.
const LONGEST: usize = 1024;
/// Most bins of a calibration error: more than rows in most of them says nothing.
const MOST_BINS: u16 = 1000;

/// Names without what stands in parentheses, for messages.
const NAMES: [&str; 30] = [
    "accuracy",
    "balanced_accuracy",
    "precision",
    "recall",
    "specificity",
    "f1",
    "fbeta",
    "precision_macro",
    "precision_micro",
    "precision_weighted",
    "recall_macro",
    "recall_micro",
    "recall_weighted",
    "f1_macro",
    "f1_micro",
    "f1_weighted",
    "fbeta_macro",
    "fbeta_micro",
    "fbeta_weighted",
    "mcc",
    "roc_auc",
    "roc_auc_ovr",
    "pr_auc",
    "log_loss",
    "brier",
    "ece",
    "mae",
    "rmse",
    "r2",
    "mape",
];
/// Names that always have arguments, as they are to be written.
const FORMS: [(&str, &str); 5] = [
    ("pinball", "pinball(QUANTILE)"),
    ("mean", "mean(COLUMN)"),
    ("quantile", "quantile(LEVEL, COLUMN)"),
    ("fbeta", "fbeta(BETA)"),
    ("ece", "ece or ece(BINS)"),
];

/// Why a text names no metric.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MetricError {
    /// No metric has this name.
    #[error("no metric `{name}`{}", nearest.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default())]
    Unknown {
        /// What was written.
        name: String,
        /// A name that looks like it.
        nearest: Option<&'static str>,
    },
    /// The metric is written otherwise.
    #[error("`{text}` is not of the form `{form}`")]
    Form {
        /// What was written.
        text: String,
        /// How it is to be written.
        form: String,
    },
    /// A number is not where the metric has a meaning.
    #[error("`{number}` in `{text}` is not {range}")]
    Range {
        /// What was written.
        text: String,
        /// The number in it.
        number: String,
        /// What it may be.
        range: &'static str,
    },
}

impl MetricError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unknown { .. } => {
                let forms = FORMS.iter().take(3).map(|(_, form)| *form);
                Some(format!("metrics of tables are {}", NAMES.iter().copied().chain(forms).collect::<Vec<_>>().join(", ")))
            }
            Self::Form { .. } | Self::Range { .. } => None,
        }
    }
}

pub(super) fn parse(text: &str) -> Result<Metric, MetricError> {
    let text = text.trim();
    let typed = Typed::of(text)?;
    let metric = simple(typed.name).filter(|_| typed.arguments.is_none() && typed.class.is_none());
    if let Some(metric) = metric {
        return Ok(metric);
    }
    match typed.name {
        "ece" => typed.without_class("ece(BINS)").and_then(|bins| typed.bins(bins)),
        "pinball" => {
            let level = typed.number(typed.without_class("pinball(QUANTILE)")?, "in 0 to 1", |level| (0.0..=1.0).contains(&level))?;
            Ok(Metric::Pinball { level })
        }
        "mean" => Ok(Metric::Mean { column: typed.column(typed.without_class("mean(COLUMN)")?, "mean(COLUMN)")? }),
        "quantile" => typed.quantile(),
        name => match class_score(name) {
            Some((word, average)) => typed.class_score(word, average),
            None if simple(name).is_some() => Err(typed.malformed(name)),
            None => Err(typed.unknown()),
        },
    }
}

/// The metrics that take neither arguments nor a class.
fn simple(name: &str) -> Option<Metric> {
    Some(match name {
        "accuracy" => Metric::Accuracy,
        "balanced_accuracy" => Metric::BalancedAccuracy,
        "mcc" | "matthews_corrcoef" => Metric::Mcc,
        "roc_auc" => Metric::RocAuc,
        "roc_auc_ovr" => Metric::RocAucOvr,
        "pr_auc" | "average_precision" => Metric::PrAuc,
        "log_loss" => Metric::LogLoss,
        "brier" | "brier_score" => Metric::Brier,
        "ece" => Metric::Ece { bins: DEFAULT_BINS },
        "mae" => Metric::Mae,
        "rmse" => Metric::Rmse,
        "r2" => Metric::R2,
        "mape" => Metric::Mape,
        _ => return None,
    })
}

/// `f1_macro` as its score and its average.
fn class_score(name: &str) -> Option<(&str, Option<Average>)> {
    let averages = [("_macro", Average::Macro), ("_micro", Average::Micro), ("_weighted", Average::Weighted)];
    let joined = averages.into_iter().find_map(|(end, average)| Some((name.strip_suffix(end)?, Some(average))));
    let (word, average) = joined.unwrap_or((name, None));
    let known = matches!(word, "precision" | "recall" | "f1" | "fbeta") || (word == "specificity" && average.is_none());
    known.then_some((word, average))
}

/// A text in its parts.
struct Typed<'a> {
    text: &'a str,
    name: &'a str,
    arguments: Option<&'a str>,
    class: Option<&'a str>,
}

impl<'a> Typed<'a> {
    fn of(text: &'a str) -> Result<Self, MetricError> {
        let end = text.find(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_')).unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        let typed = Self { text, name: name.trim(), arguments: None, class: None };
        if text.len() > LONGEST {
            return Err(typed.unknown());
        }
        let rest = rest.trim();
        // Columns and classes are anybody's names, so only the outermost signs count.
        let (arguments, class) = match rest.strip_prefix('(') {
            Some(rest) if rest.ends_with(')') => (rest.strip_suffix(')'), None),
            Some(rest) => match rest.split_once(")[") {
                Some((arguments, class)) if class.ends_with(']') => (Some(arguments), class.strip_suffix(']')),
                _ => return Err(typed.unknown()),
            },
            None if rest.is_empty() => (None, None),
            None => match rest.strip_prefix('[').and_then(|class| class.strip_suffix(']')) {
                Some(class) => (None, Some(class)),
                None => return Err(typed.unknown()),
            },
        };
        Ok(Self { arguments, class, ..typed })
    }

    fn unknown(&self) -> MetricError {
        let names = NAMES.into_iter().chain(FORMS.into_iter().map(|(name, _)| name));
        MetricError::Unknown { name: self.text.chars().take(80).collect(), nearest: nearest(self.name, names) }
    }

    fn malformed(&self, form: &str) -> MetricError {
        MetricError::Form { text: self.text.to_owned(), form: form.to_owned() }
    }

    /// What stands in parentheses, of a metric that is of no class.
    fn without_class(&self, form: &str) -> Result<&'a str, MetricError> {
        self.arguments.filter(|_| self.class.is_none()).map(str::trim).ok_or_else(|| self.malformed(form))
    }

    fn number(&self, number: &str, range: &'static str, within: impl Fn(f64) -> bool) -> Result<f64, MetricError> {
        let parsed = f64::from_str(number.trim()).ok().filter(|number| number.is_finite() && within(*number));
        // Adding zero makes 0 of -0, so that equal metrics have one name.
        parsed.map(|number| number + 0.0).ok_or_else(|| MetricError::Range {
            text: self.text.to_owned(),
            number: number.trim().to_owned(),
            range,
        })
    }

    fn bins(&self, text: &str) -> Result<Metric, MetricError> {
        let bins = u16::from_str(text).ok().filter(|bins| (1..=MOST_BINS).contains(bins));
        bins.map(|bins| Metric::Ece { bins }).ok_or_else(|| MetricError::Range {
            text: self.text.to_owned(),
            number: text.to_owned(),
            range: "a number of bins from 1 to 1000",
        })
    }

    fn column(&self, name: &str, form: &str) -> Result<String, MetricError> {
        let name = name.trim();
        if name.is_empty() { Err(self.malformed(form)) } else { Ok(name.to_owned()) }
    }

    fn quantile(&self) -> Result<Metric, MetricError> {
        const FORM: &str = "quantile(LEVEL, COLUMN)";
        let (level, column) = self.without_class(FORM)?.split_once(',').ok_or_else(|| self.malformed(FORM))?;
        let level = self.number(level, "in 0 to 1", |level| (0.0..=1.0).contains(&level))?;
        Ok(Metric::Quantile { level, column: self.column(column, FORM)? })
    }

    fn class_score(&self, word: &str, average: Option<Average>) -> Result<Metric, MetricError> {
        let form = match (word, average) {
            ("fbeta", None) => "fbeta(BETA) or fbeta(BETA)[CLASS]".to_owned(),
            ("fbeta", Some(_)) => format!("{}(BETA)", self.name),
            (_, None) => format!("{word} or {word}[CLASS]"),
            (_, Some(_)) => self.name.to_owned(),
        };
        let score = match (word, self.arguments) {
            ("fbeta", Some(beta)) => ClassScore::FBeta(self.number(beta, "above 0", |beta| beta > 0.0)?),
            ("precision", None) => ClassScore::Precision,
            ("recall", None) => ClassScore::Recall,
            ("specificity", None) => ClassScore::Specificity,
            ("f1", None) => ClassScore::FBeta(1.0),
            _ => return Err(self.malformed(&form)),
        };
        match (average, self.class.map(str::trim)) {
            (Some(_), Some(_)) | (None, Some("")) => Err(self.malformed(&form)),
            (Some(average), None) => Ok(Metric::Averaged { score, average }),
            (None, class) => Ok(Metric::OfClass { score, class: class.map(str::to_owned) }),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_name_is_canonical_or_says_its_form() {
        for name in NAMES {
            match parse(name) {
                Ok(metric) => assert_eq!(metric.to_string(), name),
                Err(MetricError::Form { form, .. }) => assert!(name.starts_with("fbeta") && form.contains("BETA"), "{name}: {form}"),
                Err(error) => panic!("{name}: {error}"),
            }
        }
    }

    #[test]
    fn arguments_and_classes_are_read() {
        let canonical = |text: &str| parse(text).map(|metric| metric.to_string());
        assert_eq!(canonical("fbeta(1.0)").as_deref(), Ok("f1"));
        assert_eq!(canonical(" fbeta(2.0)[spam] ").as_deref(), Ok("fbeta(2)[spam]"));
        assert_eq!(canonical("fbeta_macro(0.5)").as_deref(), Ok("fbeta_macro(0.5)"));
        assert_eq!(canonical("f1[a[0]]").as_deref(), Ok("f1[a[0]]"));
        assert_eq!(canonical("mean(time (ms))").as_deref(), Ok("mean(time (ms))"));
        assert!(canonical("mean(a)[b]").is_err());
        assert_eq!(canonical("quantile(.5,a,b)").as_deref(), Ok("quantile(0.5, a,b)"));
        assert_eq!(canonical("ece(15)").as_deref(), Ok("ece"));
        assert_eq!(canonical("average_precision").as_deref(), Ok("pr_auc"));
        assert_eq!(parse("pinball(-0.0)").map(|metric| metric.to_string()).as_deref(), Ok("pinball(0)"));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let told = |text: &str| parse(text).map_err(|error| error.to_string()).err().unwrap_or_default();
        assert_eq!(told("f1_makro"), "no metric `f1_makro`; did you mean `f1_macro`?");
        assert_eq!(told("F1"), "no metric `F1`; did you mean `f1`?");
        assert_eq!(told("quantile(95, latency)"), "`95` in `quantile(95, latency)` is not in 0 to 1");
        assert_eq!(told("pinball(nan)"), "`nan` in `pinball(nan)` is not in 0 to 1");
        assert_eq!(told("ece(0)"), "`0` in `ece(0)` is not a number of bins from 1 to 1000");
        assert_eq!(told("fbeta"), "`fbeta` is not of the form `fbeta(BETA) or fbeta(BETA)[CLASS]`");
        assert_eq!(told("accuracy(3)"), "`accuracy(3)` is not of the form `accuracy`");
        assert_eq!(told("f1_macro[a]"), "`f1_macro[a]` is not of the form `f1_macro`");
        assert_eq!(told("f1[]"), "`f1[]` is not of the form `f1 or f1[CLASS]`");
        assert_eq!(told("mean( )"), "`mean( )` is not of the form `mean(COLUMN)`");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "(f1|mean|quantile|fbeta|ece|pinball)?[\\[\\](),.0-9a-z ]{0,12}|\\PC{0,40}") {
            if let Ok(metric) = parse(&text) {
                prop_assert_eq!(parse(&metric.to_string()), Ok(metric));
            }
        }
    }
}
