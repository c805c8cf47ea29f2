//! `pages:`: steps that read what their receiver gives page by page.

use std::sync::Arc;

use super::field::is_identifier;
use super::logic::logic;
use super::mapped::transposed;
use super::step::UPDATE_RECORD;
use super::{Place, environment};
use crate::definition::catalog::Signature;
use crate::definition::document::Finding;
use crate::definition::model::Pages;
use crate::definition::yaml::Node;
use crate::expr::{Expression, Type};

/// The most pages: all of them are read within the time of one step.
const MAX: u64 = 100;

/// The methods that change nothing.
const READS: [&str; 2] = ["GET", "HEAD"];

/// The members of `with` that make a call a write.
const BODIES: [&str; 3] = ["json", "form", "multipart"];

/// What a response has already.
const TAKEN: [&str; 3] = ["status", "headers", "body"];

/// Reads how a step turns pages, where it does; `None` when there is a mistake, which is reported.
#[expect(clippy::option_option, reason = "absent and broken are different")]
pub(super) fn pages(
    place: Place<'_>,
    step: &Node,
    signature: Option<&Signature>,
) -> Option<Option<Pages>> {
    let pages = step.get("pages");
    transposed(pages.map(|node| of(place, step, node, signature)))
}

fn of(place: Place<'_>, step: &Node, node: &Node, signature: Option<&Signature>) -> Option<Pages> {
    let fits = fits(place, step, node, signature);
    let response = environment::response(place.world, None);
    let here = place.with_env(&response);
    let next = node.get("next").and_then(|node| next(here, node));
    let items = node.get("items");
    let items = items.and_then(|node| logic(here, node, Some(&environment::list())));
    let (into, max) = (named(place, node), max(place, node));
    let pages = Pages {
        next: next?,
        items: items?,
        into: into?,
        max: max?,
    };
    fits.then_some(pages)
}

/// The member of the response that has the items of all pages, where it can be read.
pub(super) fn into(step: &Node) -> Option<&str> {
    let name = step.get("pages")?.get("into")?.text()?;
    Some(name).filter(|name| !TAKEN.contains(name))
}

/// The type of a step's result with what its pages bring.
pub(super) fn with_collected(result: Type, step: &Node) -> Type {
    match (result, into(step)) {
        (Type::Object(members), Some(into)) => {
            let mut members = (*members).clone();
            members.insert(into.to_owned(), environment::list());
            Type::Object(Arc::new(members))
        }
        (result, _) => result,
    }
}

/// Whether the step only reads: a failure in the middle repeats all its pages.
fn fits(place: Place<'_>, step: &Node, node: &Node, signature: Option<&Signature>) -> bool {
    if !signature.is_some_and(|signature| signature.pages) {
        let function = step.get("uses").and_then(Node::text).unwrap_or_default();
        if signature.is_none() && function != UPDATE_RECORD {
            return false;
        }
        let message = format!("{function} has no pages");
        let help = "only a call-http that reads has: remove `pages`";
        return refuse(place, node, "MisplacedKey", message, help);
    }
    let with = step.get("with");
    let help = "write `method: GET`, or leave it out: what fails in the middle is read again \
                from the first page";
    let method = with.and_then(|with| with.get("method"));
    if let Some(method) = method.filter(|method| !reads(method)) {
        let message = "a step with `pages` only reads".to_owned();
        return refuse(place, method, "InvalidPages", message, help);
    }
    let body = |key: &&str| with.is_some_and(|with| with.get(key).is_some());
    if let Some(key) = BODIES.iter().find(|key| body(key)) {
        let message = format!("a step with `pages` only reads, and has no `{key}`");
        let help = "an API that is searched by POST cannot be read page by page: remove `pages`";
        return refuse(place, node, "InvalidPages", message, help);
    }
    true
}

fn reads(method: &Node) -> bool {
    let text = method.text().unwrap_or_default();
    method.is_broken() || READS.iter().any(|read| read.eq_ignore_ascii_case(text))
}

/// An address is a text; an object has the query parameters of the next page.
fn next(place: Place<'_>, node: &Node) -> Option<Expression> {
    let expression = logic(place, node, None)?;
    if matches!(
        expression.ty(),
        Type::String | Type::Dynamic | Type::Object(_)
    ) {
        return Some(expression);
    }
    let message = "`next` is an address, or the query parameters of the next page".to_owned();
    let help = "write `next: response.body.next`, or `next: \"{'after': response.body.cursor}\"`";
    refuse(place, node, "InvalidPages", message, help);
    None
}

fn named(place: Place<'_>, node: &Node) -> Option<String> {
    let node = node.get("into")?;
    let name = node.text()?;
    if !is_identifier(place.document, name, node.span.clone()) {
        return None;
    }
    if !TAKEN.contains(&name) {
        return Some(name.to_owned());
    }
    let message = format!("a response has `{name}` already");
    let help = "write another name, such as `into: all`: `returns` reads it as `response.all`";
    refuse(place, node, "InvalidPages", message, help);
    None
}

fn max(place: Place<'_>, node: &Node) -> Option<u32> {
    let node = node.get("max")?;
    let max = node.json().as_u64();
    if let Some(max) = max.filter(|max| (2..=MAX).contains(max)) {
        return u32::try_from(max).ok();
    }
    let message = format!("a step reads from 2 to {MAX} pages");
    refuse(place, node, "InvalidPages", message, "write `max: 20`");
    None
}

fn refuse(place: Place<'_>, node: &Node, code: &'static str, message: String, help: &str) -> bool {
    let finding = Finding::error(code, node.span.clone(), message);
    place.document.report(finding.help(help));
    false
}
