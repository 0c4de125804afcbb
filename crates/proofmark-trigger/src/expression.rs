//! Expressions of `when`: the Common Expression Language over the event, what changed, and the parameters.

mod files;
mod names;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use cel::objects::{Key, Map};
use cel::parser::PrattParser;
use cel::{Context, IdedExpr, ParseErrors, Value as Cel};
use serde_json::Value;

use self::files::Question;
use crate::error::Mistake;
use crate::files::Files;

/// Characters of an expression at most.
const LONGEST: usize = 2_000;
/// How deep brackets stand in brackets at most: reading them takes a stack.
const DEEPEST: u16 = 40;
/// Signs at most, each of which may nest what is beside it.
const MOST_SIGNS: usize = 100;
/// Names at the top.
const NAMES: [&str; 3] = ["event", "changed", "dvc"];

/// A compiled expression.
#[derive(Debug)]
pub(crate) struct Expression {
    source: String,
    root: IdedExpr,
    questions: Vec<Question>,
    /// Which of [`NAMES`] stand in it.
    names: BTreeSet<&'static str>,
}

/// What expressions see, made once for all of them.
pub(crate) struct Scope(Context<'static, 'static>);

impl Scope {
    /// `values` has a value for each name that expressions know.
    pub(crate) fn new(values: &Value) -> Self {
        let mut context = Context::default();
        for name in NAMES {
            context.add_variable_from_value(name, cel(values.get(name).unwrap_or(&Value::Null)));
        }
        Self(context)
    }
}

impl Expression {
    pub(crate) fn compile(field: &str, source: &str) -> Result<Self, Mistake> {
        if source.chars().count() > LONGEST {
            return Err(Mistake::new(field, format!("the expression is longer than {LONGEST} characters")));
        }
        if signs(source) > MOST_SIGNS {
            let told = format!("the expression has more than {MOST_SIGNS} operators and dots");
            return Err(Mistake::new(field, told).hint("make several triggers of it"));
        }
        let mut root = PrattParser::new().max_recursion_depth(DEEPEST).parse(source).map_err(|errors| unreadable(field, &errors))?;
        let names = names::check(field, &root)?;
        let mut questions = Vec::new();
        files::take(&mut root, &mut questions);
        Ok(Self { source: source.to_owned(), root, questions, names })
    }

    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    /// Whether it asks for one of the values at the top.
    pub(crate) fn asks(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// Whether it holds; in words why nobody can tell.
    pub(crate) fn holds(&self, scope: &Scope, files: &Files<'_>) -> Result<bool, String> {
        let mut inner = scope.0.new_inner_scope();
        for question in &self.questions {
            inner.add_variable_from_value(question.name.as_str(), question.answer(files));
        }
        match Cel::resolve(&self.root, &inner) {
            Ok(Cel::Bool(holds)) => Ok(holds),
            Ok(other) => Err(format!("it is {}, and not true or false", kind(&other))),
            Err(error) => Err(told(&error.to_string())),
        }
    }
}

/// Operators and dots, also those within texts: an upper bound for how deep one side of an expression grows.
fn signs(source: &str) -> usize {
    source.chars().filter(|letter| matches!(letter, '!' | '?' | '+' | '-' | '*' | '/' | '%' | '.' | '&' | '|')).count()
}

fn unreadable(field: &str, errors: &ParseErrors) -> Mistake {
    let first = errors.errors.first();
    let place = first.map(|error| format!(" at {}:{}", error.pos.0, error.pos.1 + 1)).unwrap_or_default();
    let what = first.map(|error| told(&error.msg)).unwrap_or_default();
    Mistake::new(field, format!("the expression cannot be read{place}: {what}"))
        .hint("expressions are written in CEL: `event.branch == \"main\"`")
}

/// The library's words, without the insides of values.
fn told(words: &str) -> String {
    if words.contains("null_type") {
        return "it asks something of a value that this event does not have: ask before, as in `event.model != null && …`".to_owned();
    }
    let line: String = words.lines().next().unwrap_or_default().chars().take(200).collect();
    line.escape_debug().to_string()
}

fn kind(value: &Cel) -> &'static str {
    match value {
        Cel::String(_) => "a text",
        Cel::Int(_) | Cel::UInt(_) | Cel::Float(_) => "a number",
        Cel::List(_) => "a list",
        Cel::Map(_) => "a table",
        Cel::Null => "null",
        _ => "something else",
    }
}

