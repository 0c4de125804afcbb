//! One new value against a long history with outliers.

use std::f64::consts::FRAC_PI_2;

use crate::sample::{mean, quantile_type7, summary};

/// The third quartile of the standard normal distribution: the median distance from its median.
const NORMAL_MAD: f64 = 0.674_489_750_196_081_7;

/// What a robust scale was made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScaleKind {
    /// The median absolute deviation.
    Mad,
    /// The mean absolute deviation, when more than half of the values are equal.
    MeanAbsoluteDeviation,
    /// All values are equal.
    None,
}

impl ScaleKind {
    /// The word that documents use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mad => "mad",
            Self::MeanAbsoluteDeviation => "mean-absolute-deviation",
            Self::None => "none",
        }
    }
}

/// The result of [`robust_z`]; all undefined without history.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RobustZ {
    /// Values of the history that are not NaN.
    pub n: usize,
    /// Their median.
    pub median: Option<f64>,
    /// What a standard deviation would be for normal values.
    pub scale: Option<f64>,
    /// What the scale was made from.
    pub scale_kind: Option<ScaleKind>,
    /// The new value in units of the scale, from the median; undefined without spread.
    pub z: Option<f64>,
}

/// `(value - median) / (MAD / 0.6745)` (Iglewicz and Hoaglin 1993); with MAD 0 the scale is `mean |h - median| sqrt(pi/2)`, and with
/// that 0 too there is no z. Of use from about thirty values on. NaN is left out of the history.
pub fn robust_z(history: &[f64], value: f64) -> RobustZ {
    let figures = summary(history);
    let Some(median) = figures.median else {
        return RobustZ { n: 0, median: None, scale: None, scale_kind: None, z: None };
    };
    let distances: Vec<f64> = history.iter().map(|past| (past - median).abs()).collect();
    let mad = quantile_type7(&distances, 0.5).unwrap_or(0.0);
    let (scale, kind) = match mean(&distances) {
        _ if mad != 0.0 => (mad / NORMAL_MAD, ScaleKind::Mad),
        Some(distance) if distance != 0.0 => (distance * FRAC_PI_2.sqrt(), ScaleKind::MeanAbsoluteDeviation),
        _ => (0.0, ScaleKind::None),
    };
    let z = (value - median) / scale;
    RobustZ { n: figures.n, median: Some(median), scale: Some(scale), scale_kind: Some(kind), z: z.is_finite().then_some(z) }
}
