//! Templates of values: minijinja, where a name that is not there is an error, and a lone `{{ expression }}` keeps its type.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use minijinja::value::{Serde, Value as Jinja, ValueKind};
use minijinja::{Environment, ErrorKind, UndefinedBehavior};
use proofmark_core::config::nearest;
use serde_json::Value;

use crate::error::Mistake;

/// Steps that one template may take.
const FUEL: u64 = 100_000;
/// Characters of a result at most: the longest value that GitHub takes.
const LONGEST: usize = 65_535;
/// Names that templates can use at the top.
pub(crate) const NAMES: [&str; 6] = ["event", "parameters", "changed", "rule", "key", "steps"];
/// Functions that templates can use.
const FUNCTIONS: [&str; 3] = ["range", "dict", "namespace"];

/// What templates see. Copies share the values, since a list of changed files is long and each order has one.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Context(BTreeMap<&'static str, Jinja>);

impl Context {
    pub(crate) fn set(&mut self, name: &'static str, value: &Value) {
        self.0.insert(name, Jinja::from(Serde(value)));
    }

    fn whole(&self) -> Jinja {
        Jinja::from(&self.0)
    }
}

/// Whether a text is more than itself.
pub(crate) fn is_template(text: &str) -> bool {
    ["{{", "{%", "{#"].iter().any(|start| text.contains(start))
}

/// Whether a text is a template that may ask for a value of this name.
pub(crate) fn uses(text: &str, name: &str) -> bool {
    is_template(text) && text.contains(name)
}

/// The names in `steps.NAME` of a template that can be read.
pub(crate) fn steps_in(text: &str) -> BTreeSet<String> {
    // What is no template is a text such as `steps.csv`.
    let template = if is_template(text) { ENVIRONMENT.template_from_str(text).ok() } else { None };
    let names = template.map(|template| template.undeclared_variables(true)).unwrap_or_default();
    names.iter().filter_map(|name| name.strip_prefix("steps.")).filter_map(|rest| rest.split('.').next()).map(str::to_owned).collect()
}

/// Whether a text can be read as a template at all.
pub(crate) fn check(field: &str, text: &str) -> Result<(), Mistake> {
    if !is_template(text) {
        return Ok(());
    }
    let template = ENVIRONMENT.template_from_str(text).map_err(|error| broken(field, &error))?;
    let unknown = template
        .undeclared_variables(false)
        .into_iter()
        .filter(|name| !NAMES.contains(&name.as_str()) && !FUNCTIONS.contains(&name.as_str()))
        .min();
    if let Some(name) = unknown {
        return Err(no_such(field, &name));
    }
    // Which filters there are is only asked when one is used.
    match PROBE.render_str(text, ()) {
        Err(error) if matches!(error.kind(), ErrorKind::UnknownFilter | ErrorKind::UnknownTest) => Err(broken(field, &error)),
        _ => Ok(()),
    }
}

/// The value of a text. A template that is one expression keeps the type of its value.
pub(crate) fn value(field: &str, text: &str, context: &Context) -> Result<Value, Mistake> {
    if !is_template(text) {
        return Ok(Value::String(text.to_owned()));
    }
    let result = match lone_expression(text) {
        Some(inside) => {
            let expression = ENVIRONMENT.compile_expression(inside).map_err(|error| broken(field, &error))?;
            let result = expression.eval(context.whole()).map_err(|error| failed(field, text, &error, context))?;
            match result.kind() {
                ValueKind::Undefined => return Err(check(field, text).err().unwrap_or_else(|| missing(field, text, context))),
                ValueKind::String => Value::String(result.to_string()),
                ValueKind::Invalid => return Err(Mistake::new(field, format!("`{}` has no value", shown(text)))),
                _ => serde_json::to_value(&result).map_err(|_| Mistake::new(field, format!("`{}` is no plain value", shown(text))))?,
            }
        }
        None => {
            let rendered = ENVIRONMENT.render_str(text, context.whole()).map_err(|error| failed(field, text, &error, context))?;
            Value::String(rendered)
        }
    };
    match &result {
        Value::String(text) if text.chars().count() > LONGEST => {
            Err(Mistake::new(field, format!("the value is longer than {LONGEST} characters")))
        }
        _ => Ok(result),
    }
}

/// The value of a text, as a text.
pub(crate) fn text(field: &str, template: &str, context: &Context) -> Result<String, Mistake> {
    plain(field, &value(field, template, context)?)
}

/// A value as the text that systems take which know only texts.
pub(crate) fn plain(field: &str, value: &Value) -> Result<String, Mistake> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(_) | Value::Number(_) => Ok(value.to_string()),
        Value::Null => Err(Mistake::new(field, "the value is null").hint("give one with `| default(\"…\", true)`")),
        Value::Array(_) | Value::Object(_) => Err(Mistake::new(field, "the value is a list or a table, and a text is needed")
            .hint("`| tojson` or `| join(\",\")` makes one of it")),
    }
}

/// Made once: it has a hundred filters and tests.
static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| environment(UndefinedBehavior::Strict, FUEL));

/// Where nothing has a value and nothing minds.
static PROBE: LazyLock<Environment<'static>> = LazyLock::new(|| environment(UndefinedBehavior::Chainable, 1_000));

