//! The score of two records, and what each field adds to it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::alike::{alike, words};
use super::{Clue, ClueKind, Duplicates};

/// The points that two records start with: of those in one block one pair in 256 is one.
const START: f64 = -8.0;

/// Up to here two values differ; from here to 1 the points rise evenly.
const DIFFERENT: f64 = 0.8;

/// From here two texts are each other's, where they stand in each other's field.
const EXCHANGED: f64 = 0.9;

/// The likeness that is left to values in each other's field.
const ELSEWHERE: f64 = 0.95;

/// What is shown instead of a personal value.
const MASK: &str = "***";

/// The longest part of a value that is shown, in characters.
const SHOWN: usize = 80;

/// The points of a field.
struct Points {
    agrees: f64,
    differs: f64,
}

/// What a field may add. A date of birth hardly ever agrees by chance and does not change; people
/// share phone numbers and addresses, and have several, so that a different one says little; a
/// text of several words tells more than one word.
fn points(kind: ClueKind, several_words: bool) -> Points {
    let (agrees, differs) = match (kind, several_words) {
        (ClueKind::Text, false) => (5.0, -4.0),
        (ClueKind::Text, true) => (7.0, -4.0),
        (ClueKind::Date, _) => (8.0, -4.0),
        (ClueKind::Phone | ClueKind::Email, _) => (7.0, -1.0),
    };
    Points { agrees, differs }
}

/// How likely two records are one, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Likeness {
    /// From 0 to 1.
    pub score: f64,
    /// What each field says, in the order of the definition.
    pub fields: Vec<Compared>,
}

/// What a field says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Compared {
    /// The field.
    pub field: String,
    /// How alike its values are, from 0 to 1; absent where one of them is unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alike: Option<f64>,
    /// What it adds: each point doubles the odds.
    pub points: f64,
    /// Whether its value stands in the field of another text.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub exchanged: bool,
    /// The two values, masked where they are personal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<[String; 2]>,
}

/// Compares two records by their values.
#[must_use]
pub fn compare(
    duplicates: &Duplicates,
    one: &Map<String, Json>,
    other: &Map<String, Json>,
) -> Likeness {
    let both = |clue| Both::of(clue, one, other);
    let mut both: Vec<Option<Both<'_>>> = duplicates.by.iter().map(both).collect();
    exchange(&mut both);
    let mut sum = START;
    let mut fields = Vec::new();
    for (clue, both) in duplicates.by.iter().zip(&both) {
        let points = both.as_ref().map_or(0.0, Both::points);
        sum += points;
        fields.push(Compared {
            field: clue.field.clone(),
            alike: both.as_ref().map(|both| rounded(both.alike)),
            points: rounded(points),
            exchanged: both.as_ref().is_some_and(|both| both.exchanged),
            values: both
                .as_ref()
                .map(|both| both.values.map(|it| shown(clue, it))),
        });
    }
    Likeness {
        score: rounded(chance(sum)),
        fields,
    }
}

/// The highest score that these fields can come to.
#[must_use]
pub fn reachable(by: &[Clue]) -> f64 {
    let most = |clue: &Clue| points(clue.kind, true).agrees;
    chance(START + by.iter().map(most).sum::<f64>())
}

/// Odds as a probability.
fn chance(points: f64) -> f64 {
    1.0 / (1.0 + (-points).exp2())
}

fn rounded(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}

fn shown(clue: &Clue, value: &str) -> String {
    if clue.pii {
        return MASK.to_owned();
    }
    value.chars().take(SHOWN).collect()
}

/// A field that both records have.
struct Both<'a> {
    kind: ClueKind,
    values: [&'a str; 2],
    alike: f64,
    exchanged: bool,
}

impl<'a> Both<'a> {
    fn of(clue: &Clue, one: &'a Map<String, Json>, other: &'a Map<String, Json>) -> Option<Self> {
        let value = |of: &'a Map<String, Json>| {
            let text = of.get(&clue.field)?.as_str()?;
            (!words(text).is_empty()).then_some(text)
        };
        let values = [value(one)?, value(other)?];
        let [one, other] = values;
        Some(Self {
            kind: clue.kind,
            values,
            alike: alike(clue.kind, one, other),
            exchanged: false,
        })
    }

    fn points(&self) -> f64 {
        let [one, other] = self.values.map(|value| words(value).len());
        let Points { agrees, differs } = points(self.kind, one.min(other) > 1);
        let risen = ((self.alike - DIFFERENT) / (1.0 - DIFFERENT)).max(0.0);
        differs + (agrees - differs) * risen
    }

    fn differs(&self) -> bool {
        self.kind == ClueKind::Text && self.alike < DIFFERENT
    }
}

