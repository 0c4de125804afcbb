//! From `start` to a call: what is checked when rules are read, and what when values are filled in.

mod check;

use std::collections::BTreeMap;

use proofmark_core::config::{
    CommandStart, DispatchStart, Effect, GateStart, JenkinsStart, KserveStart, KubeflowStart, PromoteStart, ReproStart, Start, Step,
    Values, WorkflowStart,
};
use serde_json::{Map, Value};

use crate::error::Mistake;
use crate::order::{Call, Promotion, Rollout};
use crate::template::{self, Context};

use self::check::{check_start, key_input};

/// What can be known without an event.
pub(crate) fn check(steps: &[Step]) -> Result<(), Mistake> {
    for (at, step) in steps.iter().enumerate() {
        let field = if steps.len() > 1 { format!("step[{at}].start") } else { "start".to_owned() };
        check_start(&step.start, &field)?;
        let named = |text: &str| -> Result<(), Mistake> {
            let unknown = template::steps_in(text).into_iter().find(|name| !steps[..at].iter().any(|before| before.name == *name));
            match unknown {
                Some(name) => Err(Mistake::new(&field, format!("`steps.{name}` is no step before this one"))),
                None => Ok(()),
            }
        };
        texts(&step.start).try_for_each(|text| {
            template::check(&field, &text)?;
            named(&text)
        })?;
    }
    Ok(())
}

/// All texts of a start that are templates.
pub(crate) fn texts(start: &Start) -> impl Iterator<Item = String> {
    // What is serialised of it would do as well, but not everything in it is a template.
    let of_values = |values: &Values| values.values().flat_map(texts_of).collect::<Vec<_>>();
    let some = |texts: &[&Option<String>]| texts.iter().filter_map(|text| (*text).clone()).collect::<Vec<_>>();
    let found = match start {
        Start::Workflow(start) => [some(&[&start.reference, &start.repository]), of_values(&start.inputs)].concat(),
        Start::Dispatch(start) => [some(&[&start.repository]), of_values(&start.payload)].concat(),
        Start::Jenkins(start) => [some(&[&start.branch]), of_values(&start.parameters)].concat(),
        Start::Kubeflow(start) => {
            let names = [&start.version, &start.experiment, &start.name];
            [some(&names), of_values(&start.parameters)].concat()
        }
        Start::Kserve(start) => some(&[&start.storage_uri]),
        Start::Command(start) => [start.argv.clone(), start.env.values().cloned().collect(), some(&[&start.folder])].concat(),
        Start::Repro(start) => [start.stages.clone(), some(&[&start.folder])].concat(),
        Start::Gate(start) => some(&[&start.base, &start.head]),
        Start::Promote(start) => {
            let said = [&start.property, &start.tag, &start.attribute, &start.from];
            [vec![start.model.clone(), start.alias.clone()], some(&said)].concat()
        }
        Start::Webhook(start) => of_values(&start.body),
    };
    found.into_iter()
}

fn texts_of(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(texts_of).collect(),
        Value::Object(fields) => fields.values().flat_map(texts_of).collect(),
        _ => Vec::new(),
    }
}

/// The call of a start, with every value filled in.
pub(crate) fn call(start: &Start, field: &str, context: &Context) -> Result<Call, Mistake> {
    let filler = Filler { context, field };
    match start {
        Start::Workflow(start) => filler.workflow(start),
        Start::Dispatch(start) => filler.dispatch(start),
        Start::Jenkins(start) => filler.jenkins(start),
        Start::Kubeflow(start) => filler.kubeflow(start),
        Start::Kserve(start) => filler.kserve(start),
        Start::Command(start) => filler.command(start),
        Start::Repro(start) => filler.repro(start),
        Start::Gate(start) => filler.gate(start),
        Start::Promote(start) => filler.promote(start),
        Start::Webhook(start) => Ok(Call::Webhook {
            url: start.url.clone(),
            body: filler.values("webhook.body", &start.body)?,
            secret_env: start.secret_env.clone(),
        }),
    }
}

struct Filler<'a> {
    context: &'a Context,
    field: &'a str,
}

