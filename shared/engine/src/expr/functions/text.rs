//! Functions of text.

use std::borrow::Cow;
use std::fmt::Write;

use regex::RegexBuilder;
use sha2::{Digest, Sha256};

use super::{Arguments, Function, Moment, Param, Result, Returns, domain, function};
use crate::expr::Type;
use crate::expr::value::Value;

/// How much of a hash is kept: 128 bits.
const HASH_BYTES: usize = 16;
/// The longest text that a function may build, in bytes.
const MAX_LEN: usize = 1 << 20;

/// The longest pattern that data may bring, in bytes, and the memory it may take.
const MAX_PATTERN: usize = 256;
const PATTERN_MEMORY: usize = 1 << 17;

const TEXT: (&str, Param) = ("text", Param::Text);

pub(super) static TABLE: [Function; 11] = [
    function(
        "contains",
        &[TEXT, ("part", Param::Text)],
        Returns::Is(Type::Bool),
        contains,
    ),
    function(
        "startsWith",
        &[TEXT, ("prefix", Param::Text)],
        Returns::Is(Type::Bool),
        starts_with,
    ),
    function(
        "endsWith",
        &[TEXT, ("suffix", Param::Text)],
        Returns::Is(Type::Bool),
        ends_with,
    ),
    function(
        "matches",
        &[TEXT, ("pattern", Param::Text)],
        Returns::Is(Type::Bool),
        matches,
    )
    .costly(1_000),
    function("lower", &[TEXT], Returns::Is(Type::String), lower),
    function("upper", &[TEXT], Returns::Is(Type::String), upper),
    function("trim", &[TEXT], Returns::Is(Type::String), trim),
    function(
        "replace",
        &[TEXT, ("old", Param::Text), ("new", Param::Text)],
        Returns::Is(Type::String),
        replace,
    ),
    function(
        "split",
        &[TEXT, ("separator", Param::Text)],
        Returns::Texts,
        split,
    ),
    function(
        "hash",
        &[("value", Param::Single)],
        Returns::Is(Type::String),
        hash,
    ),
    function("slug", &[TEXT], Returns::Is(Type::String), slug),
];

fn contains<'a>(_: Moment<'_>, arguments: &mut Arguments<'a>) -> Result<'a> {
    let (text, part) = (arguments.text()?, arguments.text()?);
    Ok(Value::Bool(text.contains(&*part)))
}

fn starts_with<'a>(_: Moment<'_>, arguments: &mut Arguments<'a>) -> Result<'a> {
    let (text, prefix) = (arguments.text()?, arguments.text()?);
    Ok(Value::Bool(text.starts_with(&*prefix)))
}

fn ends_with<'a>(_: Moment<'_>, arguments: &mut Arguments<'a>) -> Result<'a> {
    let (text, suffix) = (arguments.text()?, arguments.text()?);
    Ok(Value::Bool(text.ends_with(&*suffix)))
}

fn matches<'a>(_: Moment<'_>, arguments: &mut Arguments<'a>) -> Result<'a> {
    let (text, pattern) = (arguments.text()?, arguments.text()?);
    let regex = RegexBuilder::new(pattern.get(..MAX_PATTERN).unwrap_or(&pattern))
        .size_limit(PATTERN_MEMORY)
        .build()
        .ok()
        .filter(|_| pattern.len() <= MAX_PATTERN)
        .ok_or_else(|| {
            domain(format!(
                "`{pattern}` is no regular expression, or too large"
            ))
        })?;
    Ok(Value::Bool(regex.is_match(&text)))
}

fn lower<'a>(_: Moment<'_>, arguments: &mut Arguments<'a>) -> Result<'a> {
    Ok(Value::Text(arguments.text()?.to_lowercase().into()))
}

fn upper<'a>(_: Moment<'_>, arguments: &mut Arguments<'a>) -> Result<'a> {
    Ok(Value::Text(arguments.text()?.to_uppercase().into()))
}

fn trim<'a>(_: Moment<'_>, arguments: &mut Arguments<'a>) -> Result<'a> {
    Ok(Value::Text(match arguments.text()? {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    }))
}

fn replace<'a>(_: Moment<'_>, arguments: &mut Arguments<'a>) -> Result<'a> {
    let (text, old, new) = (arguments.text()?, arguments.text()?, arguments.text()?);
    let growth = text.matches(&*old).count().saturating_mul(new.len());
    if growth.saturating_add(text.len()) > MAX_LEN {
        return Err(domain("the text grows too long"));
    }
    Ok(Value::Text(text.replace(&*old, &new).into()))
}

fn split<'a>(_: Moment<'_>, arguments: &mut Arguments<'a>) -> Result<'a> {
    let (text, separator) = (arguments.text()?, arguments.text()?);
    let part = |part: &str| Value::Text(part.to_owned().into());
    Ok(Value::List(text.split(&*separator).map(part).collect()))
}

fn hash<'a>(_: Moment<'_>, arguments: &mut Arguments<'a>) -> Result<'a> {
    let text = arguments.next().into_text()?;
    let digest = Sha256::digest(text.as_bytes());
    let hex = digest
        .iter()
        .take(HASH_BYTES)
        .fold(String::new(), |mut hex, byte| {
            // Writing to a string cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        });
    Ok(Value::Text(hex.into()))
}

/// Letters and digits in lower case, everything between them one hyphen.
fn slug<'a>(_: Moment<'_>, arguments: &mut Arguments<'a>) -> Result<'a> {
    let text = arguments.text()?.to_lowercase();
    let words = text.split(|c: char| !c.is_alphanumeric());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    Ok(Value::Text(words.join("-").into()))
}
