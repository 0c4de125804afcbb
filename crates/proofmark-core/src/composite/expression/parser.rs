//! Text to expression, by precedence climbing: a loop takes operators as long as they bind tighter than what called it.

use super::tokens::{Token, shortened, tokens};
use super::{Comparison, Function, MAX_DEPTH, MAX_TEXT, Mistake, Number, Operand, Operator, Truth};
use crate::composite::estimate::{Field, Name, slice};
use crate::config::nearest;

type Fault = (Mistake, usize);

/// Reads a whole text; a fault has the byte at which it is.
pub(super) fn parse(text: &str) -> Result<Truth, Fault> {
    if text.len() > MAX_TEXT {
        return Err((Mistake::TooLong, 0));
    }
    let mut parser = Parser { tokens: tokens(text)?, next: 0, depth: 0 };
    let (node, at) = parser.expression(Power::Or)?;
    let truth = node.truth(at)?;
    match parser.peek() {
        (Token::End, _) => Ok(truth),
        (found, at) => Err((Mistake::Expected { expected: "an operator or the end", found: found.told() }, at)),
    }
}

/// How tight operators bind, loosest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Power {
    Or,
    And,
    Not,
    Comparison,
    Sum,
    Product,
    Sign,
}

#[derive(Debug, Clone, Copy)]
enum Infix {
    Or,
    And,
    Comparison(Comparison),
    Arithmetic(Operator),
}

impl Infix {
    fn of(token: &Token) -> Option<Self> {
        let text = match token {
            Token::Word(word) => word.as_str(),
            Token::Sign(sign) => sign,
            Token::Number(_) | Token::Text(_) | Token::End => return None,
        };
        Some(match text {
            "or" | "||" => Self::Or,
            "and" | "&&" => Self::And,
            "<" => Self::Comparison(Comparison::Less),
            "<=" => Self::Comparison(Comparison::AtMost),
            ">" => Self::Comparison(Comparison::Greater),
            ">=" => Self::Comparison(Comparison::AtLeast),
            "==" => Self::Comparison(Comparison::Equal),
            "!=" => Self::Comparison(Comparison::Unequal),
            "+" => Self::Arithmetic(Operator::Plus),
            "-" => Self::Arithmetic(Operator::Minus),
            "*" => Self::Arithmetic(Operator::Times),
            "/" => Self::Arithmetic(Operator::Over),
            _ => return None,
        })
    }

    /// How tight it binds, and what its right side must bind tighter than.
    fn powers(self) -> (Power, Power) {
        match self {
            Self::Or => (Power::Or, Power::And),
            Self::And => (Power::And, Power::Not),
            Self::Comparison(_) => (Power::Comparison, Power::Sum),
            Self::Arithmetic(operator) if operator.is_sum() => (Power::Sum, Power::Product),
            Self::Arithmetic(_) => (Power::Product, Power::Sign),
        }
    }
}

/// A part whose type is known.
enum Node {
    Truth(Truth),
    Number(Number),
}

impl Node {
    fn truth(self, at: usize) -> Result<Truth, Fault> {
        match self {
            Self::Truth(truth) => Ok(truth),
            Self::Number(_) => Err((Mistake::NeedsTruth, at)),
        }
    }

    fn number(self, at: usize) -> Result<Number, Fault> {
        match self {
            Self::Number(number) => Ok(number),
            Self::Truth(_) => Err((Mistake::NeedsNumber, at)),
        }
    }
}

struct Parser {
    tokens: Vec<(Token, usize)>,
    next: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> (Token, usize) {
        self.tokens.get(self.next).or(self.tokens.last()).cloned().unwrap_or((Token::End, 0))
    }

    fn take(&mut self) -> (Token, usize) {
        let token = self.peek();
        self.next += 1;
        token
    }

    fn takes(&mut self, sign: &'static str) -> bool {
        let found = self.peek().0 == Token::Sign(sign);
        self.next += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &'static str, expected: &'static str) -> Result<(), Fault> {
        let (found, at) = self.peek();
        if self.takes(sign) { Ok(()) } else { Err((Mistake::Expected { expected, found: found.told() }, at)) }
    }

