//! Febrl data set 1: 500 people, each with one record that a generator of typing errors made of
//! theirs. Who is who stands in `rec_id`, which is read to count and for nothing else.

use std::collections::{BTreeMap, BTreeSet};

use holdfast_engine::duplicate::{Duplicates, blocks, compare};
use holdfast_engine::field::accept;
use holdfast_tests::random::Random;
use serde_json::{Map, Value as Json};

use crate::vectors::text;

const FILE: &str = "tables/febrl_dataset1.csv";

/// The fields of the definition that is measured against the promise.
const PROMISED: &str = "[given_name, surname, date_of_birth, suburb, postcode]";

/// More and fewer fields, to see what they are worth.
const OTHERS: [&str; 4] = [
    "[given_name, surname, date_of_birth, suburb, postcode, address_1]",
    "[given_name, surname, date_of_birth, suburb]",
    "[given_name, surname, date_of_birth, postcode]",
    "[given_name, surname, date_of_birth]",
];

/// What a definition of these fields comes to.
fn duplicates(by: &str) -> (Duplicates, Fields) {
    let record = format!(
        "record: person\nkey: [soc_sec_id]\nduplicates: {{ by: {by} }}\nfields:\n{FIELDS}\
         states: [new]\ninitial: new\ntransitions: []\n"
    );
    let pack = crate::pack(&[("person.record.yaml", &record)]);
    let person = pack.records.get("person").unwrap();
    let fields = person.fields.iter();
    let fields = fields.map(|(name, field)| (name.clone(), field.field.clone()));
    (person.duplicates.clone().unwrap(), fields.collect())
}

type Fields = BTreeMap<String, holdfast_engine::field::Field>;

const FIELDS: &str = "  soc_sec_id: { type: string }
  given_name: { type: string, pii: true }
  surname: { type: string, pii: true }
  date_of_birth: { type: date, pii: true }
  address_1: { type: string }
  suburb: { type: string }
  postcode: { type: string }
";

/// A record of the file, and whose it is.
#[derive(Clone)]
struct Person {
    whose: String,
    values: Map<String, Json>,
}

/// The people of the file, with the values that the fields accept: a date that is none is unset.
fn people(table: &str, fields: &Fields) -> Vec<Person> {
    let mut lines = table.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').map(str::trim).collect();
    let person = |line: &str| {
        let cells: Vec<&str> = line.split(',').map(str::trim).collect();
        assert_eq!(cells.len(), names.len(), "{line}");
        let values = names.iter().zip(&cells).filter_map(|(name, cell)| {
            let field = fields.get(*name)?;
            let text = Json::from(dated(name, cell));
            let value = accept(field, &text).ok().filter(|value| !value.is_null())?;
            Some(((*name).to_owned(), value))
        });
        Person {
            values: values.collect(),
            whose: cells[0].split('-').nth(1).unwrap().to_owned(),
        }
    };
    lines.map(person).collect()
}

/// The file writes dates without hyphens.
fn dated(name: &str, cell: &str) -> String {
    match (name, cell.len(), cell.is_ascii()) {
        ("date_of_birth", 8, true) => format!("{}-{}-{}", &cell[..4], &cell[4..6], &cell[6..]),
        _ => cell.to_owned(),
    }
}

/// Every two people that have a block in common.
fn candidates(duplicates: &Duplicates, people: &[Person]) -> BTreeSet<(usize, usize)> {
    let mut of_block = BTreeMap::<_, Vec<usize>>::new();
    for (at, person) in people.iter().enumerate() {
        for block in blocks(duplicates, &person.values) {
            of_block.entry(block).or_default().push(at);
        }
    }
    let pairs = |members: Vec<usize>| -> Vec<(usize, usize)> {
        let with = |at: usize| members.iter().skip(at + 1).map(move |other| (at, *other));
        let indices = 0..members.len();
        let pairs = indices
            .flat_map(with)
            .map(|(at, other)| (members[at], other));
        pairs.collect()
    };
    of_block.into_values().flat_map(pairs).collect()
}

