//! Questions of an expression about the changed files, `changed.exists(file, file.endsWith(".csv"))`, that are answered without
//! the language: it takes longer for one file than all rules together may for all of them.

use cel::IdedExpr;
use cel::common::ast::{CallExpr, Expr, LiteralValue, operators};

use crate::files::{Files, Shape};

/// Names of the answers, which no expression can write itself.
const NAME: &str = "@changed";

/// A question: whether there is a file.
#[derive(Debug)]
pub(super) struct Question {
    /// What stands for it in the expression.
    pub(super) name: String,
    is_for_all: bool,
    test: Test,
}

/// What is asked of one file.
#[derive(Debug)]
enum Test {
    Is(String),
    Begins(String),
    Ends(String),
    Holds(String),
    Not(Box<Self>),
    All(Vec<Self>),
    Any(Vec<Self>),
}

/// Takes the questions out of an expression, and leaves names for their answers.
pub(super) fn take(at: &mut IdedExpr, found: &mut Vec<Question>) {
    match &mut at.expr {
        Expr::Call(call) => call.target.iter_mut().map(AsMut::as_mut).chain(&mut call.args).for_each(|part| take(part, found)),
        Expr::Comprehension(_) => {
            let name = format!("{NAME}{}", found.len());
            if let Some((is_for_all, test)) = question(&at.expr) {
                at.expr = Expr::Ident(name.clone());
                found.push(Question { name, is_for_all, test });
            }
        }
        _ => {}
    }
}

fn question(expr: &Expr) -> Option<(bool, Test)> {
    let Expr::Comprehension(each) = expr else { return None };
    let is_changed = matches!(&each.iter_range.expr, Expr::Ident(name) if name == "changed");
    let Expr::Call(step) = &each.loop_step.expr else { return None };
    let [before, asked] = step.args.as_slice() else { return None };
    let is_kept = |part: &IdedExpr| matches!(&part.expr, Expr::Ident(name) if *name == each.accu_var);
    let begins_with = |flag: bool| matches!(&each.accu_init.expr, Expr::Literal(LiteralValue::Boolean(first)) if *first.inner() == flag);
    if !is_changed || each.iter_var2.is_some() || !is_kept(before) || !is_kept(&each.result) {
        return None;
    }
    let test = test(asked, &each.iter_var)?;
    match step.func_name.as_str() {
        operators::LOGICAL_OR if begins_with(false) => Some((false, test)),
        // All of them are what it asks for unless one is not.
        operators::LOGICAL_AND if begins_with(true) => Some((true, Test::Not(Box::new(test)))),
        _ => None,
    }
}

fn test(at: &IdedExpr, file: &str) -> Option<Test> {
    let Expr::Call(call) = &at.expr else { return None };
    let is_file = |part: &IdedExpr| matches!(&part.expr, Expr::Ident(name) if name == file);
    let several = |call: &CallExpr| call.args.iter().map(|part| test(part, file)).collect::<Option<Vec<_>>>();
    if let Some(target) = &call.target {
        let [argument] = call.args.as_slice() else { return None };
        let text = text(argument).filter(|_| is_file(target))?;
        return match call.func_name.as_str() {
            "startsWith" => Some(Test::Begins(text)),
            "endsWith" => Some(Test::Ends(text)),
            "contains" => Some(Test::Holds(text)),
            _ => None,
        };
    }
    match (call.func_name.as_str(), call.args.as_slice()) {
        (operators::LOGICAL_AND, _) => several(call).map(Test::All),
        (operators::LOGICAL_OR, _) => several(call).map(Test::Any),
        (operators::LOGICAL_NOT, [inner]) => Some(Test::Not(Box::new(test(inner, file)?))),
        (operators::EQUALS, [one, other]) if is_file(one) => text(other).map(Test::Is),
        (operators::EQUALS, [one, other]) if is_file(other) => text(one).map(Test::Is),
        (operators::NOT_EQUALS, [one, other]) if is_file(one) => text(other).map(|text| Test::Not(Box::new(Test::Is(text)))),
        (operators::IN, [one, IdedExpr { expr: Expr::List(list), .. }]) if is_file(one) && list.optional_indices.is_empty() => {
            list.elements.iter().map(|element| text(element).map(Test::Is)).collect::<Option<_>>().map(Test::Any)
        }
        _ => None,
    }
}

