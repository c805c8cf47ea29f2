//! The macros `all exists exists_one filter map`.

use std::ops::Range;

use super::{Checker, node};
use crate::expr::Type;
use crate::expr::ir::{Fold, FoldKind, Kind, Node};
use crate::expr::parse::{Call, Form, Tree};

/// The parts of a macro as it was written.
struct Written<'t, 's> {
    kind: FoldKind,
    range: &'t Tree<'s>,
    variable: &'t Tree<'s>,
    filter: Option<&'t Tree<'s>>,
    body: &'t Tree<'s>,
}

impl Checker<'_> {
    /// The node of a macro; `None` when the call is none.
    pub(super) fn fold(&mut self, call: &Call<'_>, span: &Range<usize>) -> Option<Node> {
        let written = written(call)?;
        let Form::Name(variable) = written.variable.form else {
            let span = written.variable.span.clone();
            let message = "the first argument names the element".to_owned();
            let help = Some("write `list.all(x, x > 0)`".to_owned());
            return Some(self.broken(span, message, help));
        };
        let range = self.node(written.range);
        let element = match &range.ty {
            Type::List(of) => (**of).clone(),
            Type::Dynamic => Type::Dynamic,
            Type::Object(_) => Type::String,
            other => {
                let message = format!("`{}` is {other}, not a list", self.written(&range.span));
                return Some(self.broken(range.span, message, None));
            }
        };
        self.locals.push((variable.to_owned(), element.clone()));
        let filter = written.filter.map(|filter| self.verdict(filter));
        let body = match written.kind {
            FoldKind::Map => self.node(written.body),
            _ => self.verdict(written.body),
        };
        self.locals.pop();
        let ty = match written.kind {
            FoldKind::Map => Type::List(Box::new(body.ty.clone())),
            FoldKind::Filter => Type::List(Box::new(element)),
            FoldKind::All | FoldKind::Exists | FoldKind::ExistsOne => Type::Bool,
        };
        let fold = Fold {
            kind: written.kind,
            range,
            body,
            filter,
        };
        Some(node(Kind::Fold(Box::new(fold)), ty, span.clone()))
    }
}

fn written<'t, 's>(call: &'t Call<'s>) -> Option<Written<'t, 's>> {
    let range = call.target.as_deref()?;
    let (kind, variable, filter, body) = match (call.name.text, call.arguments.as_slice()) {
        ("all", [variable, body]) => (FoldKind::All, variable, None, body),
        ("exists", [variable, body]) => (FoldKind::Exists, variable, None, body),
        ("exists_one" | "existsOne", [variable, body]) => {
            (FoldKind::ExistsOne, variable, None, body)
        }
        ("filter", [variable, body]) => (FoldKind::Filter, variable, None, body),
        ("map", [variable, body]) => (FoldKind::Map, variable, None, body),
        ("map", [variable, filter, body]) => (FoldKind::Map, variable, Some(filter), body),
        _ => return None,
    };
    Some(Written {
        kind,
        range,
        variable,
        filter,
        body,
    })
}
