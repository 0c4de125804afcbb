//! What may be read and written in this repository, and whether a branch asks for our check.
//!
//! GitHub tells no app what it may do. So it is asked for things that cannot be: a comment without a text, a check run without
//! name and commit, a status without a state at a commit of zeros. GitHub looks at the permission before it looks at the
//! request, so a token without it is refused with 403, and one with it hears 422. Nothing can come of these requests: what they
//! leave out is not optional, and there is no default for it. Requests to numbers that do not exist would be no better: what
//! is not there is answered by 404, whether one may write or not.

use proofmark_http::Answer;

use super::token::TokenKind;
use super::{Finding, Health, Questions};
use crate::client::Client;
use crate::error::GitHubError;
use crate::permissions::{advice, needs_app};
use crate::{routes, wire};

impl Client {
    pub(super) async fn access(&self, kind: Option<TokenKind>, questions: &Questions<'_>) -> Vec<Finding> {
        let mut findings = Vec::new();
        let repository: wire::Repository = match self.json(&routes::repository(&self.repo)).await {
            Ok(repository) => repository,
            Err(error) => return vec![Finding::failed("repository", Health::Bad, &error)],
        };
        let visible = if repository.private { "private" } else { "public" };
        findings.push(Finding::new("repository", Health::Good, format!("{} is {visible} and can be seen", self.repo)));
        let base = questions.base.unwrap_or(&repository.default_branch);
        findings.push(match self.send(&routes::tree(&self.repo, base, false)).await {
            Ok(_) => Finding::new("files", Health::Good, format!("the files of `{base}` can be read")),
            Err(error) => Finding::failed("files", Health::Bad, &error),
        });
        if questions.probe_writes && kind.is_some() {
            findings.extend(self.writes(questions.pull).await);
        }
        if let Some(check) = questions.check {
            let rules = self.pages(&routes::branch_rules(&self.repo, base)).await;
            findings.push(required(check, base, rules));
        }
        findings
    }

    async fn writes(&self, pull: Option<u64>) -> Vec<Finding> {
        let comments = match pull {
            Some(pull) => written("comments", self.send(&routes::impossible_comment(&self.repo, pull)).await),
            None => Finding::new("comments", Health::Unknown, "there is no pull request here to ask about")
                .advise("Run it in a workflow on `pull_request`, or name a pull request."),
        };
        let checks = written("checks", self.send(&routes::impossible_check(&self.repo)).await);
        let statuses = written("statuses", self.send(&routes::impossible_status(&self.repo)).await);
        vec![comments, checks, statuses]
    }
}

fn written(name: &'static str, answer: Result<Answer, GitHubError>) -> Finding {
    match answer {
        Err(error) => match error.status() {
            Some(400 | 422) => Finding::new(name, Health::Good, "can be written"),
            // There is another way, so nothing is broken.
            Some(403) if needs_app(&error) => {
                Finding { advice: advice(&error), ..Finding::new(name, Health::Warning, "cannot be written") }
            }
            Some(401 | 403) => Finding { advice: advice(&error), ..Finding::new(name, Health::Bad, "cannot be written") },
            _ => Finding::failed(name, Health::Unknown, &error),
        },
        Ok(answer) => Finding::new(name, Health::Unknown, format!("GitHub answers {}, which was not expected", answer.status)),
    }
}

fn required(check: &str, branch: &str, rules: Result<Vec<wire::Rule>, GitHubError>) -> Finding {
    let rules = match rules {
        Ok(rules) => rules,
        Err(error) => return Finding::failed("required check", Health::Unknown, &error),
    };
    let queue = rules.iter().any(|rule| rule.kind == "merge_queue");
    let parameters = rules.iter().filter(|rule| rule.kind == "required_status_checks").filter_map(|rule| rule.parameters.as_ref());
    let is_required = parameters.flat_map(|parameters| &parameters.required_status_checks).any(|required| required.context == check);
    let finding = if is_required {
        Finding::new("required check", Health::Good, format!("a rule of `{branch}` requires `{check}`"))
    } else {
        Finding::new(
            "required check",
            Health::Warning,
            format!("no ruleset of `{branch}` requires `{check}`, so a regression can be merged"),
        )
        .advise(format!(
            "Once the check has run, open the repository's settings, \"Rules\", \"Rulesets\", choose one for `{branch}`, and \
                 under \"Require status checks to pass\" add `{check}`. (An older branch protection may require it already: a \
                 workflow's token cannot see those.)"
        ))
    };
    if queue { with_queue(finding, check) } else { finding }
}

/// A required check that never comes holds the queue up.
fn with_queue(finding: Finding, check: &str) -> Finding {
    let also = format!("The branch has a merge queue: the workflow must run on `merge_group` too, or the queue waits for `{check}`.");
    let advice = finding.advice.iter().chain([&also]).map(String::as_str).collect::<Vec<_>>().join("\n");
    finding.advise(advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(json: serde_json::Value) -> Result<Vec<wire::Rule>, GitHubError> {
        Ok(serde_json::from_value(json).expect("rules"))
    }

    #[test]
    fn a_required_check_is_found_by_its_whole_name() {
        let rule =
            serde_json::json!({"type": "required_status_checks", "parameters": {"required_status_checks": [{"context": "proofmark"}]}});
        let other = serde_json::json!({"type": "deletion"});
        assert_eq!(required("proofmark", "main", rules(serde_json::json!([other, rule]))).health, Health::Good);
        let absent = required("proofmark / a", "main", rules(serde_json::json!([rule])));
        assert!(absent.health == Health::Warning && absent.advice.is_some_and(|advice| advice.contains("add `proofmark / a`")));
    }

    #[test]
    fn a_merge_queue_is_told() {
        let finding = required("x", "main", rules(serde_json::json!([{"type": "merge_queue", "parameters": {}}])));
        let advice = finding.advice.expect("advice");
        assert!(advice.contains("merge_group") && advice.contains("add `x`"), "{advice}");
    }
}