impl Filler<'_> {
    fn name(&self, key: &str) -> String {
        format!("{}.{key}", self.field)
    }

    fn text(&self, key: &str, template: &str) -> Result<String, Mistake> {
        template::text(&self.name(key), template, self.context)
    }

    /// A text that is one word: no spaces, nothing invisible, and nothing that a program takes for an option.
    fn word(&self, key: &str, template: &str) -> Result<String, Mistake> {
        let text = self.text(key, template)?;
        if text.is_empty() || text.chars().any(|letter| letter.is_whitespace() || letter.is_control()) || text.starts_with('-') {
            let shown: String = text.chars().take(80).collect();
            return Err(Mistake::new(self.name(key), format!("`{}` is no name", shown.escape_debug())));
        }
        Ok(text)
    }

    fn some_word(&self, key: &str, template: Option<&String>) -> Result<Option<String>, Mistake> {
        template.map(|template| self.word(key, template)).transpose()
    }

    fn value(&self, field: &str, value: &Value) -> Result<Value, Mistake> {
        match value {
            Value::String(text) => template::value(field, text, self.context),
            Value::Array(items) => items.iter().map(|item| self.value(field, item)).collect(),
            Value::Object(fields) => {
                let filled = fields.iter().map(|(name, value)| Ok((name.clone(), self.value(&format!("{field}.{name}"), value)?)));
                filled.collect::<Result<Map<_, _>, Mistake>>().map(Value::Object)
            }
            plain => Ok(plain.clone()),
        }
    }

    fn values(&self, key: &str, values: &Values) -> Result<BTreeMap<String, Value>, Mistake> {
        values.iter().map(|(name, value)| Ok((name.clone(), self.value(&self.name(&format!("{key}.{name}")), value)?))).collect()
    }

    fn texts(&self, key: &str, values: &Values) -> Result<BTreeMap<String, String>, Mistake> {
        let filled = self.values(key, values)?;
        filled.into_iter().map(|(name, value)| Ok((name.clone(), template::plain(&self.name(&format!("{key}.{name}")), &value)?))).collect()
    }

    fn workflow(&self, start: &WorkflowStart) -> Result<Call, Mistake> {
        Ok(Call::Workflow {
            repository: self.some_word("workflow.repository", start.repository.as_ref())?,
            file: start.file.clone(),
            reference: self.some_word("workflow.ref", start.reference.as_ref())?,
            inputs: self.texts("workflow.inputs", &start.inputs)?,
            key_input: key_input(start).to_owned(),
        })
    }

    fn dispatch(&self, start: &DispatchStart) -> Result<Call, Mistake> {
        Ok(Call::Dispatch {
            repository: self.some_word("dispatch.repository", start.repository.as_ref())?,
            event_type: start.event_type.clone(),
            payload: self.values("dispatch.payload", &start.payload)?,
        })
    }

    fn jenkins(&self, start: &JenkinsStart) -> Result<Call, Mistake> {
        Ok(Call::Jenkins {
            server: start.server.clone(),
            job: start.job.clone(),
            branch: self.some_word("jenkins.branch", start.branch.as_ref())?,
            parameters: self.texts("jenkins.parameters", &start.parameters)?,
            key_parameter: start.key_parameter.clone().unwrap_or_else(|| "PROOFMARK_KEY".to_owned()),
            accept_unstable: start.accept.as_deref() == Some("UNSTABLE"),
        })
    }

    fn kubeflow(&self, start: &KubeflowStart) -> Result<Call, Mistake> {
        let text = |key: &str, template: &Option<String>| template.as_ref().map(|text| self.text(key, text)).transpose();
        Ok(Call::Kubeflow {
            host: start.host.clone(),
            namespace: start.namespace.clone(),
            pipeline: start.pipeline.clone(),
            version: self.some_word("kubeflow.version", start.version.as_ref())?,
            file: start.file.clone(),
            experiment: text("kubeflow.experiment", &start.experiment)?,
            parameters: self.values("kubeflow.parameters", &start.parameters)?,
            name: text("kubeflow.name", &start.name)?,
            service_account: start.service_account.clone(),
            cache: start.cache,
        })
    }

    fn kserve(&self, start: &KserveStart) -> Result<Call, Mistake> {
        let rollout = match &start.storage_uri {
            Some(uri) => Rollout::Deploy { storage_uri: self.word("kserve.storage_uri", uri)?, canary: start.canary },
            None if start.rollback => Rollout::Rollback,
            None => Rollout::Promote,
        };
        Ok(Call::Kserve { service: start.service.clone(), namespace: start.namespace.clone(), rollout })
    }

    fn promotion(&self, start: &PromoteStart) -> Result<Promotion, Mistake> {
        Ok(match (&start.property, &start.tag, &start.attribute) {
            (Some(property), _, _) => Promotion::Property(self.word("promote.property", property)?),
            (_, Some(tag), _) => Promotion::Tag(self.word("promote.tag", tag)?),
            (_, _, Some(attribute)) => Promotion::Attribute(self.word("promote.attribute", attribute)?),
            _ => Promotion::Alias(self.word("promote.alias", &start.alias)?),
        })
    }

    fn command(&self, start: &CommandStart) -> Result<Call, Mistake> {
        let mut argv: Vec<String> = Vec::with_capacity(start.argv.len());
        for (at, template) in start.argv.iter().enumerate() {
            let key = format!("command.argv[{at}]");
            let text = self.text(&key, template)?;
            self.check_argument(&key, template, &text, &argv)?;
            argv.push(text);
        }
        let variable = |(name, template): (&String, &String)| {
            let key = format!("command.env.{name}");
            let text = self.text(&key, template)?;
            if text.contains('\0') { Err(Mistake::new(self.name(&key), "it holds a zero byte")) } else { Ok((name.clone(), text)) }
        };
        let env = start.env.iter().map(variable).collect::<Result<_, _>>()?;
        Ok(Call::Command { argv, env, folder: start.folder.clone().unwrap_or_default() })
    }

    /// A value that comes from elsewhere must not become an option of the program.
    fn check_argument(&self, key: &str, template: &str, text: &str, before: &[String]) -> Result<(), Mistake> {
        if text.contains('\0') {
            return Err(Mistake::new(self.name(key), "it holds a zero byte"));
        }
        let is_option = text.starts_with('-') && !template.starts_with('-') && template::is_template(template);
        let is_after_end = before.iter().any(|word| word == "--");
        // A number may well be below zero.
        let is_number = text.parse::<f64>().is_ok() && !text.contains(|letter: char| letter.is_ascii_alphabetic() && letter != 'e');
        if is_option && !is_after_end && !is_number {
            let shown: String = text.chars().take(80).collect();
            return Err(Mistake::new(self.name(key), format!("the program would take the value `{}` for an option", shown.escape_debug()))
                .hint("put \"--\" before it, or join it to its option: \"--branch={{ … }}\""));
        }
        Ok(())
    }

    fn repro(&self, start: &ReproStart) -> Result<Call, Mistake> {
        let mut argv = vec!["dvc".to_owned(), "repro".to_owned()];
        argv.extend(start.force.then(|| "--force".to_owned()));
        argv.extend(start.pull.then(|| "--pull".to_owned()));
        for stage in &start.stages {
            argv.push(self.word("repro.stages", stage)?);
        }
        Ok(Call::Command { argv, env: BTreeMap::new(), folder: start.folder.clone().unwrap_or_default() })
    }

    fn gate(&self, start: &GateStart) -> Result<Call, Mistake> {
        Ok(Call::Gate {
            base: self.some_word("gate.base", start.base.as_ref())?,
            head: self.some_word("gate.head", start.head.as_ref())?,
            fail_on: start.fail_on.unwrap_or(Effect::Block),
        })
    }

    fn promote(&self, start: &PromoteStart) -> Result<Call, Mistake> {
        Ok(Call::Promote {
            model: self.text("promote.model", &start.model)?,
            becomes: self.promotion(start)?,
            rollback: start.rollback,
            from: self.some_word("promote.from", start.from.as_ref())?,
        })
    }
}
