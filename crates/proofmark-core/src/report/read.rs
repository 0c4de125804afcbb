//! A report read back, also from an artifact that anybody may have written: bounded, and it must not contradict itself.

use serde::Deserialize;

use super::{REPORT, Report};
use crate::compare::{Comparison, Delta, SCHEMA, Status};
use crate::config::{Effect, Severity};
use crate::document::{ParseError, likelier_cause, read_as};
use crate::gate::{Finding, Judgement, Level, Verdict, overall_of};
use crate::value::Value;

/// The largest report that is read, in bytes.
pub const LIMIT: usize = 32 << 20;

/// Why bytes are no report.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// It is larger than [`LIMIT`].
    #[error("the report is {0} bytes large, more than the {LIMIT} that are read")]
    TooLarge(usize),
    /// There is nothing in it.
    #[error("the report is empty")]
    Empty,
    /// It is a web page.
    #[error("the file is HTML, not a report")]
    Html,
    /// It is an archive.
    #[error("the file is a ZIP archive, not a report")]
    Archive,
    /// It is not JSON, or cut short.
    #[error("the report cannot be read{}: {}", place(.0), .0.message)]
    Syntax(ParseError),
    /// It is JSON and no document of ours.
    #[error("the document does not say that it is a report")]
    Foreign,
    /// It is another document of ours.
    #[error("the document is a {}, not a report", .0.escape_debug())]
    OtherKind(String),
    /// A newer proofmark wrote it.
    #[error("the report has schema {0}, and this proofmark reads schema {SCHEMA}")]
    OtherSchema(u64),
    /// It says that it is a report and has another form.
    #[error("the report has not the form of schema {SCHEMA}{}: {}", place(.0), .0.message)]
    Form(ParseError),
    /// What it says does not follow from what it holds.
    #[error("the {part} contradicts itself: {what}")]
    Contradiction {
        /// Which judgement.
        part: &'static str,
        /// How.
        what: String,
    },
}

fn place(error: &ParseError) -> String {
    error.position.map_or_else(String::new, |at| format!(" (line {}, column {})", at.line, at.column))
}

impl ReportError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::TooLarge(_) => Some("a report holds metrics; is data among them? `[compare] ignore` leaves files out"),
            Self::Empty => Some("did the step that wrote it fail? `proofmark gate --format json` prints a report"),
            Self::Html => Some("a page of the server was saved in its place, such as a login: give the download a token"),
            Self::Archive => Some("unpack the artifact first"),
            Self::Syntax(error) => error.hint.as_deref(),
            Self::Foreign | Self::OtherKind(_) => Some("`proofmark gate --format json` prints a report"),
            Self::OtherSchema(_) => Some("use the same version of proofmark for the gate and for the report"),
            Self::Form(_) | Self::Contradiction { .. } => Some("the file was changed, or not written by proofmark: run the gate again"),
        }
    }
}

/// Reads what `proofmark gate --format json` printed. Fields that this version does not know are passed over.
///
/// What JSON cannot tell apart comes back as the likelier: the text `NaN` as the number, a date as text, and null beside
/// NaN or infinity, or at the base of a rule's own file that moved, as no value at all.
///
/// # Errors
/// See [`ReportError`]. A report whose verdict and effect do not follow from its findings is refused.
pub fn read(bytes: &[u8]) -> Result<Report, ReportError> {
    if bytes.len() > LIMIT {
        return Err(ReportError::TooLarge(bytes.len()));
    }
    // Shells of Windows put a byte-order mark before what is redirected.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match bytes.trim_ascii_start() {
        [] => return Err(ReportError::Empty),
        [b'<', b'!' | b'h' | b'H' | b'?', ..] => return Err(ReportError::Html),
        [b'P', b'K', 3, 4, ..] => return Err(ReportError::Archive),
        _ => {}
    }
    let mut report: Report = read_as(bytes).map_err(|error| explain(bytes, error))?;
    is_ours(Some(&report.kind), Some(report.schema.into()))?;
    restore_nulls(&mut report);
    consistent("judgement", &report.judgement)?;
    if let Some(judgement) = &report.head_policy_judgement {
        consistent("head_policy_judgement", judgement)?;
    }
    Ok(report)
}

/// What says which document it is, whatever else it holds.
#[derive(Deserialize)]
struct Head {
    kind: Option<Value>,
    schema: Option<Value>,
}

/// Another document, or one of a newer version, explains itself better than the first field that is missing.
fn explain(bytes: &[u8], error: ParseError) -> ReportError {
    let head: Head = match read_as(bytes) {
        Ok(head) => head,
        Err(syntax) => return ReportError::Syntax(likelier_cause(bytes, syntax)),
    };
    let schema = if let Some(Value::Int(schema)) = head.schema { u64::try_from(schema).ok() } else { None };
    is_ours(head.kind.as_ref().and_then(Value::as_text), schema).err().unwrap_or(ReportError::Form(error))
}

