//! Compiling VALUEs: literals, `=expressions`, templates, and structures of these.

use serde_json::{Map, Value as Json};

use super::Place;
use super::expected::{Expected, Unfit};
use super::logic::{self, expression};
use crate::definition::document::Finding;
use crate::definition::model::ValueExpression;
use crate::definition::nearest::nearest;
use crate::definition::yaml::{Data, Member, Node, quoted};
use crate::expr::Template;

/// What a template inside a definition is called: a name with an extension would choose how
/// values are escaped.
const INLINE: &str = "template";

/// Compiles a VALUE; `None` when it has mistakes, which are reported.
pub(super) fn value(
    place: Place<'_>,
    node: &Node,
    expected: Expected<'_>,
) -> Option<ValueExpression> {
    match &node.data {
        Data::Broken => None,
        Data::Scalar(_) => scalar(place, node, expected),
        Data::List(nodes) => list(place, node, nodes, expected),
        Data::Map(members) => match file(node) {
            Some(path) => template_file(place, path, expected),
            None => object(place, node, members, expected),
        },
    }
}

fn scalar(place: Place<'_>, node: &Node, expected: Expected<'_>) -> Option<ValueExpression> {
    let text = node.text()?;
    if let Some(literal_text) = text.strip_prefix("==") {
        return literal(
            place,
            node,
            Json::String(format!("={literal_text}")),
            expected,
        );
    }
    if text.starts_with('=') {
        let ty = expected.ty();
        let compiled = expression(place, node, 1..text.len(), ty.as_ref())?;
        return Some(ValueExpression::Expression(compiled));
    }
    if text.contains("{{") || text.contains("{%") {
        return template(place, node, text, expected);
    }
    literal(place, node, node.json(), expected)
}

fn literal(
    place: Place<'_>,
    node: &Node,
    value: Json,
    expected: Expected<'_>,
) -> Option<ValueExpression> {
    match expected.literal(value) {
        Ok(value) => Some(ValueExpression::Literal(value)),
        Err(unfit) => {
            let help = unfit.help.or_else(|| mend(node, expected));
            let mut finding = Finding::error(expected.code(), node.span.clone(), unfit.message);
            finding.label = Some(format!("this is {}", node.described()));
            finding.help = help;
            place.document.report(finding);
            None
        }
    }
}

fn mend(node: &Node, expected: Expected<'_>) -> Option<String> {
    let scalar = node.scalar()?;
    if looks_like_expression(&scalar.text) {
        return Some(format!("an expression begins with `=`: ={}", scalar.text));
    }
    let number = scalar.plain && !node.json().is_string() && !node.is_null();
    (number && expected.takes_text()).then(|| format!("quote it: {}", quoted(&scalar.text)))
}

fn looks_like_expression(text: &str) -> bool {
    ["record.", "event.", "steps.", "config.", "now"]
        .iter()
        .any(|root| text.starts_with(root))
}

fn template(
    place: Place<'_>,
    node: &Node,
    text: &str,
    expected: Expected<'_>,
) -> Option<ValueExpression> {
    if !expected.takes_text() {
        let message = format!(
            "a template is always text; expected {}",
            expected.described()
        );
        let finding = Finding::error("WrongType", node.span.clone(), message);
        place
            .document
            .report(finding.help("write an expression instead: =record.field"));
        return None;
    }
    let compile = if expected.is_path() {
        Template::compile_path
    } else {
        Template::compile
    };
    match compile(INLINE, text, place.env, &place.world.includes) {
        Ok(template) => Some(ValueExpression::Template(template)),
        Err(mistakes) => {
            logic::report(place.document, "InvalidTemplate", mistakes, |span| {
                node.locate(&place.document.text, span)
            });
            None
        }
    }
}

/// The path node of `{ file: path }`.
fn file(node: &Node) -> Option<&Node> {
    match node.members() {
        [Member { key, value, .. }] if key == "file" => value
            .scalar()
            .is_some_and(|s| !s.text.starts_with('='))
            .then_some(value),
        _ => None,
    }
}

fn template_file(place: Place<'_>, path: &Node, expected: Expected<'_>) -> Option<ValueExpression> {
    let name = path.text()?;
    let Some(document) = place.world.folder.texts.get(name) else {
        missing_file(place, path, name);
        return None;
    };
    if !expected.takes_text() {
        let message = format!("a file is text; expected {}", expected.described());
        place
            .document
            .report(Finding::error("WrongType", path.span.clone(), message));
        return None;
    }
    match Template::compile(name, &document.text, place.env, &place.world.includes) {
        Ok(template) => Some(ValueExpression::Template(template)),
        Err(mistakes) => {
            logic::report(document, "InvalidTemplate", mistakes, |span| span);
            None
        }
    }
}