    /// What binds at least as tight as `least`, and where it begins.
    fn expression(&mut self, least: Power) -> Result<(Node, usize), Fault> {
        let at = self.peek().1;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err((Mistake::TooDeep, at));
        }
        let mut left = self.prefix(least)?;
        loop {
            let (token, operator_at) = self.peek();
            let Some(infix) = Infix::of(&token) else { break };
            let (power, right_power) = infix.powers();
            if power < least {
                break;
            }
            self.next += 1;
            if matches!((infix, &left), (Infix::Comparison(_), Node::Truth(Truth::Comparison(..)))) {
                return Err((Mistake::Chained, operator_at));
            }
            let (right, right_at) = self.expression(right_power)?;
            left = join(infix, (left, at), (right, right_at))?;
        }
        self.depth -= 1;
        Ok((left, at))
    }

    fn prefix(&mut self, least: Power) -> Result<Node, Fault> {
        let (token, at) = self.take();
        let is_not = matches!(&token, Token::Sign("!")) || matches!(&token, Token::Word(word) if word == "not");
        match token {
            // `1 < not x` would take all that follows; parentheses make it clear, and a number is wanted there anyway.
            _ if is_not && least > Power::Not => Err((Mistake::NeedsNumber, at)),
            _ if is_not => {
                let (inner, inner_at) = self.expression(Power::Not)?;
                Ok(Node::Truth(Truth::Not(Box::new(inner.truth(inner_at)?))))
            }
            Token::Sign("-") => {
                let (inner, inner_at) = self.expression(Power::Sign)?;
                Ok(Node::Number(Number::Negative(Box::new(inner.number(inner_at)?))))
            }
            Token::Sign("(") => {
                let (inner, _) = self.expression(Power::Or)?;
                self.expect(")", "an operator or `)`")?;
                Ok(inner)
            }
            Token::Number(number) => Ok(Node::Number(Number::Literal(number))),
            Token::Word(word) => self.word(&word, at),
            found => Err((Mistake::Expected { expected: "a number, a field or `(`", found: found.told() }, at)),
        }
    }

    fn word(&mut self, word: &str, at: usize) -> Result<Node, Fault> {
        if let Ok(literal) = word.parse() {
            return Ok(Node::Truth(Truth::Literal(literal)));
        }
        if let Some(field) = Field::ALL.into_iter().find(|field| field.name() == word) {
            return self.field(field, at).map(|operand| Node::Number(Number::Operand(operand)));
        }
        if let Some(function) = Function::ALL.into_iter().find(|function| function.text() == word) {
            return self.call(function, at).map(Node::Number);
        }
        let known = Field::ALL.map(Field::name).into_iter().chain(Function::ALL.map(Function::text));
        let nearest = nearest(word, known.clone()).and_then(|nearest| known.clone().find(|name| *name == nearest));
        Err((Mistake::Unknown { word: shortened(word), nearest }, at))
    }

    fn field(&mut self, field: Field, at: usize) -> Result<Operand, Fault> {
        if !self.takes("(") {
            return Err((Mistake::NoMetric(field.name()), at));
        }
        let (Token::Text(metric), _) = self.take() else { return Err((Mistake::NoMetric(field.name()), at)) };
        let mut name = Name::all_rows(metric);
        if self.takes(",") {
            let (token, slice_at) = self.take();
            let Token::Text(text) = token else { return Err((Mistake::BadSlice(token.told().replace('`', "")), slice_at)) };
            name.slice = slice(&text).ok_or_else(|| (Mistake::BadSlice(shortened(&text)), slice_at))?;
        }
        self.expect(")", "`)`")?;
        Ok(Operand { field, name })
    }

    fn call(&mut self, function: Function, at: usize) -> Result<Number, Fault> {
        self.expect("(", "`(`")?;
        let mut parts = Vec::new();
        loop {
            let (part, part_at) = self.expression(Power::Or)?;
            parts.push(part.number(part_at)?);
            if !self.takes(",") {
                break;
            }
        }
        self.expect(")", "`,` or `)`")?;
        if function == Function::Abs && parts.len() != 1 {
            return Err((Mistake::Arguments("abs", "one number"), at));
        }
        Ok(Number::Call(function, parts))
    }
}

/// One operator between two parts; what is of one precedence becomes one list.
fn join(infix: Infix, left: (Node, usize), right: (Node, usize)) -> Result<Node, Fault> {
    let ((left, left_at), (right, right_at)) = (left, right);
    match infix {
        Infix::Or => {
            let mut parts = Vec::new();
            for truth in [left.truth(left_at)?, right.truth(right_at)?] {
                if let Truth::Any(more) = truth { parts.extend(more) } else { parts.push(truth) }
            }
            Ok(Node::Truth(Truth::Any(parts)))
        }
        Infix::And => {
            let mut parts = Vec::new();
            for truth in [left.truth(left_at)?, right.truth(right_at)?] {
                if let Truth::All(more) = truth { parts.extend(more) } else { parts.push(truth) }
            }
            Ok(Node::Truth(Truth::All(parts)))
        }
        Infix::Comparison(comparison) => Ok(Node::Truth(Truth::Comparison(comparison, left.number(left_at)?, right.number(right_at)?))),
        Infix::Arithmetic(operator) => Ok(Node::Number(chain(left.number(left_at)?, operator, right.number(right_at)?))),
    }
}

fn chain(left: Number, operator: Operator, right: Number) -> Number {
    match left {
        Number::Chain(first, mut rest) if rest.iter().all(|(other, _)| other.is_sum() == operator.is_sum()) => {
            rest.push((operator, right));
            Number::Chain(first, rest)
        }
        left => Number::Chain(Box::new(left), vec![(operator, right)]),
    }
}
