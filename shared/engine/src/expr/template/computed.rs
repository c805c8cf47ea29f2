//! Operators beside values that MiniJinja cannot compute with: it would compare them silently
//! wrong, so a template that does is refused.

use std::ops::Range;

use super::tags::{part_of_name, statements, tags};
use crate::expr::resolve::resolve;
use crate::expr::{Environment, Type};

/// Where decimals, dates, times and durations stand beside an operator, and what they are.
pub(super) fn computed(
    env: &Environment,
    paths: &[String],
    source: &str,
) -> Vec<(Range<usize>, Type)> {
    let mut exact = Vec::new();
    for path in paths {
        exact.extend(typed(env, path).map(|ty| (path.clone(), ty)));
    }
    for (variable, element) in loops(env, source) {
        match element {
            Type::Object(members) => exact.extend(
                members
                    .iter()
                    .map(|(name, ty)| (format!("{variable}.{name}"), ty.clone())),
            ),
            element => exact.push((variable, element)),
        }
    }
    exact.retain(|(_, ty)| is_exact(ty));
    let operated = |(path, ty): (String, Type)| {
        let spans = places(source, &path)
            .into_iter()
            .filter(|span| operated(source, span));
        spans.map(|span| (span, ty.clone())).collect::<Vec<_>>()
    };
    exact.into_iter().flat_map(operated).collect()
}

fn is_exact(ty: &Type) -> bool {
    matches!(ty, Type::Decimal | Type::Date | Type::Time | Type::Duration)
}

fn typed(env: &Environment, path: &str) -> Option<Type> {
    let segments: Vec<&str> = path.split('.').collect();
    resolve(env, &segments).ok().map(|resolved| resolved.ty)
}

/// The variables of loops over declared lists, with the types of their elements.
fn loops(env: &Environment, source: &str) -> Vec<(String, Type)> {
    statements(source)
        .filter_map(|tag| {
            let (variable, list) = tag.looped()?;
            match typed(env, list)? {
                Type::List(of) => Some((variable.to_owned(), *of)),
                _ => None,
            }
        })
        .collect()
}

/// Where a path is first written inside a tag.
pub(super) fn place(source: &str, path: &str) -> Option<Range<usize>> {
    places(source, path).into_iter().next()
}

/// Everywhere that a path is written inside a tag, as a whole.
fn places(source: &str, path: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for tag in tags(source) {
        let text = source.get(tag.clone()).unwrap_or_default();
        for (at, _) in text.match_indices(path) {
            let (before, after) = (text.get(..at), text.get(at + path.len()..));
            let whole = !before
                .is_some_and(|before| before.ends_with(|c| part_of_name(c) || c == '.'))
                && !after.is_some_and(|after| after.starts_with(part_of_name));
            if whole {
                found.push(tag.start + at..tag.start + at + path.len());
            }
        }
    }
    found
}

/// Whether an operator stands beside the path.
fn operated(source: &str, span: &Range<usize>) -> bool {
    let after = source.get(span.end..).unwrap_or_default().trim_start();
    let before = source.get(..span.start).unwrap_or_default().trim_end();
    let follows = after.starts_with(['<', '>', '=', '!', '+', '*', '/'])
        || after.starts_with('-') && !after.starts_with("-}") && !after.starts_with("-%");
    let precedes = before.ends_with(['<', '>', '=', '+', '*', '/'])
        || before.ends_with('-') && !before.ends_with("{-") && !before.ends_with("%-");
    follows || precedes
}