fn text(at: &IdedExpr) -> Option<String> {
    if let Expr::Literal(LiteralValue::String(text)) = &at.expr { Some(text.inner().to_owned()) } else { None }
}

impl Question {
    pub(super) fn answer(&self, files: &Files<'_>) -> bool {
        self.test.finds(files) != self.is_for_all
    }
}

impl Test {
    /// Whether there is a file that it holds of.
    fn finds(&self, files: &Files<'_>) -> bool {
        match self {
            Self::Any(tests) => tests.iter().any(|test| test.finds(files)),
            Self::Holds(text) => !text.contains('\0') && files.hold(text),
            Self::All(tests) if tests.iter().any(|test| matches!(test, Self::Holds(_)) && !test.finds(files)) => false,
            _ => files.of_shape(&self.shape()).any(|path| self.holds(path)),
        }
    }

    /// What is known of the files that it can hold of.
    fn shape(&self) -> Shape {
        match self {
            Self::Is(text) | Self::Begins(text) => Shape { begins: text.clone(), ..Shape::default() },
            Self::Ends(text) => Shape { ends: text.clone(), ..Shape::default() },
            Self::Holds(_) | Self::Not(_) | Self::Any(_) => Shape::default(),
            Self::All(tests) => tests.iter().map(Self::shape).fold(Shape::default(), |one, other| Shape {
                begins: longer(one.begins, other.begins),
                ends: longer(one.ends, other.ends),
                ..one
            }),
        }
    }

    fn holds(&self, path: &str) -> bool {
        match self {
            Self::Is(text) => path == text,
            Self::Begins(text) => path.starts_with(text.as_str()),
            Self::Ends(text) => path.ends_with(text.as_str()),
            Self::Holds(text) => path.contains(text.as_str()),
            Self::Not(test) => !test.holds(path),
            Self::All(tests) => tests.iter().all(|test| test.holds(path)),
            Self::Any(tests) => tests.iter().any(|test| test.holds(path)),
        }
    }
}

fn longer(one: String, other: String) -> String {
    if other.len() > one.len() { other } else { one }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::{Expression, Scope};
    use super::*;

    fn asked() -> impl Strategy<Value = String> {
        let text = "[ab/]{0,2}";
        let one = prop_oneof![
            text.prop_map(|text| format!("f.startsWith('{text}')")),
            text.prop_map(|text| format!("f.endsWith('{text}')")),
            text.prop_map(|text| format!("f.contains('{text}')")),
            "[ab/]{1,4}".prop_map(|text| format!("f == '{text}'")),
            "[ab/]{1,4}".prop_map(|text| format!("'{text}' != f")),
            "[ab/]{1,4}".prop_map(|text| format!("f in ['{text}', 'a']")),
            Just("size(f) > 2".to_owned()),
        ];
        one.prop_recursive(3, 8, 2, |inner| {
            prop_oneof![
                (inner.clone(), inner.clone()).prop_map(|(one, other)| format!("({one} && {other})")),
                (inner.clone(), inner.clone()).prop_map(|(one, other)| format!("({one} || {other})")),
                inner.prop_map(|one| format!("!({one})")),
            ]
        })
    }

    proptest! {
        #[test]
        fn answers_are_those_of_the_language(asked in asked(), all: bool, paths in proptest::collection::vec("[ab]{1,2}(/[ab]{1,2}){0,2}", 0..6)) {
            let source = format!("1 == 1 && changed.{}(f, {asked})", if all { "all" } else { "exists" });
            let scope = Scope::new(&json!({"event": {}, "changed": paths, "dvc": null}));
            let quick = Expression::compile("when", &source).expect("an expression");
            // A range that is no plain name is left to the language.
            let slow = Expression::compile("when", &source.replace("changed.", "[changed][0].")).expect("an expression");
            prop_assert!(slow.questions.is_empty());
            prop_assert_eq!(quick.questions.is_empty(), asked.contains("size") || asked.contains("' != f"), "{}", source);
            let files = Files::new(paths.iter().map(String::as_str));
            prop_assert_eq!(quick.holds(&scope, &files), slow.holds(&scope, &files), "{} of {:?}", source, paths);
        }
    }
}