/// How well a score tells who is who.
#[derive(Debug, Clone, Copy)]
struct Quality {
    found: usize,
    wrong: usize,
    missed: usize,
}

impl Quality {
    fn precision(self) -> f64 {
        self.found as f64 / (self.found + self.wrong).max(1) as f64
    }

    fn recall(self) -> f64 {
        self.found as f64 / (self.found + self.missed).max(1) as f64
    }
}

/// The scores of all candidates, and whether they are one person.
struct Measured {
    scores: Vec<(f64, bool)>,
    pairs_of_one: usize,
}

impl Measured {
    fn of(duplicates: &Duplicates, people: &[Person]) -> Self {
        let score = |(one, other): (usize, usize)| {
            let (one, other) = (&people[one], &people[other]);
            let likeness = compare(duplicates, &one.values, &other.values);
            (likeness.score, one.whose == other.whose)
        };
        let mut sizes = BTreeMap::<&str, usize>::new();
        for person in people {
            *sizes.entry(&person.whose).or_default() += 1;
        }
        Self {
            scores: candidates(duplicates, people)
                .into_iter()
                .map(score)
                .collect(),
            pairs_of_one: sizes.values().map(|of| of * (of - 1) / 2).sum(),
        }
    }

    fn at(&self, above: f64) -> Quality {
        let count = |one: bool| {
            let flagged = self.scores.iter().filter(|(score, _)| *score >= above);
            flagged.filter(|(_, is_one)| *is_one == one).count()
        };
        Quality {
            found: count(true),
            wrong: count(false),
            missed: self.pairs_of_one - count(true),
        }
    }
}

fn print(by: &str, people: &[Person], measured: &Measured) {
    let all = people.len() * (people.len() - 1) / 2;
    let compared = measured.scores.len();
    println!("by {by}: {compared} of {all} pairs compared");
    for above in [0.5, 0.8, 0.9, 0.95, 0.99] {
        let quality = measured.at(above);
        println!(
            "  above {above:<4}: precision {:.3} recall {:.3} ({quality:?})",
            quality.precision(),
            quality.recall()
        );
    }
}

#[test]
fn nearly_all_duplicates_are_told_and_hardly_anybody_else() {
    let Some(table) = text(FILE) else { return };
    let (promised, fields) = duplicates(PROMISED);
    let people = people(&table, &fields);
    assert_eq!(people.len(), 1000);
    let measured = Measured::of(&promised, &people);
    print(PROMISED, &people, &measured);
    for by in OTHERS {
        let (duplicates, _) = duplicates(by);
        print(by, &people, &Measured::of(&duplicates, &people));
    }
    let quality = measured.at(promised.above);
    assert!(quality.precision() >= 0.95, "{quality:?}");
    assert!(quality.recall() >= 0.9, "{quality:?}");
}

#[test]
fn a_record_is_compared_with_few_others() {
    let Some(table) = text(FILE) else { return };
    let (duplicates, fields) = duplicates(PROMISED);
    let people = people(&table, &fields);
    let compared = candidates(&duplicates, &people).len();
    assert!(compared < 2 * people.len(), "{compared} pairs");
}

/// Nobody in the file has a family. These are made: somebody of the same surname, suburb and
/// postcode with the first name and the birthday of another person of the file.
#[test]
fn few_of_a_family_are_taken_for_one() {
    let Some(table) = text(FILE) else { return };
    let (duplicates, fields) = duplicates(PROMISED);
    let people = people(&table, &fields);
    let mut random = Random::new(1);
    let (mut taken, mut families) = (0, 0);
    for person in &people {
        let other = &people[random.below(people.len())];
        let mut relative = person.clone();
        for name in ["given_name", "date_of_birth"] {
            let value = other.values.get(name).cloned().unwrap_or_default();
            relative.values.insert(name.to_owned(), value);
        }
        if other.whose == person.whose {
            continue;
        }
        families += 1;
        let likeness = compare(&duplicates, &person.values, &relative.values);
        taken += usize::from(likeness.score >= duplicates.above);
    }
    println!("of {families} made relatives {taken} are taken for the same person");
    assert!(taken * 10 <= families, "{taken} of {families}");
}
