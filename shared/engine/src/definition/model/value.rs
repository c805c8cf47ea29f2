//! Values as definitions write them: literals, expressions, templates, and structures of these.

use serde_json::{Map, Value as Json};

use crate::expr::{EvaluationError, Expression, RefRead, Scope, Template};

/// A value that is evaluated when its step is dispatched.
#[derive(Debug, Clone)]
pub enum ValueExpression {
    /// A value as written.
    Literal(Json),
    /// `=expr`: keeps its type.
    Expression(Expression),
    /// Text with `{{ }}`: always text.
    Template(Template),
    /// A list of values; an unset element is null.
    List(Vec<ValueExpression>),
    /// An object of values; an unset member is left out.
    Object(Vec<(String, ValueExpression)>),
}

impl ValueExpression {
    /// Evaluates the value; `None` is unset.
    ///
    /// # Errors
    /// The first expression or template that has no value.
    pub fn evaluate(&self, scope: &Scope<'_>) -> Result<Option<Json>, EvaluationError> {
        match self {
            Self::Literal(Json::Null) => Ok(None),
            Self::Literal(value) => Ok(Some(value.clone())),
            Self::Expression(expression) => expression.evaluate(scope),
            Self::Template(template) => template.render(scope).map(|text| Some(Json::String(text))),
            Self::List(values) => values
                .iter()
                .map(|value| Ok(value.evaluate(scope)?.unwrap_or(Json::Null)))
                .collect::<Result<_, _>>()
                .map(|list| Some(Json::Array(list))),
            Self::Object(members) => {
                evaluate_members(members, scope).map(|map| Some(Json::Object(map)))
            }
        }
    }

    /// Calls `visit` with each strong read of the value.
    pub fn visit_reads(&self, visit: &mut impl FnMut(&RefRead)) {
        match self {
            Self::Literal(_) => {}
            Self::Expression(expression) => expression.reads().iter().for_each(visit),
            Self::Template(template) => template.reads().iter().for_each(visit),
            Self::List(values) => values.iter().for_each(|value| value.visit_reads(visit)),
            Self::Object(members) => members
                .iter()
                .for_each(|(_, value)| value.visit_reads(visit)),
        }
    }
}

/// Evaluates named values; unset ones are left out.
///
/// # Errors
/// The first value that cannot be evaluated.
pub fn evaluate_members(
    members: &[(String, ValueExpression)],
    scope: &Scope<'_>,
) -> Result<Map<String, Json>, EvaluationError> {
    let mut map = Map::new();
    for (name, value) in members {
        if let Some(value) = value.evaluate(scope)? {
            map.insert(name.clone(), value);
        }
    }
    Ok(map)
}
