//! Names in an expression that nothing has: a typo would make an expression that never holds.

use std::collections::BTreeSet;

use cel::IdedExpr;
use cel::common::ast::{EntryExpr, Expr};
use proofmark_core::config::nearest;

use super::NAMES;
use crate::error::Mistake;

/// Functions that expressions have, beside operators and macros.
const FUNCTIONS: [&str; 14] =
    ["size", "contains", "startsWith", "endsWith", "string", "int", "uint", "double", "bool", "bytes", "min", "max", "type", "dyn"];

/// Whether every name and every function is one that there is; which of [`NAMES`] are used.
pub(super) fn check(field: &str, root: &IdedExpr) -> Result<BTreeSet<&'static str>, Mistake> {
    let mut walker = Walker { field, known: NAMES.to_vec(), used: BTreeSet::new() };
    walker.walk(root)?;
    Ok(walker.used)
}

struct Walker<'e> {
    field: &'e str,
    /// Names at this place.
    known: Vec<&'e str>,
    used: BTreeSet<&'static str>,
}

impl<'e> Walker<'e> {
    fn walk(&mut self, at: &'e IdedExpr) -> Result<(), Mistake> {
        match &at.expr {
            Expr::Unspecified | Expr::Literal(_) => Ok(()),
            // The library's own names begin with `@`.
            Expr::Ident(name) if name.starts_with('@') || self.known.contains(&name.as_str()) => {
                // One that a macro has of its own is not told apart: to ask for too much does no harm.
                self.used.extend(NAMES.iter().find(|known| *known == name));
                Ok(())
            }
            Expr::Ident(name) => Err(unknown(self.field, "value", name, &self.known)),
            Expr::Call(call) => {
                // Operators are functions with odd names: `_&&_`.
                let is_word = call.func_name.starts_with(|letter: char| letter.is_ascii_alphabetic());
                if is_word && !FUNCTIONS.contains(&call.func_name.as_str()) {
                    return Err(unknown(self.field, "function", &call.func_name, &FUNCTIONS));
                }
                call.target.iter().map(AsRef::as_ref).chain(&call.args).try_for_each(|part| self.walk(part))
            }
            Expr::Comprehension(macro_) => {
                self.walk(&macro_.iter_range)?;
                let outside = self.known.len();
                self.known.extend([macro_.iter_var.as_str(), macro_.accu_var.as_str()]);
                self.known.extend(macro_.iter_var2.as_deref());
                let parts = [&macro_.accu_init, &macro_.loop_cond, &macro_.loop_step, &macro_.result];
                let result = parts.into_iter().try_for_each(|part| self.walk(part));
                self.known.truncate(outside);
                result
            }
            Expr::List(list) => list.elements.iter().try_for_each(|part| self.walk(part)),
            Expr::Select(select) => self.walk(&select.operand),
            Expr::Map(map) => map.entries.iter().try_for_each(|entry| self.walk_entry(&entry.expr)),
            Expr::Struct(made) => made.entries.iter().try_for_each(|entry| self.walk_entry(&entry.expr)),
        }
    }

    fn walk_entry(&mut self, entry: &'e EntryExpr) -> Result<(), Mistake> {
        match entry {
            EntryExpr::StructField(own) => self.walk(&own.value),
            EntryExpr::MapEntry(entry) => {
                self.walk(&entry.key)?;
                self.walk(&entry.value)
            }
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