fn environment(undefined: UndefinedBehavior, fuel: u64) -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(undefined);
    environment.set_fuel(Some(fuel));
    environment.set_recursion_limit(50);
    environment
}

/// The inside of `{{ expression }}`, where that is all there is.
fn lone_expression(text: &str) -> Option<&str> {
    let inside = text.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    let is_alone = !inside.contains("{{") && !inside.contains("}}") && !inside.contains("{%") && !inside.contains("{#");
    // `{{-` and `-}}` only trim.
    is_alone.then(|| inside.trim_start_matches('-').trim_end_matches('-').trim())
}

fn broken(field: &str, error: &minijinja::Error) -> Mistake {
    let detail = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    Mistake::new(field, format!("the template cannot be read: {detail}"))
}

fn failed(field: &str, text: &str, error: &minijinja::Error, context: &Context) -> Mistake {
    // What is wrong with the template as such says more.
    if let Err(mistake) = check(field, text) {
        return mistake;
    }
    match error.kind() {
        ErrorKind::UndefinedError => missing(field, text, context),
        ErrorKind::OutOfFuel => Mistake::new(field, "the template takes too long"),
        kind => {
            let detail = error.detail().map_or_else(|| kind.to_string(), |detail| format!("{kind}: {detail}"));
            Mistake::new(field, format!("`{}` has no value: {detail}", shown(text)))
        }
    }
}

/// Names which value is not there, and what is in its place.
fn missing(field: &str, text: &str, context: &Context) -> Mistake {
    let Ok(template) = ENVIRONMENT.template_from_str(text) else { return Mistake::missing(field, "a value is missing") };
    let mut names: Vec<String> = template.undeclared_variables(true).into_iter().collect();
    names.sort();
    for name in names {
        let mut at = context.whole();
        let mut path = String::new();
        for part in name.split('.') {
            let next = at.get_attr(part).unwrap_or(Jinja::UNDEFINED);
            if next.is_undefined() {
                let known: Vec<String> = at.try_iter().map(|keys| keys.map(|key| key.to_string()).collect()).unwrap_or_default();
                let whole = if path.is_empty() { part.to_owned() } else { format!("{path}.{part}") };
                let hint = match nearest(part, known.iter().map(String::as_str)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "name another value, or say what to take instead: `| default(\"…\")`".to_owned(),
                };
                return Mistake::missing(field, format!("`{whole}` is not there for this event")).hint(hint);
            }
            path = if path.is_empty() { part.to_owned() } else { format!("{path}.{part}") };
            at = next;
        }
    }
    Mistake::missing(field, format!("a value of `{}` is not there for this event", shown(text)))
        .hint("say what to take instead: `| default(\"…\")`")
}

fn no_such(field: &str, name: &str) -> Mistake {
    let mistake = Mistake::new(field, format!("`{}` is no value that templates have", name.escape_debug()));
    match nearest(name, NAMES) {
        Some(near) => mistake.hint(format!("did you mean `{near}`?")),
        None => mistake.hint(format!("they have {}", NAMES.map(|name| format!("`{name}`")).join(", "))),
    }
}

fn shown(text: &str) -> String {
    text.chars().take(80).collect::<String>().escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn context() -> Context {
        let mut context = Context::default();
        context.set("event", &json!({"branch": "main; rm -rf /", "head": {"commit": "abc"}, "inputs": {"lr": 0.1, "on": true}}));
        context.set("parameters", &json!({"n": 3}));
        context
    }

    #[test]
    fn a_lone_expression_keeps_its_type() {
        for (text, expected) in [
            ("plain", json!("plain")),
            ("{{ parameters.n }}", json!(3)),
            ("{{ event.inputs.lr }}", json!(0.1)),
            ("{{- event.inputs.on -}}", json!(true)),
            ("n={{ parameters.n }}", json!("n=3")),
            ("{{ event.branch }}", json!("main; rm -rf /")),
            ("{{ event.tag | default(\"none\") }}", json!("none")),
            ("{{ [1, parameters.n] }}", json!([1, 3])),
            ("{{ event.head.commit }}{{ parameters.n }}", json!("abc3")),
        ] {
            assert_eq!(value("f", text, &context()), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_missing_is_named_with_a_cure() {
        for (text, message, hint) in [
            ("{{ event.haed.commit }}", "`event.haed` is not there", "`head`"),
            ("x{{ event.head.comit }}", "`event.head.comit` is not there", "`commit`"),
            ("{{ parameters.zzz }}", "`parameters.zzz` is not there", "default"),
            ("{{ evnt.branch }}", "`evnt` is no value", "`event`"),
            ("{{ event.branch", "cannot be read", ""),
            ("{{ event.branch | nofilter }}", "nofilter is unknown", ""),
        ] {
            let mistake = value("inputs.x", text, &context()).expect_err(text);
            let told = format!("{} {}", mistake.message, mistake.hint.unwrap_or_default());
            assert!(told.contains(message) && told.contains(hint) && mistake.field == "inputs.x", "{text}: {told}");
        }
    }

    #[test]
    fn a_template_has_an_end() {
        let mistake = value("f", "{% for a in range(999) %}{% for b in range(999) %}{% endfor %}{% endfor %}", &context());
        let message = mistake.expect_err("endless").message;
        assert!(message.contains("too long"), "{message}");
    }
}
