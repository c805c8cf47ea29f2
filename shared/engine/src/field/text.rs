//! Text: strings, choices, lengths, and names that are nearly right.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use regex::Regex;
use serde_json::{Number, Value as Json};

use super::Field;
use super::violation::{Fault, Rule};

/// The text of a value; stores and providers disagree about NUL, so no text holds one.
pub(super) fn given<'a>(value: &'a Json, expected: &str) -> Result<&'a str, Fault> {
    match value {
        Json::String(text) if text.contains('\0') => Err(nul()),
        Json::String(text) => Ok(text),
        _ => Err(Fault::ty(expected)),
    }
}

pub(super) fn nul() -> Fault {
    Fault::format("text without NUL characters")
}

pub(super) fn holds_nul(value: &Json) -> bool {
    match value {
        Json::String(text) => text.contains('\0'),
        Json::Array(elements) => elements.iter().any(holds_nul),
        Json::Object(members) => {
            let mut members = members.iter();
            members.any(|(name, value)| name.contains('\0') || holds_nul(value))
        }
        _ => false,
    }
}

/// A string: kept as it is, the empty one too.
pub(super) fn string(field: &Field, text: &str) -> Result<String, Fault> {
    check_length(field, text.chars().count(), "characters")?;
    if let Some(pattern) = &field.pattern {
        let matches = compiled(pattern).is_some_and(|regex| regex.is_match(text));
        if !matches {
            return Err(Fault::new(
                Rule::Pattern,
                format!("text that matches `{pattern}`"),
            ));
        }
    }
    Ok(text.to_owned())
}

pub(super) fn check_length(field: &Field, length: usize, unit: &str) -> Result<(), Fault> {
    let length = u64::try_from(length).unwrap_or(u64::MAX);
    let bound = |bound: &Option<Number>| bound.as_ref().and_then(Number::as_u64);
    if let Some(min) = bound(&field.min).filter(|min| length < *min) {
        return Err(Fault::new(Rule::Min, format!("at least {min} {unit}")));
    }
    if let Some(max) = bound(&field.max).filter(|max| length > *max) {
        return Err(Fault::new(Rule::Max, format!("at most {max} {unit}")));
    }
    Ok(())
}

/// One of the field's values, to the letter.
pub(super) fn choice(field: &Field, text: &str) -> Result<String, Fault> {
    if field.values.iter().any(|value| value == text) {
        return Ok(text.to_owned());
    }
    let fault = Fault::new(Rule::Values, format!("one of {}", field.values.join(", ")));
    let hint = nearest(text, field.values.iter().map(String::as_str));
    Err(Fault { hint, ..fault })
}

/// The longest text that can be meant for a name, in bytes: distances cost its square.
const NAME_LIKE: usize = 64;

/// "did you mean …?", where one of the names is near enough to be meant.
pub(super) fn nearest<'a>(text: &str, names: impl Iterator<Item = &'a str>) -> Option<String> {
    if text.len() > NAME_LIKE {
        return None;
    }
    let wanted = text.to_lowercase();
    let distance = |name: &str| strsim::damerau_levenshtein(&wanted, &name.to_lowercase());
    let limit = wanted.chars().count().div_ceil(3).min(4);
    let near = names.map(|name| (distance(name), name)).min()?;
    (near.0 <= limit).then(|| format!("did you mean `{}`?", near.1))
}

/// A pattern compiled as it is used: it matches the whole text.
pub(super) fn anchored(pattern: &str) -> Result<Regex, regex::Error> {
    // Checked alone first, so that `a)|(b` cannot close our group.
    Regex::new(pattern)?;
    Regex::new(&format!(r"\A(?:{pattern})\z"))
}

/// Compiled once: patterns come from definitions, so there are few of them.
fn compiled(pattern: &str) -> Option<Arc<Regex>> {
    static COMPILED: LazyLock<RwLock<HashMap<String, Arc<Regex>>>> = LazyLock::new(RwLock::default);
    let known = COMPILED.read().unwrap_or_else(PoisonError::into_inner);
    if let Some(regex) = known.get(pattern) {
        return Some(Arc::clone(regex));
    }
    drop(known);
    let regex = Arc::new(anchored(pattern).ok()?);
    let mut known = COMPILED.write().unwrap_or_else(PoisonError::into_inner);
    known.insert(pattern.to_owned(), Arc::clone(&regex));
    Some(regex)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::Kind;

    #[test]
    fn lengths_count_characters() {
        let field = Field {
            max: Some(2.into()),
            min: Some(2.into()),
            ..Field::of(Kind::String)
        };
        assert_eq!(string(&field, "äö"), Ok("äö".to_owned()));
        assert_eq!(string(&field, "ä").unwrap_err().rule, Rule::Min);
        assert_eq!(string(&field, "äöü").unwrap_err().rule, Rule::Max);
    }

    #[test]
    fn a_pattern_matches_the_whole_text() {
        let field = Field {
            pattern: Some("a|ab".into()),
            ..Field::of(Kind::String)
        };
        assert!(string(&field, "ab").is_ok());
        for text in ["xab", "abx", "ab\n", "a\nb"] {
            assert_eq!(
                string(&field, text).unwrap_err().rule,
                Rule::Pattern,
                "{text:?}"
            );
        }
        assert!(anchored("a)|(b").is_err());
    }

    #[test]
    fn a_choice_that_is_nearly_right_gets_a_hint() {
        let values = vec!["active".to_owned(), "paused".to_owned()];
        let field = Field {
            values,
            ..Field::of(Kind::Enum)
        };
        assert_eq!(choice(&field, "paused"), Ok("paused".to_owned()));
        let hint = choice(&field, "Actve").unwrap_err().hint;
        assert_eq!(hint.as_deref(), Some("did you mean `active`?"));
        assert_eq!(choice(&field, "zzz").unwrap_err().hint, None);
        let long = "active".repeat(1000);
        assert_eq!(choice(&field, &long).unwrap_err().hint, None);
    }
}
