//! Calls: the forms that see unset values, macros and functions; and elements.

use std::ops::Range;

use regex::Regex;

use super::{Checker, either, node};
use crate::expr::Type;
use crate::expr::functions::{self, Function};
use crate::expr::ir::{Kind, Literal, Node};
use crate::expr::parse::{Call, Form, Tree};
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
    pub(super) fn index(&mut self, pair: &[Tree<'_>; 2], span: Range<usize>) -> Node {
        let [list, index] = pair.each_ref().map(|tree| self.node(tree));
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

    pub(super) fn call(&mut self, call: &Call<'_>, span: Range<usize>) -> Node {
        let name = call.name.text;
        if let Some(fold) = self.fold(call, &span) {
            return fold;
        }
        let arguments: Vec<&Tree<'_>> = call.target.as_deref().into_iter().collect();
        let arguments = [arguments, call.arguments.iter().collect()].concat();
        match (name, arguments.as_slice()) {
            ("has", [tested]) if call.target.is_none() => self.presence(tested, span),
            ("default", [value, fallback]) => self.fallback(value, fallback, span),
            ("ran", [step]) => self.ran(step, span),
            ("default", _) => self.wrong_count(call, span, "default(value, fallback)"),
            ("ran", _) => self.wrong_count(call, span, "ran(steps.id)"),
            ("has", _) => self.wrong_count(call, span, "has(record.field)"),
            _ if FORMS.contains(&name) => {
                self.wrong_count(call, span, &format!("list.{name}(x, …)"))
            }
            _ => match functions::find(name) {
                Some(function) => self.apply(call, span, function),
                None => self.unknown(call, &arguments),
            },
        }
    }

    fn unknown(&mut self, call: &Call<'_>, arguments: &[&Tree<'_>]) -> Node {
        let name = call.name.text;
        let names = functions::names().chain(FORMS);
        let unknown = self.broken(
            call.name.span.clone(),
            format!("there is no function `{name}`"),
            did_you_mean(name, names),
        );
        for argument in arguments {
            self.node(argument);
        }
        unknown
    }

    fn wrong_count(&mut self, call: &Call<'_>, span: Range<usize>, usage: &str) -> Node {
        let name = call.name.text;
        let found = call.arguments.len() + usize::from(call.target.is_some());
        let plural = if found == 1 { "" } else { "s" };
        let message = format!("`{name}` does not take {found} argument{plural}");
        let span = call.name.span.start..span.end;
        self.broken(span, message, Some(format!("write `{usage}`")))
    }

    fn apply(&mut self, call: &Call<'_>, span: Range<usize>, function: &'static Function) -> Node {
        let trees = call.target.as_deref().into_iter().chain(&call.arguments);
        let arguments: Vec<Node> = trees.map(|tree| self.node(tree)).collect();
        if !function.takes(arguments.len()) {
            return self.wrong_count(call, span, &function.usage());
        }
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
        span: Range<usize>,
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

    fn presence(&mut self, tested: &Tree<'_>, span: Range<usize>) -> Node {
        if !matches!(tested.form, Form::Select(..)) {
            let help = Some("write `has(record.field)`".to_owned());
            return self.broken(tested.span.clone(), "`has` takes a path".to_owned(), help);
        }
        let tested = self.path(tested);
        node(Kind::Has(Box::new(tested)), Type::Bool, span)
    }

    fn fallback(&mut self, value: &Tree<'_>, fallback: &Tree<'_>, span: Range<usize>) -> Node {
        let (value, fallback) = (self.node(value), self.node(fallback));
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
    fn ran(&mut self, step: &Tree<'_>, span: Range<usize>) -> Node {
        let named = match &step.form {
            Form::Select(owner, _) => matches!(owner.form, Form::Name("steps")),
            _ => false,
        };
        let step = self.node(step);
        if !named {
            let help = Some("write `ran(steps.id)`".to_owned());
            return self.broken(step.span, "`ran` takes a step".to_owned(), help);
        }
        node(Kind::Has(Box::new(step)), Type::Bool, span)
    }
}