pub(super) fn missing_file(place: Place<'_>, path: &Node, name: &str) {
    let paths = place.world.folder.texts.keys().map(String::as_str);
    let near = nearest(name, paths.clone()).or_else(|| same_file(name, paths));
    let help = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("write the text to `{name}` in the pack's folder"),
    };
    let message = format!("there is no file `{name}`");
    place
        .document
        .report(Finding::error("MissingFile", path.span.clone(), message).help(help));
}

/// The path in another folder whose last part is the same.
fn same_file<'a>(name: &str, mut paths: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let last = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    paths.find(|path| last(path) == last(name))
}

fn list(
    place: Place<'_>,
    node: &Node,
    nodes: &[Node],
    expected: Expected<'_>,
) -> Option<ValueExpression> {
    if !expected.takes_list() {
        return wrong(place, node, "a list", expected);
    }
    let values: Vec<_> = nodes
        .iter()
        .map(|node| value(place, node, expected.element()))
        .collect();
    let values: Vec<_> = values.into_iter().collect::<Option<_>>()?;
    let literals = values.iter().map(as_literal).collect::<Option<Vec<_>>>();
    Some(match literals {
        Some(list) => ValueExpression::Literal(Json::Array(list)),
        None => ValueExpression::List(values),
    })
}

fn object(
    place: Place<'_>,
    node: &Node,
    members: &[Member],
    expected: Expected<'_>,
) -> Option<ValueExpression> {
    if !expected.takes_object() {
        return wrong(place, node, "an object", expected);
    }
    let values = self::members(place, node, members, expected, "the object")?;
    let literals = values
        .iter()
        .map(|(name, value)| Some((name.clone(), as_literal(value)?)))
        .collect::<Option<Map<_, _>>>();
    Some(match literals {
        Some(map) => ValueExpression::Literal(Json::Object(map)),
        None => ValueExpression::Object(values),
    })
}

fn wrong(
    place: Place<'_>,
    node: &Node,
    found: &str,
    expected: Expected<'_>,
) -> Option<ValueExpression> {
    let message = format!("expected {}, found {found}", expected.described());
    place
        .document
        .report(Finding::error("WrongType", node.span.clone(), message));
    None
}

fn as_literal(value: &ValueExpression) -> Option<Json> {
    match value {
        ValueExpression::Literal(value) => Some(value.clone()),
        _ => None,
    }
}

/// Compiles the members of an object against what is expected of it.
pub(super) fn members(
    place: Place<'_>,
    node: &Node,
    members: &[Member],
    expected: Expected<'_>,
    what: &str,
) -> Option<Vec<(String, ValueExpression)>> {
    let complete = required(place, node, members, expected, what);
    let values: Vec<_> = members
        .iter()
        .map(|one| member(place, one, expected, what))
        .collect();
    let values = values.into_iter().collect::<Option<Vec<_>>>()?;
    complete.then_some(values)
}

fn member(
    place: Place<'_>,
    member: &Member,
    expected: Expected<'_>,
    what: &str,
) -> Option<(String, ValueExpression)> {
    if member.value.is_null() && expected.required().contains(&member.key) {
        let message = format!("{what} needs a value for `{}`", member.key);
        let finding = Finding::error("MissingValue", member.key_span.clone(), message);
        place
            .document
            .report(finding.help("write a value after the colon"));
        return None;
    }
    match expected.member(&member.key) {
        Ok(expected) => Some((member.key.clone(), value(place, &member.value, expected)?)),
        Err(Unfit { help, .. }) => {
            let message = format!("{what} has no key `{}`", member.key);
            let mut finding = Finding::error("UnknownKey", member.key_span.clone(), message);
            finding.help = help;
            place.document.report(finding);
            None
        }
    }
}

fn required(
    place: Place<'_>,
    node: &Node,
    members: &[Member],
    expected: Expected<'_>,
    what: &str,
) -> bool {
    let mut complete = true;
    for name in expected.required() {
        let slip = |member: &Member| nearest(&member.key, [name.as_str()]).is_some();
        if !members
            .iter()
            .any(|member| member.key == name || slip(member))
        {
            let message = format!("{what} needs `{name}`");
            let finding = Finding::error("MissingKey", node.span.clone(), message);
            let example = expected
                .member(&name)
                .map_or_else(|_| "…".to_owned(), Expected::described);
            place
                .document
                .report(finding.help(format!("add `{name}:` with {example}")));
            complete = false;
        }
    }
    complete
}
