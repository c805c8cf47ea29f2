//! The part of the scope that a template reads, and its values for one rendering.

use std::collections::BTreeMap;

use minijinja::value::Value as Printed;
use serde_json::Value as Json;

use super::filters::{CLOCK, clock};
use super::values::{Linked, printed};
use crate::expr::resolve::{Resolved, Source};
use crate::expr::value::Value;
use crate::expr::{EvaluationError, Scope, Type};

/// What is read at one name, and below it.
#[derive(Debug, Default)]
pub(super) struct Shape {
    /// Read as a whole, by this type.
    whole: Option<Type>,
    /// The key of the strong read, where members are read through a reference.
    reference: Option<String>,
    members: BTreeMap<String, Shape>,
}

impl Shape {
    pub(super) fn add(&mut self, path: &str, resolved: &Resolved) {
        let mut at = self;
        let mut walked = String::new();
        for name in path.split('.') {
            if !walked.is_empty() {
                walked.push('.');
            }
            walked.push_str(name);
            at = at.members.entry(name.to_owned()).or_default();
            if resolved.hops.iter().any(|hop| hop.path == walked) {
                at.reference = Some(walked.clone());
            }
        }
        let now = resolved.source == Source::Root("now".to_owned());
        at.whole = Some(if now { Type::Time } else { resolved.ty.clone() });
    }

    /// The types of what is read as a whole, with the paths.
    pub(super) fn leaves(&self) -> Vec<(String, &Type)> {
        let mut leaves = Vec::new();
        self.collect("", &mut leaves);
        leaves
    }

    fn collect<'s>(&'s self, path: &str, leaves: &mut Vec<(String, &'s Type)>) {
        if let Some(ty) = &self.whole {
            leaves.push((path.to_owned(), ty));
        }
        for (name, member) in &self.members {
            let path = if path.is_empty() {
                name.clone()
            } else {
                format!("{path}.{name}")
            };
            member.collect(&path, leaves);
        }
    }

    /// The values of all that the template reads, and the clock.
    pub(super) fn context(&self, scope: &Scope<'_>) -> Result<Printed, EvaluationError> {
        let mut roots = BTreeMap::new();
        for (name, shape) in &self.members {
            let json = scope
                .roots
                .iter()
                .find(|(root, _)| root == name)
                .map(|(_, json)| *json);
            let value = match (name.as_str(), json) {
                ("now", None) => printed(Value::Time(scope.now))?,
                _ => shape.value(json, scope, name)?,
            };
            roots.insert(name.clone(), value);
        }
        roots.insert(CLOCK.to_owned(), clock(scope));
        Ok(Printed::from(roots))
    }

    fn value(
        &self,
        json: Option<&Json>,
        scope: &Scope<'_>,
        path: &str,
    ) -> Result<Printed, EvaluationError> {
        let Some(json) = json.filter(|json| !json.is_null()) else {
            return Ok(Printed::UNDEFINED);
        };
        if let Some(key) = &self.reference {
            let members = self.named(|name| scope.refs.get(key)?.get(name), scope, path)?;
            let id = json.as_str().unwrap_or_default().to_owned();
            return Ok(Printed::from_object(Linked { id, members }));
        }
        match &self.whole {
            Some(ty) if !self.follows() => printed(Value::read(json, ty, path)?),
            _ => Ok(Printed::from(self.named(
                |name| json.get(name),
                scope,
                path,
            )?)),
        }
    }

    fn named<'j>(
        &self,
        member: impl Fn(&str) -> Option<&'j Json>,
        scope: &Scope<'_>,
        path: &str,
    ) -> Result<BTreeMap<String, Printed>, EvaluationError> {
        let value = |(name, shape): (&String, &Shape)| {
            let value = shape.value(member(name), scope, &format!("{path}.{name}"))?;
            Ok((name.clone(), value))
        };
        self.members.iter().map(value).collect()
    }

    /// Whether a reference is followed somewhere below.
    fn follows(&self) -> bool {
        self.members
            .values()
            .any(|member| member.reference.is_some() || member.follows())
    }
}
