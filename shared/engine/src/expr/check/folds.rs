//! The macros `all exists exists_one filter map`, recognised in what the parser expands them to.

use cel::common::ast::{ComprehensionExpr, Expr, LiteralValue, operators};
use cel::parser::Expression as Tree;

use super::{Checker, node};
use crate::expr::Type;
use crate::expr::ir::{Fold, FoldKind, Kind, Node};

/// The parts of a macro as it was written.
struct Written<'t> {
    kind: FoldKind,
    body: &'t Tree,
    filter: Option<&'t Tree>,
}

impl Checker<'_> {
    pub(super) fn fold(&mut self, id: u64, expanded: &ComprehensionExpr) -> Node {
        let range = self.node(&expanded.iter_range);
        let span = range.span.start..self.places.closing(id);
        let Some(written) = recognised(expanded) else {
            return self.broken(span, "this macro is not known here".to_owned(), None);
        };
        let element = match &range.ty {
            Type::List(of) => (**of).clone(),
            Type::Dynamic => Type::Dynamic,
            Type::Object(_) => Type::String,
            other => {
                let message = format!("`{}` is {other}, not a list", self.written(&range.span));
                return self.broken(range.span, message, None);
            }
        };
        self.locals
            .push((expanded.iter_var.clone(), element.clone()));
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
        node(Kind::Fold(Box::new(fold)), ty, span)
    }
}

fn recognised(expanded: &ComprehensionExpr) -> Option<Written<'_>> {
    let step = arguments(&expanded.loop_step)?;
    match (&expanded.accu_init.expr, step) {
        (Expr::Literal(LiteralValue::Boolean(start)), (_, [_, body])) => {
            let kind = if *start.inner() {
                FoldKind::All
            } else {
                FoldKind::Exists
            };
            Some(Written {
                kind,
                body,
                filter: None,
            })
        }
        (Expr::Literal(LiteralValue::Int(_)), (_, [body, _, _])) => Some(Written {
            kind: FoldKind::ExistsOne,
            body,
            filter: None,
        }),
        (Expr::List(_), (operators::ADD, _)) => {
            let body = appended(&expanded.loop_step)?;
            Some(Written {
                kind: FoldKind::Map,
                body,
                filter: None,
            })
        }
        (Expr::List(_), (operators::CONDITIONAL, [filter, then, _])) => {
            Some(filtered(&expanded.iter_var, filter, appended(then)?))
        }
        _ => None,
    }
}

/// `filter(x, p)` and `map(x, p, x)` expand to the same, and mean the same.
fn filtered<'t>(variable: &str, filter: &'t Tree, body: &'t Tree) -> Written<'t> {
    if matches!(&body.expr, Expr::Ident(name) if name == variable) {
        return Written {
            kind: FoldKind::Filter,
            body: filter,
            filter: None,
        };
    }
    Written {
        kind: FoldKind::Map,
        body,
        filter: Some(filter),
    }
}

fn appended(step: &Tree) -> Option<&Tree> {
    match arguments(step)? {
        (operators::ADD, [_, list]) => match &list.expr {
            Expr::List(list) => list.elements.first(),
            _ => None,
        },
        _ => None,
    }
}

fn arguments(tree: &Tree) -> Option<(&str, &[Tree])> {
    match &tree.expr {
        Expr::Call(call) => Some((&call.func_name, &call.args)),
        _ => None,
    }
}
