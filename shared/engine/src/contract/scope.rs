//! The scope of an execution's expressions, built from what its envelope carries.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value as Json};

use crate::envelope::Context;
use crate::expr::Scope;
use crate::name::TenantName;

/// The roots of an execution's scope, as JSON.
#[derive(Debug, Clone)]
pub struct ScopeData {
    roots: Vec<(String, Json)>,
    tz: TimeZone,
}

impl ScopeData {
    /// The scope of what an execution knows.
    #[must_use]
    pub fn of(context: &Context, tenant: &TenantName) -> Self {
        let event = serde_json::to_value(&context.event).unwrap_or_default();
        let mut roots = vec![
            ("event".to_owned(), event),
            (
                "record".to_owned(),
                context.record.clone().unwrap_or_default(),
            ),
            ("steps".to_owned(), Json::Object(context.steps.clone())),
            ("config".to_owned(), Json::Object(context.config.clone())),
            ("tenant".to_owned(), Json::String(tenant.to_string())),
        ];
        roots.extend(
            context
                .lets
                .iter()
                .map(|(name, value)| (name.clone(), value.clone())),
        );
        if let Some(element) = &context.element {
            roots.push(("item".to_owned(), element.item.clone()));
        }
        Self {
            roots,
            tz: time_zone(&context.config),
        }
    }

    /// Sets a root.
    pub fn set(&mut self, name: &str, value: Json) {
        match self.roots.iter_mut().find(|(root, _)| root == name) {
            Some((_, old)) => *old = value,
            None => self.roots.push((name.to_owned(), value)),
        }
    }

    /// The value at a dotted path, first through what strong reads returned.
    #[must_use]
    pub fn at<'a>(&'a self, path: &str, refs: &'a BTreeMap<String, Json>) -> Option<&'a Json> {
        if let Some((parent, member)) = path.rsplit_once('.')
            && let Some(read) = refs.get(parent)
        {
            return read.get(member);
        }
        let mut segments = path.split('.');
        let first = segments.next()?;
        let (_, root) = self.roots.iter().find(|(root, _)| root == first)?;
        segments.try_fold(root, |value, segment| value.get(segment))
    }

    /// Calls `evaluate` with the scope.
    pub fn with<T>(
        &self,
        refs: &BTreeMap<String, Json>,
        now: Timestamp,
        evaluate: impl FnOnce(&Scope<'_>) -> T,
    ) -> T {
        let roots: Vec<(&str, &Json)> = self
            .roots
            .iter()
            .map(|(name, value)| (name.as_str(), value))
            .collect();
        evaluate(&Scope {
            roots: &roots,
            refs,
            now,
            tz: &self.tz,
        })
    }
}

/// The tenant's time zone, `config.tz`; UTC where it is unset.
#[must_use]
pub fn time_zone(config: &Map<String, Json>) -> TimeZone {
    let name = config.get("tz").and_then(Json::as_str);
    name.and_then(|name| TimeZone::get(name).ok())
        .unwrap_or(TimeZone::UTC)
}
