//! The external id of a check run: which run made it, and for what.

use std::fmt;

/// `RUN_ID/ATTEMPT/KEY`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The run's number.
    pub run_id: u64,
    /// Which try of it.
    pub attempt: u32,
    /// What it reports on; one key, one report.
    pub key: String,
}

impl Origin {
    /// Reads an external id; `None` when somebody else wrote it.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '/');
        let (run_id, attempt, key) = (parts.next()?, parts.next()?, parts.next()?);
        let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?;
        let attempt: u64 = number(attempt)?;
        Some(Self { run_id: number(run_id)?, attempt: u32::try_from(attempt).ok()?, key: key.to_owned() })
    }

    /// Whether this is a later run of the same report.
    pub(super) fn is_newer_than(&self, other: &Self) -> bool {
        self.key == other.key && (self.run_id, self.attempt) > (other.run_id, other.attempt)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}/{}", self.run_id, self.attempt, self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes_and_nothing_else() {
        let origin = Origin { run_id: 12, attempt: 3, key: "ci/job/a b".to_owned() };
        assert_eq!(Origin::parse(&origin.to_string()), Some(origin));
        for other in ["", "12", "12/3", "x/3/k", "12/-3/k", "+12/3/k", "/3/k", "99999999999999999999999/1/k", "1/4294967296/k"] {
            assert_eq!(Origin::parse(other), None, "{other}");
        }
    }

    #[test]
    fn later_runs_of_the_same_report_are_newer() {
        let newer = |a: &str, b: &str| Origin::parse(a).expect("an id").is_newer_than(&Origin::parse(b).expect("an id"));
        assert!(newer("10/1/k", "9/5/k"));
        assert!(newer("9/2/k", "9/1/k"));
        assert!(!newer("9/1/k", "9/1/k"));
        assert!(!newer("10/1/other", "9/1/k"));
    }
}
