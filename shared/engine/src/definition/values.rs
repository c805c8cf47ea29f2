//! Literals of YAML as JSON.
//!
//! Only what is a number in JSON is one here: `+15550100`, `007` and `0x1F` are text, because in
//! definitions they are phones and codes.

use std::str::FromStr;
use std::time::Duration;

use serde_json::{Number, Value as Json};

use super::yaml::{Data, Node, Scalar, quoted};
use crate::expr::duration::Span;

/// The value of a scalar without marks.
pub(crate) fn literal(scalar: &Scalar) -> Json {
    let text = scalar.text.as_str();
    if !scalar.plain {
        return Json::String(text.to_owned());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Json::Null,
        "true" | "True" | "TRUE" => Json::Bool(true),
        "false" | "False" | "FALSE" => Json::Bool(false),
        _ => number(text).map_or_else(|| Json::String(text.to_owned()), Json::Number),
    }
}

fn number(text: &str) -> Option<Number> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    digits
        .starts_with(|c: char| c.is_ascii_digit())
        .then(|| serde_json::from_str(text).ok())?
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or(text)),
        None => text.to_owned(),
    }
}

impl Node {
    /// What the node is, for messages.
    pub(crate) fn described(&self) -> String {
        match &self.data {
            Data::List(_) => "a list".to_owned(),
            Data::Map(_) => "a mapping".to_owned(),
            Data::Broken => "nothing".to_owned(),
            Data::Scalar(scalar) => match literal(scalar) {
                Json::Null => "nothing".to_owned(),
                Json::Bool(_) => format!("the boolean `{}`", scalar.text),
                Json::Number(_) => format!("the number `{}`", scalar.text),
                _ => format!("the text {}", quoted(&shortened(&scalar.text))),
            },
        }
    }

    /// The whole node as JSON, marks not read.
    pub(crate) fn json(&self) -> Json {
        match &self.data {
            Data::Broken => Json::Null,
            Data::Scalar(scalar) => literal(scalar),
            Data::List(nodes) => nodes.iter().map(Node::json).collect(),
            Data::Map(members) => members
                .iter()
                .map(|member| (member.key.clone(), member.value.json()))
                .collect(),
        }
    }

    /// The texts of a list, or of the one element that stands for it.
    pub(crate) fn texts(&self) -> Vec<String> {
        self.elements()
            .iter()
            .filter_map(Node::text)
            .map(str::to_owned)
            .collect()
    }

    /// Whether the member `key` has this many elements or members; absent is none.
    pub(crate) fn counts(&self, key: &str, expected: usize) -> bool {
        let count = self.get(key).map_or(0, |node| match &node.data {
            Data::Map(members) => members.len(),
            _ => node.elements().len(),
        });
        count == expected
    }

    /// What the text of the member `key` reads as.
    pub(crate) fn read<T: FromStr>(&self, key: &str) -> Option<T> {
        self.get(key)?.text()?.parse().ok()
    }

    /// The boolean of the member `key`; absent is `false`.
    pub(crate) fn flag(&self, key: &str) -> bool {
        self.get(key)
            .is_some_and(|node| node.json() == Json::Bool(true))
    }

    pub(crate) fn duration(&self) -> Option<Duration> {
        self.text()?.parse::<Span>().ok()?.exact()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phones_and_codes_stay_text() {
        let plain = |text: &str| {
            literal(&Scalar {
                text: text.into(),
                plain: true,
                exact: None,
            })
        };
        for text in [
            "+15550100",
            "007",
            "0x1F",
            "1_000",
            ".5",
            "no",
            "yes",
            "1:30",
            "-",
        ] {
            assert_eq!(plain(text), Json::from(text), "{text}");
        }
        assert_eq!(plain("-12"), Json::from(-12));
        assert_eq!(plain("1.5"), Json::from(1.5));
        assert_eq!(plain("True"), Json::from(true));
    }
}
