//! Paths: names joined by dots, from a root, a reference or a comprehension's variable.

use std::ops::Range;

use cel::common::ast::Expr;
use cel::parser::Expression as Tree;

use super::{Checker, node};
use crate::expr::Type;
use crate::expr::ir::{Kind, Node};
use crate::expr::resolve::{Resolved, Source, member, resolve};

/// One name of a path and where it is written.
struct Segment<'t> {
    name: &'t str,
    span: Range<usize>,
}

impl Checker<'_> {
    pub(super) fn path(&mut self, tree: &Tree) -> Node {
        let Some(segments) = self.segments(tree) else {
            return self.selection(tree);
        };
        match self.local(&segments) {
            Some(local) => local,
            None => self.rooted(&segments),
        }
    }

    /// `has(a.b)`: the tested selection's own token is the bracket of `has`.
    pub(super) fn presence(&mut self, tree: &Tree) -> Node {
        let span = self.places.name_before(tree.id, "has").start..self.places.closing(tree.id);
        let tested = self.path(tree);
        node(Kind::Has(Box::new(tested)), Type::Bool, span)
    }

    /// The names of a path; `None` when it starts at something else than a name.
    fn segments<'t>(&self, tree: &'t Tree) -> Option<Vec<Segment<'t>>> {
        match &tree.expr {
            Expr::Ident(name) => {
                let span = self.places.word(tree.id);
                Some(vec![Segment { name, span }])
            }
            Expr::Select(select) => {
                let mut segments = self.segments(&select.operand)?;
                let span = self.field_span(tree, &select.field, select.test);
                segments.push(Segment {
                    name: &select.field,
                    span,
                });
                Some(segments)
            }
            _ => None,
        }
    }

    fn field_span(&self, tree: &Tree, field: &str, tested: bool) -> Range<usize> {
        if tested {
            let end = self.places.inside(tree.id).end;
            end.saturating_sub(field.len())..end
        } else {
            self.places.field_after(tree.id, field)
        }
    }

    fn rooted(&mut self, segments: &[Segment<'_>]) -> Node {
        let names: Vec<&str> = segments.iter().map(|segment| segment.name).collect();
        match resolve(self.env, &names) {
            Ok(found) => {
                self.reads.add(names.join("."), &found);
                found_node(found, whole(segments))
            }
            Err(end) => {
                let span = segments.get(end.segment).map_or(0..0, |at| at.span.clone());
                self.broken(span, end.message, end.help)
            }
        }
    }

    fn local(&mut self, segments: &[Segment<'_>]) -> Option<Node> {
        let (first, fields) = segments.split_first()?;
        let index = self
            .locals
            .iter()
            .rposition(|(name, _)| name == first.name)?;
        let ty = self.locals.get(index)?.1.clone();
        let local = node(Kind::Local(index), ty, first.span.clone());
        Some(fields.iter().fold(local, |owner, field| {
            self.selected(owner, field.name, field.span.clone())
        }))
    }

    /// A field of something that is not a path: `f(x).name`, `list[0].name`.
    fn selection(&mut self, tree: &Tree) -> Node {
        let Expr::Select(select) = &tree.expr else {
            return self.broken(0..self.source.len(), "this is no path".to_owned(), None);
        };
        let owner = self.node(&select.operand);
        let span = self.field_span(tree, &select.field, select.test);
        self.selected(owner, &select.field, span)
    }

    fn selected(&mut self, owner: Node, field: &str, span: Range<usize>) -> Node {
        let written = self.written(&owner.span);
        if let Type::Ref(_) = owner.ty {
            let message = format!("the reference `{written}` cannot be followed");
            let help = "only a path of names is followed, such as `record.patient.phone`";
            return self.broken(span, message, Some(help.to_owned()));
        }
        match member(&owner.ty, written, field) {
            Ok(ty) => {
                let span = owner.span.start..span.end;
                node(Kind::Member(Box::new(owner), field.to_owned()), ty, span)
            }
            Err((message, help)) => self.broken(span, message, help),
        }
    }
}

fn whole(segments: &[Segment<'_>]) -> Range<usize> {
    let start = segments.first().map_or(0, |first| first.span.start);
    let end = segments.last().map_or(start, |last| last.span.end);
    start..end
}

fn found_node(found: Resolved, span: Range<usize>) -> Node {
    let members = found.members;
    let kind = match found.source {
        Source::Root(name) if name == "now" => Kind::Now,
        Source::Root(name) => Kind::Root { name, members },
        Source::Reference(key) => Kind::Reference { key, members },
    };
    node(kind, found.ty, span)
}