/// First name and surname are often in each other's field: two texts that differ, and agree
/// crosswise, agree.
fn exchange(fields: &mut [Option<Both<'_>>]) {
    for at in 1..fields.len() {
        let (before, rest) = fields.split_at_mut(at);
        let Some(Some(other)) = rest.first_mut() else {
            continue;
        };
        for one in before.iter_mut().flatten() {
            if !(one.differs() && other.differs()) {
                continue;
            }
            let ([a, b], [c, d]) = (one.values, other.values);
            let across = alike(ClueKind::Text, a, d).min(alike(ClueKind::Text, c, b));
            if across >= EXCHANGED {
                for both in [&mut *one, &mut *other] {
                    both.alike = across * ELSEWHERE;
                    both.exchanged = true;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn clue(field: &str, kind: ClueKind, pii: bool) -> Clue {
        let field = field.to_owned();
        Clue { field, kind, pii }
    }

    fn person() -> Duplicates {
        let by = vec![
            clue("name", ClueKind::Text, false),
            clue("phone", ClueKind::Phone, true),
            clue("email", ClueKind::Email, true),
            clue("born", ClueKind::Date, false),
        ];
        Duplicates { by, above: 0.9 }
    }

    fn score(one: &Json, other: &Json) -> f64 {
        let (one, other) = (one.as_object().unwrap(), other.as_object().unwrap());
        compare(&person(), one, other).score
    }

    #[test]
    fn a_name_and_one_thing_more_are_enough_and_one_thing_is_not() {
        let ann = json!({ "name": "Ann Smith", "phone": "+12025550173", "born": "1980-04-12" });
        for (other, enough) in [
            (
                json!({ "name": "Anne Smith", "phone": "+12025550173" }),
                true,
            ),
            (json!({ "name": "Smith, Ann", "born": "1980-04-12" }), true),
            (json!({ "name": "Ann Smith" }), false),
            (json!({ "phone": "+12025550173" }), false),
            (
                json!({ "name": "Bob Smith", "phone": "+12025550173" }),
                false,
            ),
            (json!({ "name": "Ann Smith", "born": "1999-11-30" }), false),
            (json!({}), false),
        ] {
            let score = score(&ann, &other);
            assert_eq!(score >= 0.9, enough, "{score} {other}");
        }
    }

    #[test]
    fn every_field_says_what_it_adds_and_personal_values_are_masked() {
        let one = json!({ "name": "Jon Smith", "phone": "+12025550173", "email": "j@example.com" });
        let other = json!({ "name": "John Smith", "phone": "+12025550173", "born": "1980-04-12" });
        let found = compare(
            &person(),
            one.as_object().unwrap(),
            other.as_object().unwrap(),
        );
        assert_eq!(
            serde_json::to_value(&found).unwrap(),
            json!({
                "score": 0.959,
                "fields": [
                    { "field": "name", "alike": 0.973, "points": 5.533, "values": ["Jon Smith", "John Smith"] },
                    { "field": "phone", "alike": 1.0, "points": 7.0, "values": ["***", "***"] },
                    { "field": "email", "points": 0.0 },
                    { "field": "born", "points": 0.0 },
                ]
            })
        );
    }

    #[test]
    fn texts_in_each_others_field_agree() {
        let by = ["first", "last"].map(|field| clue(field, ClueKind::Text, false));
        let by = by.into_iter().chain([clue("born", ClueKind::Date, false)]);
        let duplicates = Duplicates {
            by: by.collect(),
            above: 0.9,
        };
        let compare = |other: Json| {
            let one = json!({ "first": "Martha", "last": "Jones", "born": "1980-04-12" });
            compare(
                &duplicates,
                one.as_object().unwrap(),
                other.as_object().unwrap(),
            )
        };
        let exchanged =
            compare(json!({ "first": "Jones", "last": "Martha", "born": "1980-04-12" }));
        assert!(exchanged.score > 0.9, "{exchanged:?}");
        assert!(exchanged.fields[0].exchanged && exchanged.fields[1].exchanged);
        let sister = compare(json!({ "first": "Rosa", "last": "Jones", "born": "1984-09-01" }));
        assert!(sister.score < 0.1, "{sister:?}");
    }

    #[test]
    fn one_field_reaches_little_and_two_reach_enough() {
        let by = person().by;
        assert!(reachable(&by[..1]) < 0.5);
        assert!(reachable(&by[..2]) > 0.9);
    }
}
