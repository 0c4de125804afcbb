//! Numbers as MLflow's JSON has them: NaN and infinities are texts, and any whole number may be one.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};

/// A value of a metric.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Real(pub(super) f64);

/// A whole number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Whole(pub(super) i64);

impl<'de> Deserialize<'de> for Real {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(RealVisitor)
    }
}

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(WholeVisitor)
    }
}

struct RealVisitor;

impl Visitor<'_> for RealVisitor {
    type Value = Real;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a number, or one as text")
    }
    fn visit_f64<E: Error>(self, value: f64) -> Result<Real, E> {
        Ok(Real(value))
    }
    fn visit_u64<E: Error>(self, value: u64) -> Result<Real, E> {
        Ok(Real(value as f64))
    }
    fn visit_i64<E: Error>(self, value: i64) -> Result<Real, E> {
        Ok(Real(value as f64))
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<Real, E> {
        let value = match text {
            "NaN" => f64::NAN,
            "Infinity" => f64::INFINITY,
            "-Infinity" => f64::NEG_INFINITY,
            _ => text.parse().map_err(|_| E::custom("a text that is no number"))?,
        };
        Ok(Real(value))
    }
}

struct WholeVisitor;

impl Visitor<'_> for WholeVisitor {
    type Value = Whole;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a whole number, or one as text")
    }
    fn visit_i64<E: Error>(self, value: i64) -> Result<Whole, E> {
        Ok(Whole(value))
    }
    fn visit_u64<E: Error>(self, value: u64) -> Result<Whole, E> {
        i64::try_from(value).map(Whole).map_err(|_| E::custom("a whole number that is too large"))
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<Whole, E> {
        text.parse().map(Whole).map_err(|_| E::custom("a text that is no whole number"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_texts() {
        let real = |json| serde_json::from_str::<Real>(json).ok().map(|real| real.0);
        for (json, value) in [
            ("0.1", 0.1),
            ("3", 3.0),
            ("-2", -2.0),
            ("\"Infinity\"", f64::INFINITY),
            ("\"-Infinity\"", f64::NEG_INFINITY),
            ("\"5e-324\"", 5e-324),
        ] {
            assert_eq!(real(json), Some(value), "{json}");
        }
        assert!(real("\"NaN\"").is_some_and(f64::is_nan));
        for json in ["null", "\"\"", "\"x\"", "[1]", "true", "NaN", "\"1 \""] {
            assert_eq!(real(json), None, "{json}");
        }
        let whole = |json| serde_json::from_str::<Whole>(json).ok().map(|whole| whole.0);
        assert_eq!(
            (whole("-5"), whole("\"1700003600000\""), whole("9223372036854775807")),
            (Some(-5), Some(1_700_003_600_000), Some(i64::MAX))
        );
        assert_eq!((whole("1.5"), whole("9223372036854775808"), whole("\"1.0\""), whole("null")), (None, None, None, None));
    }
}
