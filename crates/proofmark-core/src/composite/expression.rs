//! The language of composite rules: `improvement("f1") >= -0.01 and not candidate("size_mb") > 100`.
//!
//! A language of our own, since CEL, for which the crate `cel` (0.14) is well kept, has two truth values: a comparison with null
//! is an error there, and what an error means for `&&` depends on the other side. Here what is not known stays not known, and an
//! exact limit has to pass by the slack of all our comparisons, which would have meant to replace CEL's operators as well. It
//! also brings a parser generator's runtime, for which a page of precedence climbing (Pratt 1973) is enough.
//!
//! ```text
//! truth  = truth or truth | truth and truth | not truth | number < number (<= > >= == !=) | true | false | (truth)
//! number = number + number (- * /) | -number | min(number, ...) | max(number, ...) | abs(number) | field | 0.5 | (number)
//! field  = candidate("metric") | candidate("metric", "country=DE"); also baseline, improvement, relative, lower, upper
//! ```
//!
//! `||`, `&&` and `!` are `or`, `and` and `not`. Numbers and truths are told apart when the text is read.

use std::fmt;

use super::estimate::{Field, Name};
use crate::problem::Position;

mod error;
mod evaluate;
mod parser;
mod tokens;

pub use self::error::{ExpressionError, Mistake};
pub(super) use self::evaluate::{Quantity, Step, all};

/// The longest text that is read, in bytes.
pub const MAX_TEXT: usize = 4 << 10;
/// How deep parentheses, functions and signs may stand in each other.
pub const MAX_DEPTH: usize = 64;

/// A rule as an expression that is true or false, or neither when something in it is not known.
///
/// Its text form has the fewest parentheses and reads back as the same expression.
///
/// ```
/// use proofmark_core::composite::Expression;
///
/// let rule = Expression::parse("(improvement('f1') >= -0.01) && !(candidate('size') > 100)")?;
/// assert_eq!(rule.to_string(), r#"improvement("f1") >= -0.01 and not candidate("size") > 100"#);
/// # Ok::<(), proofmark_core::composite::ExpressionError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Expression(Truth);

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    /// With the place of the mistake and a hint; also for a number where a truth is needed, and the other way round.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        parser::parse(text).map(Self).map_err(|(mistake, at)| ExpressionError { mistake, at: Position::of(text.as_bytes(), at) })
    }

    /// Every field of a metric that stands in it, in the order of the text.
    pub(super) fn operands(&self) -> Vec<&Operand> {
        let mut operands = Vec::new();
        self.0.operands(&mut operands);
        operands
    }
}

/// One number about a metric: `upper("latency", "country=DE")`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Operand {
    pub(super) field: Field,
    pub(super) name: Name,
}

#[derive(Debug, Clone, PartialEq)]
enum Truth {
    Literal(bool),
    Comparison(Comparison, Number, Number),
    Not(Box<Self>),
    /// Two or more, none of which is another `All`.
    All(Vec<Self>),
    /// Two or more, none of which is another `Any`.
    Any(Vec<Self>),
}

#[derive(Debug, Clone, PartialEq)]
enum Number {
    Literal(f64),
    Operand(Operand),
    Negative(Box<Self>),
    /// From left to right, all of one precedence. A list, so that a long sum is not a deep tree.
    Chain(Box<Self>, Vec<(Operator, Self)>),
    Call(Function, Vec<Self>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Less,
    AtMost,
    Greater,
    AtLeast,
    Equal,
    Unequal,
}

impl Comparison {
    fn text(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
            Self::Equal => "==",
            Self::Unequal => "!=",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Plus,
    Minus,
    Times,
    Over,
}

impl Operator {
    fn text(self) -> &'static str {
        match self {
            Self::Plus => "+",
            Self::Minus => "-",
            Self::Times => "*",
            Self::Over => "/",
        }
    }

