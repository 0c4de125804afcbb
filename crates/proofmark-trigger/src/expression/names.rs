//! Names in an expression that nothing has: a typo would make an expression that never holds.

use cel::IdedExpr;
use cel::common::ast::{EntryExpr, Expr};
use proofmark_core::config::nearest;

use super::NAMES;
use crate::error::Mistake;

/// Functions that expressions have, beside operators and macros.
const FUNCTIONS: [&str; 14] =
    ["size", "contains", "startsWith", "endsWith", "string", "int", "uint", "double", "bool", "bytes", "min", "max", "type", "dyn"];

/// Whether every name and every function is one that there is.
pub(super) fn check(field: &str, root: &IdedExpr) -> Result<(), Mistake> {
    walk(field, root, &mut NAMES.to_vec())
}

fn walk<'e>(field: &str, at: &'e IdedExpr, known: &mut Vec<&'e str>) -> Result<(), Mistake> {
    match &at.expr {
        Expr::Unspecified | Expr::Literal(_) => Ok(()),
        // The library's own names begin with `@`.
        Expr::Ident(name) if name.starts_with('@') || known.contains(&name.as_str()) => Ok(()),
        Expr::Ident(name) => Err(unknown(field, "value", name, &known[..])),
        Expr::Call(call) => {
            // Operators are functions with odd names: `_&&_`.
            let is_word = call.func_name.starts_with(|letter: char| letter.is_ascii_alphabetic());
            if is_word && !FUNCTIONS.contains(&call.func_name.as_str()) {
                return Err(unknown(field, "function", &call.func_name, &FUNCTIONS));
            }
            call.target.iter().map(AsRef::as_ref).chain(&call.args).try_for_each(|part| walk(field, part, known))
        }
        Expr::Comprehension(macro_) => {
            walk(field, &macro_.iter_range, known)?;
            let outside = known.len();
            known.extend([macro_.iter_var.as_str(), macro_.accu_var.as_str()]);
            known.extend(macro_.iter_var2.as_deref());
            let parts = [&macro_.accu_init, &macro_.loop_cond, &macro_.loop_step, &macro_.result];
            let result = parts.into_iter().try_for_each(|part| walk(field, part, known));
            known.truncate(outside);
            result
        }
        Expr::List(list) => list.elements.iter().try_for_each(|part| walk(field, part, known)),
        Expr::Select(select) => walk(field, &select.operand, known),
        Expr::Map(map) => map.entries.iter().try_for_each(|entry| walk_entry(field, &entry.expr, known)),
        Expr::Struct(made) => made.entries.iter().try_for_each(|entry| walk_entry(field, &entry.expr, known)),
    }
}

fn walk_entry<'e>(field: &str, entry: &'e EntryExpr, known: &mut Vec<&'e str>) -> Result<(), Mistake> {
    match entry {
        EntryExpr::StructField(own) => walk(field, &own.value, known),
        EntryExpr::MapEntry(entry) => {
            walk(field, &entry.key, known)?;
            walk(field, &entry.value, known)
        }
    }
}

fn unknown(field: &str, what: &str, name: &str, known: &[&str]) -> Mistake {
    let mistake = Mistake::new(field, format!("`{}` is no {what} that expressions have", name.escape_debug()));
    match nearest(name, known.iter().copied()) {
        Some(near) => mistake.hint(format!("did you mean `{near}`?")),
        None => mistake.hint(format!("they have {}", known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))),
    }
}
