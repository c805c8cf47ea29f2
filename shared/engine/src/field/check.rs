//! Whether a field's constraints make sense, found when definitions are read.

use serde_json::Number;

use super::accept::accept;
use super::{Field, Kind, number, phone, text};

/// A constraint that cannot be meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadConstraint {
    /// Where within the field: empty, `of`, `of.name`.
    pub path: String,
    /// The constraint: `pattern`.
    pub key: &'static str,
    /// What is wrong.
    pub message: String,
}

/// The most digits after the point that a decimal can have.
const MAX_SCALE: u32 = 28;

impl Field {
    /// Every constraint of this field, and of the fields in it, that cannot be meant.
    #[must_use]
    pub fn check(&self) -> Vec<BadConstraint> {
        let own = [
            self.misplaced(),
            self.bad_bounds(),
            self.bad_pattern(),
            self.bad_region(),
            self.bad_scale(),
            self.bad_values(),
        ];
        let mut found: Vec<BadConstraint> = own.into_iter().flatten().collect();
        found.extend(self.inner());
        // A default is judged last: by constraints that make sense.
        if found.is_empty() {
            found.extend(self.bad_default());
        }
        found
    }

    fn inner(&self) -> Vec<BadConstraint> {
        match &self.kind {
            Kind::List(of) => within("of", of.check()),
            Kind::Object(members) => {
                let checked = members.iter();
                checked
                    .flat_map(|(name, field)| within(&format!("of.{name}"), field.check()))
                    .collect()
            }
            _ => Vec::new(),
        }
    }

    fn misplaced(&self) -> Option<BadConstraint> {
        let sized = matches!(
            self.kind,
            Kind::String | Kind::List(_) | Kind::Integer | Kind::Decimal
        );
        let (key, of) = match () {
            () if self.min.is_some() && !sized => ("min", SIZED),
            () if self.max.is_some() && !sized => ("max", SIZED),
            () if self.pattern.is_some() && self.kind != Kind::String => ("pattern", "a string"),
            () if self.region.is_some() && self.kind != Kind::Phone => ("region", "a phone"),
            () if self.scale.is_some() && self.kind != Kind::Decimal => ("scale", "a decimal"),
            () if !self.values.is_empty() && self.kind != Kind::Enum => ("values", "an enum"),
            () => return None,
        };
        Some(bad(key, format!("only {of} has `{key}`")))
    }

    fn bad_bounds(&self) -> Option<BadConstraint> {
        let counted = matches!(self.kind, Kind::String | Kind::List(_));
        let is_count = |bound: &Option<Number>| bound.as_ref().is_none_or(Number::is_u64);
        if counted && !is_count(&self.min) {
            return Some(bad("min", "a length is a whole number from 0"));
        }
        if counted && !is_count(&self.max) {
            return Some(bad("max", "a length is a whole number from 0"));
        }
        let bound = |bound: &Option<Number>| bound.as_ref().map(number::bound_of);
        match (bound(&self.min), bound(&self.max)) {
            (Some(None), _) => Some(bad("min", "the number has too many digits")),
            (_, Some(None)) => Some(bad("max", "the number has too many digits")),
            (Some(min), Some(max)) if min > max => Some(bad("min", "`min` is greater than `max`")),
            _ => None,
        }
    }

    fn bad_pattern(&self) -> Option<BadConstraint> {
        let error = text::anchored(self.pattern.as_deref()?).err()?;
        Some(bad("pattern", error.to_string()))
    }

    fn bad_region(&self) -> Option<BadConstraint> {
        let region = self.region.as_deref()?;
        if phone::is_region(region) {
            return None;
        }
        Some(bad(
            "region",
            format!("`{region}` is no region; write two capital letters such as `US`"),
        ))
    }

    fn bad_scale(&self) -> Option<BadConstraint> {
        self.scale.filter(|scale| *scale > MAX_SCALE)?;
        Some(bad(
            "scale",
            format!("a decimal has at most {MAX_SCALE} digits after the point"),
        ))
    }

