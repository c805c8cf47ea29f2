//! Calls: operators by their internal names, the forms that see unset values, and functions.

use cel::common::ast::{CallExpr, Expr, operators};
use cel::parser::Expression as Tree;
use regex::Regex;

use super::{Checker, either, node};
use crate::expr::Type;
use crate::expr::functions::{self, Function};
use crate::expr::ir::{Comparison, Kind, Literal, Node, Operator};
use crate::expr::resolve::did_you_mean;

/// Names that are called but are no functions of the table.
const FORMS: [&str; 8] = [
    "all",
    "default",
    "exists",
    "exists_one",
    "filter",
    "has",
    "map",
    "ran",
];

impl Checker<'_> {
    pub(super) fn call(&mut self, id: u64, call: &CallExpr) -> Node {
        let name = call.func_name.as_str();
        match (name, call.args.as_slice()) {
            (operators::LOGICAL_AND, [a, b]) => self.logic([a, b], Kind::And),
            (operators::LOGICAL_OR, [a, b]) => self.logic([a, b], Kind::Or),
            (operators::LOGICAL_NOT, [operand]) => self.not(id, operand),
            (operators::NEGATE, [operand]) => self.negate(id, operand),
            (operators::CONDITIONAL, [condition, yes, no]) => self.choice(condition, yes, no),
            (operators::INDEX, [list, index]) => self.index(id, list, index),
            (operators::IN, [a, b]) => self.member_of([a, b]),
            (_, [a, b]) if comparison(name).is_some() || operator(name).is_some() => {
                self.binary(name, [a, b])
            }
            _ => self.function_call(id, call),
        }
    }

    fn binary(&mut self, name: &str, pair: [&Tree; 2]) -> Node {
        match (comparison(name), operator(name)) {
            (Some(comparison), _) => self.compare(comparison, pair),
            (None, operator) => self.arithmetic(operator.unwrap_or(Operator::Add), pair),
        }
    }

    fn index(&mut self, id: u64, list: &Tree, index: &Tree) -> Node {
        let (list, index) = (self.node(list), self.node(index));
        let span = list.span.start..self.places.closing(id);
        let ty = match (&list.ty, &index.kind) {
            (Type::List(of), _) => {
                self.expect(&index, &Type::Int, "a list is indexed by an integer");
                (**of).clone()
            }
            (Type::Object(members), Kind::Literal(Literal::Text(key))) => {
                members.get(key).cloned().unwrap_or(Type::Dynamic)
            }
            (Type::Object(_) | Type::Dynamic, _) => Type::Dynamic,
            (other, _) => {
                let message = format!(
                    "`{}` is {other}: it has no elements",
                    self.written(&list.span)
                );
                return self.broken(span, message, None);
            }
        };
        node(Kind::Index(Box::new([list, index])), ty, span)
    }

    fn function_call(&mut self, id: u64, call: &CallExpr) -> Node {
        let name = call.func_name.as_str();
        let arguments: Vec<&Tree> = call
            .target
            .as_deref()
            .into_iter()
            .chain(&call.args)
            .collect();
        match (name, arguments.as_slice()) {
            ("default", [value, fallback]) => self.fallback(id, value, fallback),
            ("ran", [step]) => self.ran(id, step),
            ("default", _) => {
                self.wrong_count(id, name, "default(value, fallback)", arguments.len())
            }
            ("ran", _) => self.wrong_count(id, name, "ran(steps.id)", arguments.len()),
            ("has", _) => self.wrong_count(id, name, "has(record.field)", arguments.len()),
            _ if FORMS.contains(&name) => {
                let usage = format!("list.{name}(x, …)");
                self.wrong_count(id, name, &usage, arguments.len())
            }
            _ => match functions::find(name) {
                Some(function) => self.apply(id, call, function),
                None => self.unknown(id, name, &arguments),
            },
        }
    }

    fn unknown(&mut self, id: u64, name: &str, arguments: &[&Tree]) -> Node {
        let span = self.places.name_before(id, name);
        let names = functions::names().chain(FORMS);
        let unknown = self.broken(
            span,
            format!("there is no function `{name}`"),
            did_you_mean(name, names),
        );
        for argument in arguments {
            self.node(argument);
        }
        unknown
    }

    fn wrong_count(&mut self, id: u64, name: &str, usage: &str, found: usize) -> Node {
        let span = self.places.name_before(id, name).start..self.places.closing(id);
        let plural = if found == 1 { "" } else { "s" };
        let message = format!("`{name}` does not take {found} argument{plural}");
        self.broken(span, message, Some(format!("write `{usage}`")))
    }

    fn apply(&mut self, id: u64, call: &CallExpr, function: &'static Function) -> Node {
        let trees = call.target.as_deref().into_iter().chain(&call.args);
        let arguments: Vec<Node> = trees.map(|tree| self.node(tree)).collect();
        if !function.takes(arguments.len()) {
            return self.wrong_count(id, function.name, &function.usage(), arguments.len());
        }
        let start = match call.target {
            Some(_) => arguments.first().map_or(0, |target| target.span.start),
            None => self.places.name_before(id, function.name).start,
        };
        let span = start..self.places.closing(id);
        for (at, argument) in arguments.iter().enumerate() {
            self.parameter(function, at, argument);
        }
        let types: Vec<&Type> = arguments.iter().map(|argument| &argument.ty).collect();
        let ty = function.result(&types);
        if function.name == "matches" {
            return self.pattern(function, arguments, span);
        }
        node(Kind::Call(function, arguments), ty, span)
    }

    fn parameter(&mut self, function: &Function, at: usize, argument: &Node) {
        let Some(param) = function.param(at) else {
            return;
        };
        if !param.accepts(&argument.ty) {
            let (name, written) = (function.name, self.written(&argument.span));
            let message = format!("`{name}` takes {param}, but `{written}` is {}", argument.ty);
            let help = Some(format!("write `{}`", function.usage()));
            self.mistake(argument.span.clone(), message, help);
        }
    }

    /// A literal pattern is compiled once, here.
    fn pattern(
        &mut self,
        function: &'static Function,
        mut arguments: Vec<Node>,
        span: std::ops::Range<usize>,
    ) -> Node {
        let literal = match arguments
            .get(1)
            .map(|pattern| (&pattern.kind, &pattern.span))
        {
            Some((Kind::Literal(Literal::Text(text)), at)) => Some((Regex::new(text), at.clone())),
            _ => None,
        };
        match literal {
            None => node(Kind::Call(function, arguments), Type::Bool, span),
            Some((Err(_), at)) => self.broken(at, "this is no regular expression".to_owned(), None),
            Some((Ok(regex), _)) => {
                let subject = Box::new(arguments.swap_remove(0));
                node(Kind::Matches(subject, regex), Type::Bool, span)
            }
        }
    }

    fn fallback(&mut self, id: u64, value: &Tree, fallback: &Tree) -> Node {
        let (value, fallback) = (self.node(value), self.node(fallback));
        let start = self
            .places
            .name_before(id, "default")
            .start
            .min(value.span.start);
        let span = start..self.places.closing(id);
        let ty = either(&value, &fallback).unwrap_or_else(|| {
            let written = self.written(&value.span);
            let message = format!("`{written}` is {}, its default {}", value.ty, fallback.ty);
            self.mistake(fallback.span.clone(), message, None);
            Type::Dynamic
        });
        let pair = [value.widened(&ty), fallback.widened(&ty)];
        node(Kind::Default(Box::new(pair)), ty, span)
    }

    /// A step ran when the execution has its result.
    fn ran(&mut self, id: u64, step: &Tree) -> Node {
        let named = match &step.expr {
            Expr::Select(select) => {
                matches!(&select.operand.expr, Expr::Ident(root) if root == "steps")
            }
            _ => false,
        };
        let step = self.node(step);
        let span = self
            .places
            .name_before(id, "ran")
            .start
            .min(step.span.start)..self.places.closing(id);
        if !named {
            let help = Some("write `ran(steps.id)`".to_owned());
            return self.broken(step.span, "`ran` takes a step".to_owned(), help);
        }
        node(Kind::Has(Box::new(step)), Type::Bool, span)
    }
}

fn comparison(name: &str) -> Option<Comparison> {
    Some(match name {
        operators::EQUALS => Comparison::Equal,
        operators::NOT_EQUALS => Comparison::NotEqual,
        operators::LESS => Comparison::Less,
        operators::LESS_EQUALS => Comparison::LessOrEqual,
        operators::GREATER => Comparison::Greater,
        operators::GREATER_EQUALS => Comparison::GreaterOrEqual,
        _ => return None,
    })
}

fn operator(name: &str) -> Option<Operator> {
    Some(match name {
        operators::ADD => Operator::Add,
        operators::SUBSTRACT => Operator::Subtract,
        operators::MULTIPLY => Operator::Multiply,
        operators::DIVIDE => Operator::Divide,
        operators::MODULO => Operator::Remainder,
        _ => return None,
    })
}
