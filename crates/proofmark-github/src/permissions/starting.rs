//! Advice about workflows and deployments that do not start.

/// What to change so that a start is taken; `None` where GitHub's own words are all there is to say.
pub(super) fn advice(what: &str, status: u16, message: &str) -> Option<String> {
    let path = what.strip_prefix("POST ")?;
    if path.ends_with("/deployments") {
        return match status {
            202 => Some(MERGED.to_owned()),
            409 => Some(CONFLICT.to_owned()),
            _ => message.contains("No ref found").then(|| NO_REF.to_owned()),
        };
    }
    if status != 422 || !path.contains("/actions/workflows/") {
        return None;
    }
    let says = |words: &str| message.to_ascii_lowercase().contains(words);
    if says("unexpected inputs") {
        Some(undeclared(message))
    } else if says("workflow_dispatch' trigger") || says("workflow_dispatch\" trigger") {
        Some(NO_TRIGGER.to_owned())
    } else if says("no ref found") {
        Some(NO_REF.to_owned())
    } else if says("disabled") {
        Some(DISABLED.to_owned())
    } else if says("required input") {
        Some(REQUIRED.to_owned())
    } else {
        None
    }
}

/// What "not found" means for a workflow.
pub(super) fn not_found(what: &str) -> Option<&'static str> {
    what.contains("/actions/workflows/").then_some(NO_WORKFLOW)
}

const NO_WORKFLOW: &str = "\"Not found\" is what GitHub says of a workflow whose file is not on the default branch, or which the token may \
not see. Name the file alone, as in `train.yml`; it lies in `.github/workflows`.";

const NO_TRIGGER: &str = "The workflow has to say that it may be started from outside, on the default branch and on the branch it is started \
on:\n\non:\n  workflow_dispatch:\n";

const NO_REF: &str = "A branch or tag of this name is not there (any more). A workflow is started on a branch or a tag, never on a commit.";

const DISABLED: &str = "The workflow is switched off: GitHub does so after 60 days without a change, and people do in the menu of the \
workflow under \"Actions\". Switch it on there.";

const REQUIRED: &str = "The workflow requires an input that is not given. Give it, or let the workflow have a `default` for it.";

const CONFLICT: &str = "GitHub makes no deployment of a commit whose required checks have not passed, or which lacks commits of the branch \
it is compared with. Wait for the checks or bring the branch up to date, and try again.";

const MERGED: &str = "GitHub has merged a branch into the one that was to be deployed, and made no deployment. Try again: the reference is \
now the merged commit.";

/// The lines to paste. The names come from the server.
fn undeclared(message: &str) -> String {
    let plain = |name: &&str| {
        let letters = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        !name.is_empty() && name.len() <= 100 && letters
    };
    let names: Vec<&str> = message.split('"').skip(1).step_by(2).filter(plain).take(5).collect();
    let names = if names.is_empty() { vec!["NAME"] } else { names };
    let lines: String = names.iter().map(|name| format!("      {name}:\n        type: string\n")).collect();
    format!(
        "The workflow does not declare what it is given. Declare it, and let the input that the key is in stand in the title of the \
         run, by which the run is found again:\n\nrun-name: ${{{{ github.workflow }}}} ${{{{ inputs.{} }}}}\non:\n  workflow_dispatch:\n    \
         inputs:\n{lines}",
        names[0]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: &str = "POST /repos/o/r/actions/workflows/train.yml/dispatches";

    #[test]
    fn an_undeclared_input_is_declared_and_shown_in_the_title() {
        let text = advice(START, 422, "Unexpected inputs provided: [\"proofmark_key\", \"a b\"]").expect("advice");
        let block = "run-name: ${{ github.workflow }} ${{ inputs.proofmark_key }}\non:\n  workflow_dispatch:\n    inputs:\n      \
                     proofmark_key:\n        type: string\n";
        assert!(text.ends_with(block), "{text}");
        assert!(advice(START, 422, "Unexpected inputs provided").is_some_and(|text| text.contains("inputs.NAME")));
    }

    #[test]
    fn each_refusal_has_its_advice() {
        for (what, status, message, words) in [
            (START, 422, "Workflow does not have 'workflow_dispatch' trigger", "on:\n  workflow_dispatch:"),
            (START, 422, "No ref found for: x", "never on a commit"),
            (START, 422, "Cannot trigger a 'workflow_dispatch' on a disabled workflow", "switched off"),
            (START, 422, "Required input 'x' not provided", "`default`"),
            ("POST /repos/o/r/deployments", 409, "Conflict: Commit status checks failed for main.", "required checks"),
            ("POST /repos/o/r/deployments", 202, "Auto-merged main into topic on deployment.", "Try again"),
            ("POST /repos/o/r/deployments", 422, "No ref found for: x", "not there"),
        ] {
            assert!(advice(what, status, message).is_some_and(|text| text.contains(words)), "{message}");
        }
        assert_eq!(advice(START, 422, "other"), None);
        assert_eq!(advice("POST /repos/o/r/issues/1/comments", 422, "No ref found for: x"), None);
        assert_eq!(advice("POST /repos/o/r/actions/runs/1/cancel", 409, "Cannot cancel"), None);
    }
}
