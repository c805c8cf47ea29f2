//! Paths: names joined by dots, from a root, a reference or a comprehension's variable.

use std::ops::Range;

use super::{Checker, node};
use crate::expr::Type;
use crate::expr::ir::{Kind, Node};
use crate::expr::parse::{Form, Tree, Word};
use crate::expr::resolve::{Resolved, Source, member, resolve};

impl Checker<'_> {
    pub(super) fn path(&mut self, tree: &Tree<'_>) -> Node {
        let Some(segments) = segments(tree) else {
            return self.selection(tree);
        };
        match self.local(&segments) {
            Some(local) => Node {
                span: tree.span.clone(),
                ..local
            },
            None => self.rooted(&segments, tree.span.clone()),
        }
    }

    fn rooted(&mut self, segments: &[Word<'_>], span: Range<usize>) -> Node {
        let names: Vec<&str> = segments.iter().map(|segment| segment.text).collect();
        match resolve(self.env, &names) {
            Ok(found) => {
                self.reads.add(names.join("."), &found);
                found_node(found, span)
            }
            Err(end) => {
                let span = segments.get(end.segment).map_or(0..0, |at| at.span.clone());
                self.broken(span, end.message, end.help)
            }
        }
    }

    fn local(&mut self, segments: &[Word<'_>]) -> Option<Node> {
        let (first, fields) = segments.split_first()?;
        let index = self
            .locals
            .iter()
            .rposition(|(name, _)| name == first.text)?;
        let ty = self.locals.get(index)?.1.clone();
        let local = node(Kind::Local(index), ty, first.span.clone());
        Some(fields.iter().fold(local, |owner, field| {
            self.selected(owner, field.text, field.span.clone())
        }))
    }

    /// A field of something that is not a path: `f(x).name`, `list[0].name`.
    fn selection(&mut self, tree: &Tree<'_>) -> Node {
        let Form::Select(owner, field) = &tree.form else {
            return self.broken(tree.span.clone(), "this is no path".to_owned(), None);
        };
        let owner = self.node(owner);
        let selected = self.selected(owner, field.text, field.span.clone());
        Node {
            span: tree.span.clone(),
            ..selected
        }
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

/// The names of a path; `None` when it starts at something else than a name.
fn segments<'s>(tree: &Tree<'s>) -> Option<Vec<Word<'s>>> {
    match &tree.form {
        Form::Name(text) => Some(vec![Word {
            text,
            span: tree.span.clone(),
        }]),
        Form::Select(owner, field) => {
            let mut segments = segments(owner)?;
            segments.push(field.clone());
            Some(segments)
        }
        _ => None,
    }
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
