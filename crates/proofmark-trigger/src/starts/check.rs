//! What can be told of a start before there is an event.

use proofmark_core::config::{CommandStart, KserveStart, KubeflowStart, PromoteStart, Start, WebhookStart, WorkflowStart};

use crate::error::Mistake;
use crate::template;

/// Inputs of a workflow at most, as GitHub has it; one of them takes the key.
const MOST_INPUTS: usize = 25;
/// Programs that run text as code after one of these options.
const SHELLS: [(&str, &[&str]); 17] = [
    ("sh", &["-c"]),
    ("bash", &["-c"]),
    ("dash", &["-c"]),
    ("zsh", &["-c"]),
    ("ksh", &["-c"]),
    ("fish", &["-c"]),
    ("cmd", &["/c", "/k"]),
    ("powershell", &["-command", "-c"]),
    ("pwsh", &["-command", "-c"]),
    ("python", &["-c"]),
    ("python3", &["-c"]),
    ("perl", &["-e", "-E"]),
    ("ruby", &["-e"]),
    ("node", &["-e", "-p", "--eval"]),
    ("env", &["-S"]),
    ("su", &["-c"]),
    ("Rscript", &["-e"]),
];

pub(super) fn check_start(start: &Start, field: &str) -> Result<(), Mistake> {
    let name = |key: &str| format!("{field}.{key}");
    match start {
        Start::Workflow(start) => {
            fixed(&name("workflow.file"), &start.file, "file = \"train.yml\"")?;
            if start.inputs.len() >= MOST_INPUTS {
                let told = format!("there are {} inputs, and GitHub takes {MOST_INPUTS}, the key's one included", start.inputs.len());
                return Err(Mistake::new(name("workflow.inputs"), told));
            }
            if start.inputs.contains_key(key_input(start)) {
                let told = format!("`{}` is the input for the key", key_input(start));
                return Err(Mistake::new(name("workflow.inputs"), told).hint("name another one with `key_input`"));
            }
            Ok(())
        }
        Start::Dispatch(start) => {
            fixed(&name("dispatch.event_type"), &start.event_type, "event_type = \"retrain\"")?;
            if start.payload.len() >= 10 || start.payload.contains_key("proofmark") {
                let told = "GitHub takes 10 values at most, and `proofmark` is the one for the key";
                return Err(Mistake::new(name("dispatch.payload"), told));
            }
            Ok(())
        }
        Start::Jenkins(start) => {
            fixed(&name("jenkins.job"), &start.job, "job = \"ml/train\"")?;
            match start.accept.as_deref() {
                None | Some("SUCCESS" | "UNSTABLE") => Ok(()),
                Some(_) => Err(Mistake::new(name("jenkins.accept"), "it is neither \"SUCCESS\" nor \"UNSTABLE\"")),
            }
        }
        Start::Command(start) => check_command(start, &name("command")),
        Start::Repro(start) => start.folder.as_ref().map_or(Ok(()), |folder| check_folder(&name("repro.folder"), folder)),
        Start::Gate(_) => Ok(()),
        Start::Kubeflow(start) => check_kubeflow(start, &name("kubeflow")),
        Start::Kserve(start) => check_kserve(start, &name("kserve")),
        Start::Promote(start) => check_promote(start, &name("promote")),
        Start::Webhook(start) => check_webhook(start, &name("webhook")),
    }
}

fn check_kubeflow(start: &KubeflowStart, field: &str) -> Result<(), Mistake> {
    let name = |key: &str| format!("{field}.{key}");
    match (&start.pipeline, &start.file) {
        (None, None) => {
            let told = Mistake::new(name("pipeline"), "neither a pipeline nor a file is named");
            return Err(told.hint("write `pipeline = \"churn-training\"`, or `file = \"pipeline.yaml\"`"));
        }
        (Some(pipeline), _) => fixed(&name("pipeline"), pipeline, "pipeline = \"churn-training\"")?,
        (None, Some(_)) if start.version.is_some() => {
            return Err(Mistake::new(name("version"), "a version belongs to a pipeline of the server, and `pipeline` names none"));
        }
        (None, Some(_)) => {}
    }
    if let Some(file) = &start.file {
        check_folder(&name("file"), file)?;
    }
    // Nor may an event choose whom it is asked of, or as whom it runs.
    for (key, value) in [("host", &start.host), ("namespace", &start.namespace), ("service_account", &start.service_account)] {
        value.as_ref().map_or(Ok(()), |text| fixed(&name(key), text, &format!("{key} = \"…\"")))?;
    }
    Ok(())
}

fn check_kserve(start: &KserveStart, field: &str) -> Result<(), Mistake> {
    let name = |key: &str| format!("{field}.{key}");
    fixed(&name("service"), &start.service, "service = \"churn\"")?;
    fixed(&name("namespace"), &start.namespace, "namespace = \"models\"")?;
    if [start.storage_uri.is_some(), start.promote, start.rollback].iter().filter(|said| **said).count() != 1 {
        let told = Mistake::new(field, "one of `storage_uri`, `promote = true` and `rollback = true` says what is done");
        return Err(told.hint("`storage_uri` serves other files, `promote` gives them all requests, `rollback` goes back"));
    }
    match start.canary {
        Some(_) if start.storage_uri.is_none() => Err(Mistake::new(name("canary"), "it is for `storage_uri`")),
        Some(percent) if percent > 100 => Err(Mistake::new(name("canary"), "it is a percentage: 0 to 100")),
        _ => Ok(()),
    }
}

