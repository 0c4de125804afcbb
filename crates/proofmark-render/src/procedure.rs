//! Statistical procedures in plain words: in a table's cell, and in two sentences for somebody who is tired.

use proofmark_core::gate::{Evidence, Level};

use crate::text::clip;

/// The longest name of a procedure that this renderer does not know.
const LONGEST: usize = 60;

/// A few words for a column. Nothing where nothing judged.
pub(crate) fn short(evidence: &Evidence) -> String {
    let rows = evidence.level == Level::Rows;
    match evidence.procedure.as_str() {
        "none" => "",
        "scalar_gate" => "the numbers as they are",
        "paired_proportion_noninferiority" => "Tango, same rows",
        "two_proportions" => "score limits, different rows",
        "paired_t_noninferiority" if rows => "paired t, same rows",
        "paired_t_noninferiority" => "paired t, same seeds",
        "welch_noninferiority" if rows => "Welch's t, different rows",
        "welch_noninferiority" => "Welch's t, independent runs",
        "sign_flip_test" => "sign flips, same rows",
        "delong_paired" => "DeLong, same rows",
        "paired_bootstrap" | "bootstrap" => "bootstrap, same rows",
        "prediction_limit_t" => "limit of the history",
        other => return clip(other, LONGEST),
    }
    .to_owned()
}

/// What the procedure does, in two sentences.
pub(crate) fn told(evidence: &Evidence) -> &'static str {
    let rows = evidence.level == Level::Rows;
    match evidence.procedure.as_str() {
        "scalar_gate" => {
            "The two numbers are taken as they are and held against the limits. Nothing is known about their noise, so nothing is \
             said about it."
        }
        "paired_proportion_noninferiority" => {
            "Both models answered the same rows, so only the rows on which one is right and the other wrong say anything about the \
             difference. From their counts follows between which limits the true difference lies (score limits, Tango 1998)."
        }
        "two_proportions" => {
            "The two sides have different rows, so each share has a noise of its own. From both counts follows between which limits the \
             true difference lies (score limits); the same rows on both sides would need about half the data."
        }
        "paired_t_noninferiority" if rows => {
            "For each row the score of the base is taken from the score of the head, so that what makes a row hard cancels out. How much \
             these differences vary tells between which limits their true mean lies (paired t)."
        }
        "paired_t_noninferiority" => {
            "Each run is compared with the run of the same seed or fold on the other side. How much these differences vary tells between \
             which limits the true difference lies (paired t)."
        }
        "welch_noninferiority" if rows => {
            "The two sides have different rows, so each mean has a noise of its own. How much the rows of each side vary tells between \
             which limits the true difference lies (Welch's t)."
        }
        "welch_noninferiority" => {
            "The runs of each side vary by chance, and their means with them. How much they vary tells between which limits the true \
             difference lies (Welch's t)."
        }
        "sign_flip_test" => {
            "There are few rows, so no assumption is made about how their scores are spread. The signs of the differences are flipped in \
             every way, or in many, and it is counted how often chance alone gives a mean like the one that was seen."
        }
        "delong_paired" => {
            "Both models ranked the same rows, and the area under the curve is the share of pairs that stand in the right order. How much \
             each row adds to it tells between which limits the true difference lies (DeLong 1988)."
        }
        "paired_bootstrap" | "bootstrap" => {
            "The metric has no simple formula for its noise, so the rows are drawn anew many times and both models are measured on each \
             draw. Between which limits the difference lies in most draws is taken for where the true one lies (bootstrap)."
        }
        "prediction_limit_t" => {
            "The recorded values of the branch tell how much the metric moves when nothing is wrong. The new value is unusual when it lies \
             beyond the limit that one more value of that kind would hardly pass."
        }
        "none" => "Nothing was computed about the noise: there was nothing to compute it from.",
        _ => "This version of proofmark does not know the procedure; the numbers below are what it found.",
    }
}
