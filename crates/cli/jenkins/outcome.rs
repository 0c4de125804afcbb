//! What a step of Jenkins does with what came out.

use proofmark_core::config::Effect;
use proofmark_core::gate::Finding;
use proofmark_core::jenkins::{BuildResult, Outcome};
use proofmark_core::report::Report;
use proofmark_core::run::{RunContext, System};
use proofmark_render as render;
use proofmark_render::escape::terminal;

use crate::exit::{self, CliError};
use crate::forms::stage_name;
use crate::gate;
use crate::posting::args::FailOn;
use crate::world::World;

/// Characters of a build's description, which stands in the narrow list of builds.
const LONGEST_DESCRIPTION: usize = 160;

/// Characters of a message: a few sentences in the log and beside the stage.
const LONGEST_MESSAGE: usize = 1000;

/// Checks that a message names; the report has them all.
const MOST_NAMED: usize = 3;

/// The variable that is set while a step of a pipeline is at work, in Jenkins or not.
pub(super) const IN_STEP: &str = "PROOFMARK_JENKINS_STEP";

/// What a report says to Jenkins, where that is who reads it.
pub(crate) fn block(report: &Report, fail_on: FailOn, subject: Option<&str>, run: Option<&RunContext>, world: &World) -> Option<Outcome> {
    let is_build = run.is_some_and(|run| run.system == System::Jenkins) || world.var(IN_STEP).is_some();
    is_build.then(|| of_report_and_code(report, gate::code(report, fail_on), &stage_name(run, subject)))
}

/// What a report comes to, for a command that ended in another way, because the report could not be delivered, say.
pub(crate) fn of_report_and_code(report: &Report, code: u8, stage: &str) -> Outcome {
    let headline = render::headline(report);
    let effect = report.judgement.effect;
    let result = match (code, effect) {
        (exit::ALLOWED, Effect::Allow) => None,
        (exit::ALLOWED, _) => Some(BuildResult::Unstable),
        _ => Some(BuildResult::Failure),
    };
    let mut message = format!("{stage}: {headline}");
    let worst = report.judgement.findings.iter().filter(|finding| finding.effect == effect && effect != Effect::Allow);
    let named: Vec<String> = worst.clone().take(MOST_NAMED).map(named).collect();
    if !named.is_empty() {
        let more = worst.count().saturating_sub(MOST_NAMED);
        let more = if more > 0 { format!("; and {more} more") } else { String::new() };
        message.push_str(&format!(" ({}{more})", named.join("; ")));
    }
    if code == exit::OUTSIDE {
        message.push_str(". The report could not be delivered; the log tells why");
    }
    outcome(result, stage, &format!("{stage}: {headline}"), &message)
}

/// Nothing came out.
pub(crate) fn of_error(error: &CliError, stage: &str) -> Outcome {
    let causes = error.causes.iter().map(|cause| format!(": {cause}"));
    let hints = error.hints.iter().take(1).map(|hint| format!(". {}", hint.lines().next().unwrap_or_default()));
    let message = format!("{stage}: {}{}", error.message, causes.chain(hints).collect::<String>());
    outcome(Some(BuildResult::Failure), stage, &format!("{stage}: {}", error.message), &message)
}

/// A command without a verdict, by its exit code.
pub(crate) fn of_code(code: u8, stage: &str, told: &str) -> Outcome {
    let result = (code != exit::ALLOWED).then_some(BuildResult::Failure);
    let line = format!("{stage}: {told}");
    outcome(result, stage, &line, &line)
}

/// With a result that something else decided.
pub(crate) fn of_result(result: Option<BuildResult>, stage: &str, told: &str) -> Outcome {
    let line = format!("{stage}: {told}");
    outcome(result, stage, &line, &line)
}

fn outcome(result: Option<BuildResult>, stage: &str, description: &str, message: &str) -> Outcome {
    Outcome::new(result, clip(stage, LONGEST_DESCRIPTION), clip(description, LONGEST_DESCRIPTION), clip(message, LONGEST_MESSAGE))
}

fn named(finding: &Finding) -> String {
    format!("{}: {}", render::check_name(finding), finding.explanation)
}

/// Plain text of one line. Jenkins shows it in places that neither wrap nor escape in the same way.
fn clip(text: &str, most: usize) -> String {
    let line = terminal(text).split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= most { line } else { line.chars().take(most - 1).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_fails_and_says_why() {
        let error = CliError::input("the policy is\nwrong \u{202e}x").hint("see line 3\nand 4");
        let outcome = of_error(&error, "proofmark: churn");
        assert_eq!(outcome.result, Some(BuildResult::Failure));
        assert!(outcome.message.starts_with("proofmark: churn: the policy is"), "{}", outcome.message);
        assert!(outcome.message.ends_with(". see line 3"), "{}", outcome.message);
        assert!(!outcome.message.contains(['\n', '\u{202e}']), "{}", outcome.message);
    }

    #[test]
    fn long_texts_are_cut() {
        let outcome = of_error(&CliError::input("x".repeat(5000)), "proofmark");
        assert_eq!(outcome.description.chars().count(), LONGEST_DESCRIPTION);
        assert_eq!(outcome.message.chars().count(), LONGEST_MESSAGE);
    }
}