    fn is_sum(self) -> bool {
        matches!(self, Self::Plus | Self::Minus)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Function {
    Min,
    Max,
    Abs,
}

impl Function {
    const ALL: [Self; 3] = [Self::Min, Self::Max, Self::Abs];

    fn text(self) -> &'static str {
        match self {
            Self::Min => "min",
            Self::Max => "max",
            Self::Abs => "abs",
        }
    }
}

impl Truth {
    fn operands<'a>(&'a self, found: &mut Vec<&'a Operand>) {
        match self {
            Self::Literal(_) => {}
            Self::Comparison(_, left, right) => {
                left.operands(found);
                right.operands(found);
            }
            Self::Not(inner) => inner.operands(found),
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.operands(found)),
        }
    }
}

impl Number {
    fn operands<'a>(&'a self, found: &mut Vec<&'a Operand>) {
        match self {
            Self::Literal(_) => {}
            Self::Operand(operand) => found.push(operand),
            Self::Negative(inner) => inner.operands(found),
            Self::Chain(first, rest) => {
                first.operands(found);
                rest.iter().for_each(|(_, part)| part.operands(found));
            }
            Self::Call(_, parts) => parts.iter().for_each(|part| part.operands(found)),
        }
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}({}", self.field.name(), Quoted(&self.name.metric))?;
        if self.name.slice.is_all() { out.write_str(")") } else { write!(out, ", {})", Quoted(&self.name.slice.to_string())) }
    }
}

impl fmt::Display for Truth {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(yes) => write!(out, "{yes}"),
            Self::Comparison(comparison, left, right) => write!(out, "{left} {} {right}", comparison.text()),
            Self::Not(inner) => write!(out, "not {}", Inner(inner, matches!(**inner, Self::All(_) | Self::Any(_)))),
            Self::All(parts) => joined(out, " and ", parts, |part| matches!(part, Self::Any(_))),
            Self::Any(parts) => joined(out, " or ", parts, |_| false),
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Very large and very small ones would be hundreds of digits.
            Self::Literal(number) if *number != 0.0 && !(1e-5..1e16).contains(number) => write!(out, "{number:e}"),
            Self::Literal(number) => write!(out, "{number}"),
            Self::Operand(operand) => operand.fmt(out),
            Self::Negative(inner) => write!(out, "-{}", Inner(inner, matches!(**inner, Self::Chain(..)))),
            Self::Chain(first, rest) => {
                let sum = rest.iter().any(|(operator, _)| operator.is_sum());
                let is_sum = |part: &Self| matches!(part, Self::Chain(_, rest) if rest.iter().any(|(operator, _)| operator.is_sum()));
                write!(out, "{}", Inner(first, !sum && is_sum(first)))?;
                let is_chain = |part: &Self| matches!(part, Self::Chain(..)) && (!sum || is_sum(part));
                rest.iter().try_for_each(|(operator, part)| write!(out, " {} {}", operator.text(), Inner(part, is_chain(part))))
            }
            Self::Call(function, parts) => {
                write!(out, "{}(", function.text())?;
                joined(out, ", ", parts, |_| false)?;
                out.write_str(")")
            }
        }
    }
}

fn joined<T: fmt::Display>(out: &mut fmt::Formatter<'_>, by: &str, parts: &[T], wraps: impl Fn(&T) -> bool) -> fmt::Result {
    for (index, part) in parts.iter().enumerate() {
        write!(out, "{}{}", if index > 0 { by } else { "" }, Inner(part, wraps(part)))?;
    }
    Ok(())
}

/// A part, in parentheses or not.
struct Inner<'a, T>(&'a T, bool);

impl<T: fmt::Display> fmt::Display for Inner<'_, T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.1 { write!(out, "({})", self.0) } else { self.0.fmt(out) }
    }
}

/// A text as the language writes it.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "\"{}\"", self.0.replace('\\', "\\\\").replace('"', "\\\""))
    }
}

#[cfg(test)]
mod tests;
