//! What an expression comes to. What is not known is `None` and spreads, but not through a truth that holds either way.

use super::{Comparison, Expression, Function, Number, Operand, Operator, Truth};
use crate::composite::exceeds;

/// Gives the numbers behind names: the value, and the largest number that it was computed from (in its unit).
pub(in crate::composite) type Lookup<'a> = dyn Fn(&Operand) -> Option<Quantity> + 'a;

/// A number, and the largest one that went into it, which is the scale of its rounding error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::composite) struct Quantity {
    pub(in crate::composite) value: f64,
    pub(in crate::composite) scale: f64,
}

impl Quantity {
    /// `None` for a value that is not finite.
    pub(in crate::composite) fn new(value: f64, scale: f64) -> Option<Self> {
        let scale = if scale.is_finite() { scale.max(value.abs()) } else { value.abs() };
        value.is_finite().then_some(Self { value, scale })
    }
}

/// One comparison of an expression, as it came out.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::composite) struct Step {
    /// As the language writes it.
    pub(in crate::composite) text: String,
    /// The two numbers, where both are known.
    pub(in crate::composite) sides: Option<(f64, f64)>,
    pub(in crate::composite) holds: Option<bool>,
}

impl Expression {
    /// True, false, or not known.
    pub(in crate::composite) fn evaluate(&self, lookup: &Lookup<'_>) -> Option<bool> {
        self.0.evaluate(lookup)
    }

    /// Every comparison, in the order of the text.
    pub(in crate::composite) fn steps(&self, lookup: &Lookup<'_>) -> Vec<Step> {
        let mut steps = Vec::new();
        self.0.steps(lookup, &mut steps);
        steps
    }
}

impl Truth {
    fn steps(&self, lookup: &Lookup<'_>, steps: &mut Vec<Step>) {
        match self {
            Self::Literal(_) => {}
            Self::Not(inner) => inner.steps(lookup, steps),
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.steps(lookup, steps)),
            Self::Comparison(_, left, right) => {
                let sides = left.evaluate(lookup).zip(right.evaluate(lookup)).map(|(left, right)| (left.value, right.value));
                steps.push(Step { text: self.to_string(), sides, holds: self.evaluate(lookup) });
            }
        }
    }

    fn evaluate(&self, lookup: &Lookup<'_>) -> Option<bool> {
        match self {
            Self::Literal(yes) => Some(*yes),
            Self::Not(inner) => inner.evaluate(lookup).map(|yes| !yes),
            Self::All(parts) => all(parts.iter().map(|part| part.evaluate(lookup))),
            Self::Any(parts) => all(parts.iter().map(|part| part.evaluate(lookup).map(|yes| !yes))).map(|none| !none),
            Self::Comparison(comparison, left, right) => Some(compared(*comparison, left.evaluate(lookup)?, right.evaluate(lookup)?)),
        }
    }
}

/// Kleene's `and`: one false decides, whatever is not known.
pub(in crate::composite) fn all(parts: impl IntoIterator<Item = Option<bool>>) -> Option<bool> {
    let mut result = Some(true);
    for part in parts {
        match part {
            Some(true) => {}
            Some(false) => return Some(false),
            None => result = None,
        }
    }
    result
}

/// With the slack of all our comparisons, so that exactly the limit is neither above nor below it.
fn compared(comparison: Comparison, left: Quantity, right: Quantity) -> bool {
    let numbers = [left.scale, right.scale];
    let above = exceeds(left.value, right.value, &numbers);
    let below = exceeds(right.value, left.value, &numbers);
    match comparison {
        Comparison::Less => below,
        Comparison::AtMost => !above,
        Comparison::Greater => above,
        Comparison::AtLeast => !below,
        Comparison::Equal => !above && !below,
        Comparison::Unequal => above || below,
    }
}

impl Number {
    fn evaluate(&self, lookup: &Lookup<'_>) -> Option<Quantity> {
        match self {
            Self::Literal(number) => Quantity::new(*number, 0.0),
            Self::Operand(operand) => lookup(operand),
            Self::Negative(inner) => inner.evaluate(lookup).and_then(|number| Quantity::new(0.0 - number.value, number.scale)),
            Self::Chain(first, rest) => rest
                .iter()
                .try_fold(first.evaluate(lookup)?, |left, (operator, right)| calculated(*operator, left, right.evaluate(lookup)?)),
            Self::Call(function, parts) => {
                let parts = parts.iter().map(|part| part.evaluate(lookup)).collect::<Option<Vec<Quantity>>>()?;
                called(*function, &parts)
            }
        }
    }
}

/// Rounding errors of the operands pass through by the first derivatives, and so do scales.
fn calculated(operator: Operator, left: Quantity, right: Quantity) -> Option<Quantity> {
    let (a, b) = (left.value, right.value);
    match operator {
        Operator::Plus => Quantity::new(a + b, left.scale.max(right.scale)),
        Operator::Minus => Quantity::new(a - b, left.scale.max(right.scale)),
        Operator::Times => Quantity::new(a * b, (left.scale * b.abs()).max(a.abs() * right.scale)),
        Operator::Over if b == 0.0 => None,
        Operator::Over => Quantity::new(a / b, (left.scale / b.abs()).max((a / b).abs() * (right.scale / b.abs()))),
    }
}

fn called(function: Function, parts: &[Quantity]) -> Option<Quantity> {
    let scale = parts.iter().fold(0.0_f64, |largest, part| largest.max(part.scale));
    let value = parts.iter().map(|part| part.value).reduce(|one, two| match function {
        Function::Min => one.min(two),
        Function::Max => one.max(two),
        // It has one argument.
        Function::Abs => one,
    })?;
    Quantity::new(if function == Function::Abs { value.abs() } else { value }, scale)
}
