//! Blocks: records are compared only where something of them is the same, so that a new record
//! costs a few look-ups however many there are.

use serde_json::{Map, Value as Json};

use super::sound::sound;
use super::{Clue, ClueKind, Duplicates};
use crate::key;
use crate::name::{RecordType, TenantName};

/// What records of one block have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Block {
    /// The fields.
    fields: Vec<String>,
    /// What they say.
    says: Vec<String>,
}

impl Block {
    /// The partition that lists the block's records: a keyed hash, which tells nothing of them.
    #[must_use]
    pub fn partition(
        &self,
        identity_key: &[u8; 32],
        tenant: &TenantName,
        record_type: &RecordType,
    ) -> String {
        let fields: Vec<&str> = self.fields.iter().map(String::as_str).collect();
        let says: Vec<&str> = self.says.iter().map(String::as_str).collect();
        key::lookup(identity_key, tenant, record_type, &fields, &says)
    }
}

/// The blocks of a record with these values: one for each date, phone number and e-mail address,
/// and one for each two texts that are neighbours in the definition, by their sound; the last
/// text's neighbour is the first.
#[must_use]
pub fn blocks(duplicates: &Duplicates, values: &Map<String, Json>) -> Vec<Block> {
    let (texts, others): (Vec<&Clue>, Vec<&Clue>) = duplicates
        .by
        .iter()
        .partition(|clue| clue.kind == ClueKind::Text);
    let value = |clue: &Clue| values.get(&clue.field).and_then(Json::as_str);
    let exact = others.into_iter().filter_map(|clue| {
        let says = vec![value(clue)?.to_lowercase()];
        let fields = vec![label(clue)];
        Some(Block { fields, says })
    });
    let together = pairs(&texts).into_iter().filter_map(|pair| {
        let says = pair.iter().map(|clue| sound(value(clue)?));
        let mut says = says.collect::<Option<Vec<_>>>()?;
        // Names in each other's place are found, too.
        says.sort_unstable();
        let fields = pair.into_iter().map(label).collect();
        Some(Block { fields, says })
    });
    exact.chain(together).collect()
}

/// No field has such a name, so that a block is no key's look-up.
fn label(clue: &Clue) -> String {
    format!("~{}", clue.field)
}

fn pairs<'c>(texts: &[&'c Clue]) -> Vec<Vec<&'c Clue>> {
    match texts {
        [first, .., _] => {
            let next = texts.iter().skip(1).chain([first]);
            let pairs = texts
                .iter()
                .zip(next)
                .map(|(one, other)| vec![*one, *other]);
            // Of two, the second pair is the first.
            pairs
                .take(if texts.len() == 2 { 1 } else { texts.len() })
                .collect()
        }
        few => few.iter().map(|one| vec![*one]).collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn duplicates(by: &[(&str, ClueKind)]) -> Duplicates {
        let clue = |(field, kind): &(&str, ClueKind)| Clue {
            field: (*field).to_owned(),
            kind: *kind,
            pii: false,
        };
        Duplicates {
            by: by.iter().map(clue).collect(),
            above: 0.9,
        }
    }

    fn said(by: &[(&str, ClueKind)], values: &Json) -> Vec<String> {
        let found = blocks(&duplicates(by), values.as_object().unwrap());
        let said = |block: &Block| format!("{}={}", block.fields.join("+"), block.says.join("+"));
        found.iter().map(said).collect()
    }

    use ClueKind::{Date, Email, Phone, Text};

    #[test]
    fn what_is_exact_has_a_block_of_its_own_and_texts_go_two_by_two() {
        let by = [
            ("a", Text),
            ("b", Text),
            ("c", Text),
            ("born", Date),
            ("mail", Email),
        ];
        let values = json!({ "a": "Ann", "b": "Smith", "c": "Rome", "born": "1980-01-02", "mail": "A@x.com" });
        assert_eq!(
            said(&by, &values),
            [
                "~born=1980-01-02",
                "~mail=a@x.com",
                "~a+~b=a500+s530",
                "~b+~c=r500+s530",
                "~c+~a=a500+r500"
            ]
        );
    }

    #[test]
    fn what_is_unset_is_in_no_block() {
        let by = [("a", Text), ("b", Text), ("phone", Phone)];
        assert_eq!(
            said(&by, &json!({ "a": "Ann", "b": null })),
            Vec::<String>::new()
        );
        assert_eq!(
            said(&by, &json!({ "b": "Li", "a": "Ann" })),
            ["~a+~b=a500+l000"]
        );
        assert_eq!(
            said(&[("a", Text)], &json!({ "a": "Ann Li" })),
            ["~a=a500l000"]
        );
    }

    #[test]
    fn names_in_each_others_place_are_in_one_block() {
        let by = duplicates(&[("a", Text), ("b", Text)]);
        let of = |values: Json| blocks(&by, values.as_object().unwrap());
        let straight = of(json!({ "a": "Ann", "b": "Smith" }));
        assert_eq!(straight, of(json!({ "a": "Smith", "b": "Ann" })));
        assert_ne!(straight, of(json!({ "a": "Ann", "b": "Jones" })));
    }
}
