//! What is wrong with a value, in the words of the person who has to mend it.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// What a masked value shows instead.
const MASK: &str = "***";

/// The longest part of a value that a report shows, in characters.
const SHOWN: usize = 80;

/// The rule that a value breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// A required field is unset.
    Required,
    /// The JSON type is another.
    Type,
    /// The text does not have the field type's form.
    Format,
    /// Too small or too short.
    Min,
    /// Too large or too long.
    Max,
    /// The text does not match the pattern.
    Pattern,
    /// More digits after the point than the scale.
    Scale,
    /// Not one of the allowed values.
    Values,
    /// No such field.
    Unknown,
    /// Anything else that a JSON Schema says.
    Schema,
}

/// One mistake in a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// Where: `address.lines[2]`; empty for the value itself.
    pub path: String,
    /// The rule that is broken.
    pub rule: Rule,
    /// What would be right.
    pub expected: String,
    /// The value as JSON text, shortened; masked where the field is `pii`.
    pub actual: String,
    /// A way to mend it, where one is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// All mistakes as one sentence: `email: expected an e-mail address; phone: …`.
#[must_use]
pub fn describe(violations: &[Violation]) -> String {
    let one = |violation: &Violation| match violation.path.as_str() {
        "" => format!("expected {}", violation.expected),
        path => format!("{path}: expected {}", violation.expected),
    };
    violations.iter().map(one).collect::<Vec<_>>().join("; ")
}

impl Violation {
    pub(super) fn new(fault: Fault, value: &Json) -> Self {
        Self {
            path: String::new(),
            rule: fault.rule,
            expected: fault.expected,
            actual: shown(value),
            hint: fault.hint,
        }
    }

    /// A mistake in a value of which nothing may be shown.
    pub(super) fn hidden(fault: Fault) -> Self {
        Self::new(fault, &Json::Bool(false)).masked()
    }

    /// The same mistake seen from the object that has the value as its member.
    #[must_use]
    pub fn within(mut self, member: &str) -> Self {
        let joint = match self.path.chars().next() {
            None | Some('[') => "",
            Some(_) => ".",
        };
        self.path = format!("{member}{joint}{}", self.path);
        self
    }

    /// The same mistake seen from the list that has the value as its element.
    pub(super) fn at(self, index: usize) -> Self {
        self.within(&format!("[{index}]"))
    }

    /// The same mistake without anything that came from the value; that it is unset is no secret.
    pub(super) fn masked(mut self) -> Self {
        if self.actual != "null" {
            MASK.clone_into(&mut self.actual);
        }
        self.hint = None;
        self
    }
}

fn shown(value: &Json) -> String {
    let text = value.to_string();
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.split_at(end).0),
        None => text,
    }
}

/// A mistake before it is known where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) rule: Rule,
    pub(super) expected: String,
    pub(super) hint: Option<String>,
}

impl Fault {
    pub(super) fn new(rule: Rule, expected: impl Into<String>) -> Self {
        Self {
            rule,
            expected: expected.into(),
            hint: None,
        }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The JSON type is not what the field type reads.
    pub(super) fn ty(expected: &str) -> Self {
        Self::new(Rule::Type, expected)
    }

    /// The text has not the form of the field type.
    pub(super) fn format(expected: &str) -> Self {
        Self::new(Rule::Format, expected)
    }
}