    fn bad_values(&self) -> Option<BadConstraint> {
        if self.kind != Kind::Enum {
            return None;
        }
        let mut seen = std::collections::BTreeSet::new();
        match self.values.iter().find(|value| !seen.insert(*value)) {
            Some(twice) => Some(bad("values", format!("`{twice}` is listed twice"))),
            None if self.values.is_empty() => Some(bad("values", "an enum lists its values")),
            None => None,
        }
    }

    fn bad_default(&self) -> Option<BadConstraint> {
        let found = accept(self, self.default.as_ref()?).err()?;
        let first = found.first()?;
        Some(bad(
            "default",
            format!("`{}` is not {}", first.actual, first.expected),
        ))
    }
}

const SIZED: &str = "a string, list, integer or decimal";

fn bad(key: &'static str, message: impl Into<String>) -> BadConstraint {
    BadConstraint {
        path: String::new(),
        key,
        message: message.into(),
    }
}

fn within(prefix: &str, found: Vec<BadConstraint>) -> Vec<BadConstraint> {
    let joined = |inner: BadConstraint| {
        let joint = if inner.path.is_empty() { "" } else { "." };
        let path = format!("{prefix}{joint}{}", inner.path);
        BadConstraint { path, ..inner }
    };
    found.into_iter().map(joined).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn keys(field: &Field) -> Vec<(String, &'static str)> {
        field
            .check()
            .into_iter()
            .map(|bad| (bad.path, bad.key))
            .collect()
    }

    #[test]
    fn a_constraint_of_another_type_is_refused() {
        let of = |kind| Field::of(kind);
        for (key, field) in [
            (
                "min",
                Field {
                    min: Some(1.into()),
                    ..of(Kind::Date)
                },
            ),
            (
                "max",
                Field {
                    max: Some(1.into()),
                    ..of(Kind::Phone)
                },
            ),
            (
                "pattern",
                Field {
                    pattern: Some("a".into()),
                    ..of(Kind::Email)
                },
            ),
            (
                "region",
                Field {
                    region: Some("US".into()),
                    ..of(Kind::String)
                },
            ),
            (
                "scale",
                Field {
                    scale: Some(2),
                    ..of(Kind::Integer)
                },
            ),
            (
                "values",
                Field {
                    values: vec!["a".into()],
                    ..of(Kind::String)
                },
            ),
        ] {
            assert_eq!(keys(&field), [(String::new(), key)]);
        }
    }

    #[test]
    fn a_constraint_that_nothing_fulfils_is_refused() {
        let of = |kind| Field::of(kind);
        let twice = vec!["a".to_owned(), "a".to_owned()];
        for (key, field) in [
            (
                "min",
                Field {
                    min: Some((-1).into()),
                    ..of(Kind::String)
                },
            ),
            (
                "min",
                Field {
                    min: Some(2.into()),
                    max: Some(1.into()),
                    ..of(Kind::Integer)
                },
            ),
            (
                "max",
                Field {
                    max: Number::from_f64(1e300),
                    ..of(Kind::Decimal)
                },
            ),
            (
                "pattern",
                Field {
                    pattern: Some("(".into()),
                    ..of(Kind::String)
                },
            ),
            (
                "region",
                Field {
                    region: Some("us".into()),
                    ..of(Kind::Phone)
                },
            ),
            (
                "scale",
                Field {
                    scale: Some(29),
                    ..of(Kind::Decimal)
                },
            ),
            ("values", of(Kind::Enum)),
            (
                "values",
                Field {
                    values: twice,
                    ..of(Kind::Enum)
                },
            ),
            (
                "default",
                Field {
                    default: Some(json!("x")),
                    ..of(Kind::Integer)
                },
            ),
        ] {
            assert_eq!(keys(&field), [(String::new(), key)], "{field:?}");
        }
    }

    #[test]
    fn inner_fields_are_checked_with_their_path() {
        let enumeration = Field::of(Kind::Enum);
        let object = Field::of(Kind::Object([("state".to_owned(), enumeration)].into()));
        let list = Field::of(Kind::List(Box::new(object)));
        assert_eq!(keys(&list), [("of.of.state".to_owned(), "values")]);
        assert_eq!(keys(&Field::of(Kind::String)), []);
    }
}