fn cel(value: &Value) -> Cel {
    match value {
        Value::Null => Cel::Null,
        Value::Bool(flag) => Cel::Bool(*flag),
        Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(whole), ..) => Cel::Int(whole),
            (_, Some(whole), _) => Cel::UInt(whole),
            (_, _, float) => Cel::Float(float.unwrap_or(f64::NAN)),
        },
        Value::String(text) => Cel::String(Arc::new(text.clone())),
        Value::Array(items) => Cel::List(Arc::new(items.iter().map(cel).collect())),
        Value::Object(fields) => {
            let fields: HashMap<Key, Cel> = fields.iter().map(|(name, value)| (Key::String(Arc::new(name.clone())), cel(value))).collect();
            Cel::Map(Map { map: Arc::new(fields) })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn holds(source: &str) -> Result<bool, String> {
        let values = json!({"event": {"kind": "push", "branch": "main", "tag": null, "depth": 2, "inputs": {"lr": 0.1}}, "changed": ["a.csv", "b/c.py"], "dvc": null});
        let files = Files::new(["a.csv", "b/c.py"].into_iter());
        Expression::compile("when", source).map_err(|mistake| mistake.message)?.holds(&Scope::new(&values), &files)
    }

    #[test]
    fn expressions_hold_or_not() {
        for (source, expected) in [
            ("event.kind == 'push' && event.branch != 'x'", true),
            ("changed.exists(file, file.endsWith('.csv')) && size(changed) == 2", true),
            ("event.depth >= 3", false),
            ("event.tag == null", true),
            ("event.inputs.lr < 0.2", true),
            ("has(event.inputs.lr) && !has(event.inputs.x)", true),
            ("event.branch in ['main', 'next']", true),
        ] {
            assert_eq!(holds(source), Ok(expected), "{source}");
        }
    }

    /// On a stack as the main thread has it: without optimisation, a level of an expression takes 40 KiB of it.
    #[test]
    fn what_cannot_be_told_says_why() {
        let main = std::thread::Builder::new().stack_size(8 << 20).spawn(undecided).expect("a thread");
        main.join().expect("no panic");
    }

    fn undecided() {
        for (source, part) in [
            ("event.nothing == 1", "nothing"),
            ("event.branch", "a text"),
            ("evnt.branch == 'x'", "`evnt` is no value"),
            ("event.kind == ", "cannot be read"),
            ("nofunction(event)", "nofunction"),
            (&"(".repeat(5_000), "longer"),
            (&format!("{}1{}", "(".repeat(900), ")".repeat(900)), ""),
            (&"!".repeat(1_999), "more than"),
            // The largest that are read.
            (&format!("1{}", " - -1".repeat(MOST_SIGNS / 2)), "a number"),
            (&format!("1{}", "+1".repeat(MOST_SIGNS)), "a number"),
            (&format!("{}true", "!".repeat(MOST_SIGNS)), ""),
            (&format!("{}1", "-".repeat(MOST_SIGNS)), ""),
            (&format!("1{}", "&&1".repeat(MOST_SIGNS / 2)), ""),
            (&format!("event{}", ".a".repeat(MOST_SIGNS)), ""),
            (&format!("{}1{}", "true?".repeat(MOST_SIGNS), ":1".repeat(MOST_SIGNS)), ""),
            (&format!("{}1{}", "[".repeat(DEEPEST.into()), "]".repeat(DEEPEST.into())), ""),
        ] {
            let told = holds(source).err().unwrap_or_default();
            assert!(told.contains(part), "{source}: {told}");
        }
    }
}