fn check_promote(start: &PromoteStart, field: &str) -> Result<(), Mistake> {
    let name = |key: &str| format!("{field}.{key}");
    if start.model.trim().is_empty() {
        return Err(Mistake::new(name("model"), "it is missing"));
    }
    let said = [
        Some(&start.alias).filter(|alias| !alias.trim().is_empty()),
        start.property.as_ref(),
        start.tag.as_ref(),
        start.attribute.as_ref(),
    ];
    if said.iter().flatten().count() != 1 {
        let told = Mistake::new(name("alias"), "one of `alias`, `property`, `tag` and `attribute` says what the model becomes");
        return Err(told.hint("`alias` is MLflow's, `property` of Kubeflow's Model Registry, `tag` and `attribute` of ModelDB"));
    }
    if start.from.is_some() && !start.rollback {
        return Err(Mistake::new(name("from"), "it is for `rollback = true`"));
    }
    Ok(())
}

/// What must stand there as it is: it says what is started, and no event may choose that.
fn fixed(field: &str, text: &str, example: &str) -> Result<(), Mistake> {
    if text.trim().is_empty() {
        return Err(Mistake::new(field, "it is missing").hint(format!("write `{example}`")));
    }
    if template::is_template(text) {
        return Err(Mistake::new(field, "what is started cannot come from an event").hint("write it out, and a trigger for each"));
    }
    if text.chars().any(char::is_control) {
        return Err(Mistake::new(field, "it holds a control character"));
    }
    Ok(())
}

fn check_command(start: &CommandStart, field: &str) -> Result<(), Mistake> {
    let argv = format!("{field}.argv");
    let Some(program) = start.argv.first() else {
        return Err(Mistake::new(argv, "it is missing").hint("write the program and its arguments: `argv = [\"dvc\", \"repro\"]`"));
    };
    fixed(&format!("{argv}[0]"), program, "argv = [\"dvc\", \"repro\"]")?;
    if let Some(folder) = &start.folder {
        check_folder(&format!("{field}.folder"), folder)?;
    }
    let bad_name = |name: &&String| name.is_empty() || name.contains(['=', '\0']) || name.chars().any(char::is_whitespace);
    if let Some(name) = start.env.keys().find(bad_name) {
        return Err(Mistake::new(format!("{field}.env"), format!("`{}` is no name of a variable", name.escape_debug())));
    }
    for (at, argument) in start.argv.iter().enumerate().skip(1) {
        if template::is_template(argument) && is_code(&start.argv[..at]) {
            return Err(Mistake::new(format!("{argv}[{at}]"), "a value in a script is code, whoever it comes from")
                .hint("give it as a variable: `env = { BRANCH = \"{{ event.branch }}\" }`, and write `\"$BRANCH\"` in the script"));
        }
    }
    Ok(())
}

/// Whether what comes after these words is run as a program's text.
fn is_code(before: &[String]) -> bool {
    let base = |word: &str| {
        let name = word.rsplit(['/', '\\']).next().unwrap_or(word);
        name.strip_suffix(".exe").unwrap_or(name).trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '.').to_owned()
    };
    let Some(last) = before.last() else { return false };
    before.iter().any(|word| {
        SHELLS.iter().any(|(shell, options)| {
            let is_shell = base(word) == shell.trim_end_matches('3');
            // `-ec` is `-e -c`.
            let joined = last.starts_with('-') && !last.starts_with("--") && last.len() <= 6;
            let ends = |option: &&str| last.eq_ignore_ascii_case(option) || (joined && option.len() == 2 && last.ends_with(&option[1..]));
            is_shell && options.iter().any(ends)
        })
    })
}

fn check_folder(field: &str, folder: &str) -> Result<(), Mistake> {
    if template::is_template(folder) {
        return Err(Mistake::new(field, "the folder cannot come from an event"));
    }
    proofmark_core::path::RepoPath::parse(folder).map(drop).map_err(|error| Mistake::new(field, error.to_string()))
}

fn check_webhook(start: &WebhookStart, field: &str) -> Result<(), Mistake> {
    fixed(&format!("{field}.url"), &start.url, "url = \"https://hooks.example.org/train\"")?;
    let is_local = ["http://127.0.0.1", "http://localhost", "http://[::1]"]
        .iter()
        .any(|local| start.url.strip_prefix(local).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/', '?'])));
    if !start.url.starts_with("https://") && !is_local {
        return Err(Mistake::new(format!("{field}.url"), "it is no https address").hint("http is for this machine only"));
    }
    fixed(&format!("{field}.secret_env"), &start.secret_env, "secret_env = \"TRAIN_HOOK_SECRET\"")
}

pub(super) fn key_input(start: &WorkflowStart) -> &str {
    start.key_input.as_deref().unwrap_or("proofmark")
}
