//! Why two records may be one, field by field.

use std::fmt::Write as _;

use holdfast_engine::duplicate::Compared;
use serde_json::Value as Json;

use crate::output::style::{BOLD, DIM, PLAIN};

/// Writes what the review item of a probable duplicate says of each record that it names.
pub(super) fn text(text: &mut String, matches: &[Json]) {
    let _ = writeln!(text, "\n{BOLD}what is alike{PLAIN}");
    for found in matches {
        let record = found.get("record").and_then(Json::as_str).unwrap_or("?");
        let score = found.get("score").and_then(Json::as_f64).unwrap_or(0.0);
        let _ = writeln!(text, "  {record}  {DIM}score{PLAIN} {score:.2}");
        let why = found.get("why").and_then(Json::as_array).into_iter();
        for field in why.flatten() {
            if let Ok(compared) = serde_json::from_value(field.clone()) {
                let _ = writeln!(text, "    {}", line(&compared));
            }
        }
    }
}

fn line(compared: &Compared) -> String {
    let name = &compared.field;
    let Some(alike) = compared.alike else {
        return format!("{name:<16}{DIM}unset in one of them{PLAIN}");
    };
    let values = compared.values.as_ref();
    let values = values.map_or_else(String::new, |[one, other]| format!("  {one} / {other}"));
    let elsewhere = if compared.exchanged {
        ", in each other's place"
    } else {
        ""
    };
    format!(
        "{name:<16}{alike:.2} alike  {:+.1}{values}{elsewhere}",
        compared.points
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_field_has_a_line_with_what_it_adds() {
        let mut shown = String::new();
        let matches = json!([{ "record": "r1", "score": 0.967, "why": [
            { "field": "name", "alike": 0.973, "points": 5.111, "values": ["Jon", "John"] },
            { "field": "first", "alike": 0.95, "points": 4.0, "exchanged": true, "values": ["a", "b"] },
            { "field": "email", "points": 0.0 },
        ] }]);
        text(&mut shown, matches.as_array().unwrap());
        let plain = anstream::adapter::strip_str(&shown).to_string();
        assert_eq!(
            plain,
            "\nwhat is alike\n  r1  score 0.97\n    name            0.97 alike  +5.1  Jon / John\n    \
             first           0.95 alike  +4.0  a / b, in each other's place\n    \
             email           unset in one of them\n"
        );
    }
}