fn is_ours(kind: Option<&str>, schema: Option<u64>) -> Result<(), ReportError> {
    match (kind, schema) {
        (Some(REPORT), Some(schema)) if schema == u64::from(SCHEMA) => Ok(()),
        (Some(REPORT), Some(schema)) => Err(ReportError::OtherSchema(schema)),
        (Some(REPORT), None) | (None, _) => Err(ReportError::Foreign),
        (Some(other), _) => Err(ReportError::OtherKind(other.chars().take(40).collect())),
    }
}

/// No value and the value null are both null in JSON; what else the document says tells them apart.
fn restore_nulls(report: &mut Report) {
    let Report { comparison: Comparison { metrics, params, references, .. }, judgement, head_policy_judgement, .. } = report;
    let of_references = references.iter_mut().flat_map(|reference| &mut reference.metrics);
    for row in metrics.iter_mut().chain(params).chain(of_references) {
        let (base, head) = has_sides(row);
        row.base = row.base.take().or_else(|| base.then_some(Value::Null));
        row.head = row.head.take().or_else(|| head.then_some(Value::Null));
    }
    for finding in std::iter::once(judgement).chain(head_policy_judgement).flat_map(|judgement| &mut judgement.findings) {
        let (base, head) = has_values(finding, metrics);
        finding.baseline = finding.baseline.take().or_else(|| base.then_some(Value::Null));
        finding.candidate = finding.candidate.take().or_else(|| head.then_some(Value::Null));
    }
}

/// Which sides of a row surely have a value.
fn has_sides(row: &Delta) -> (bool, bool) {
    match row.status {
        _ if row.whole_file => (false, false),
        Status::Added => (false, true),
        Status::Removed => (true, false),
        Status::NotANumber => (false, false),
        Status::Unparsable | Status::Unavailable => (row.base_problem.is_none(), row.head_problem.is_none()),
        Status::Regressed
        | Status::TypeChanged
        | Status::Null
        | Status::Changed
        | Status::Improved
        | Status::RenamedFile
        | Status::UnchangedByHash
        | Status::Unchanged => (true, true),
    }
}

/// Which values a finding surely has. `rows` are sorted by file.
fn has_values(finding: &Finding, rows: &[Delta]) -> (bool, bool) {
    match &finding.evidence {
        Some(evidence) if evidence.level == Level::Point && finding.table.is_none() => return (evidence.n_base > 0, evidence.n_head > 0),
        // What is measured many times has no null: it is undefined where it has no value.
        Some(_) => return (false, false),
        None => {}
    }
    if finding.reasons.iter().any(|reason| reason == "metric-removed") {
        return (true, false);
    }
    // All rows of a file that cannot be read have the same side.
    let first = finding.file.as_ref().and_then(|file| {
        let row = rows.get(rows.partition_point(|row| row.file < *file))?;
        (row.file == *file && matches!(row.status, Status::Unparsable | Status::Unavailable)).then_some(row)
    });
    first.filter(|_| finding.not_judged).map_or((false, false), has_sides)
}

/// What a judgement comes to must follow from its findings, and each finding's effect be one that its verdict can have.
fn consistent(part: &'static str, judgement: &Judgement) -> Result<(), ReportError> {
    let contradiction = |what: String| Err(ReportError::Contradiction { part, what });
    if let Some(finding) = judgement.findings.iter().find(|finding| !is_possible(finding)) {
        let Finding { verdict, effect, metric, .. } = finding;
        let name: String = metric.to_string().escape_debug().take(80).collect();
        return contradiction(format!("the effect `{}` cannot be that of the verdict `{}` on `{name}`", effect.name(), verdict.name()));
    }
    let (verdict, effect, reason) = overall_of(&judgement.findings);
    for (what, told, follows) in [
        ("effect", judgement.effect.name(), effect.name()),
        ("verdict", judgement.verdict.name(), verdict.name()),
        ("reason", judgement.reason.as_deref().unwrap_or_default(), reason.unwrap_or_default()),
    ] {
        if told != follows {
            return contradiction(format!("the {what} does not follow from its findings"));
        }
    }
    Ok(())
}

fn is_possible(finding: &Finding) -> bool {
    let strongest = match (finding.verdict, finding.severity) {
        (Verdict::Pass, _) | (_, Severity::Info) => Effect::Allow,
        (_, Severity::Warn) => Effect::Notice,
        (_, Severity::Fail) => Effect::Block,
    };
    let must_block = finding.verdict == Verdict::Fail && finding.severity == Severity::Fail;
    finding.effect <= strongest && (!must_block || finding.effect == Effect::Block)
}

#[cfg(test)]
mod tests;
