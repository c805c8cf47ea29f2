//! Rows that are not applied: each has its verdict, and a person is asked about all of them once.

use holdfast_engine::field::{Rule, Violation};
use holdfast_engine::import::{Content, Outcome, Verdict};
use holdfast_engine::key;
use holdfast_engine::operation::{Operation, ReviewItem, Status};
use holdfast_engine::port::{Item, Key, Ports as _, Table};
use holdfast_tests::memory::Memory;
use serde_json::{Value as Json, json};

use crate::fixture::{batch, import, imported, memory, verdicts};

fn one(memory: &Memory, values: Json) -> Outcome {
    let part = batch(&import(&values.to_string(), 1), 1, &[values]);
    imported(memory, &part).remove(0)
}

fn said(outcome: &Outcome) -> Vec<(String, Rule, String)> {
    let said = |wrong: &Violation| (wrong.path.clone(), wrong.rule, wrong.actual.clone());
    outcome.fields.iter().map(said).collect()
}

fn questions(memory: &Memory) -> Vec<ReviewItem> {
    let items = memory.journal().items(Table::Operations, "").into_iter();
    items.map(|(key, item)| question(&key, &item)).collect()
}

fn question(key: &Key, item: &Item) -> ReviewItem {
    match Operation::decode(&key.partition, &item.body).unwrap() {
        Operation::Review(item) => item,
        Operation::Error(error) => panic!("{error:?}"),
    }
}

#[test]
fn every_mistake_of_a_row_is_told_as_the_door_tells_it() {
    let memory = memory();
    let long = "x".repeat(21);
    let row =
        json!({ "number": "1", "email": "no", "phone": "12", "total": "a lot", "name": long });
    let outcome = one(&memory, row);
    assert_eq!(outcome.verdict, Verdict::Review);
    let masked = "***".to_owned();
    assert_eq!(
        said(&outcome),
        [
            ("email".to_owned(), Rule::Format, masked.clone()),
            ("name".to_owned(), Rule::Max, format!("{long:?}")),
            ("phone".to_owned(), Rule::Format, masked),
            ("total".to_owned(), Rule::Format, "\"a lot\"".to_owned()),
        ]
    );
    assert_eq!(outcome.record, None);
    let stored = memory.journal().items(Table::Journal, "").into_iter();
    let stored: Vec<_> = stored.map(|(key, _)| key.sort).collect();
    assert_eq!(stored, [key::IMPORT], "only how far the import is");
}

#[test]
fn a_row_without_its_key_leads_to_no_record() {
    let memory = memory();
    let outcome = one(&memory, json!({ "name": "Ann", "email": "no" }));
    let paths: Vec<_> = said(&outcome)
        .into_iter()
        .map(|(path, rule, _)| (path, rule))
        .collect();
    let expected = [
        ("email".to_owned(), Rule::Format),
        ("number".to_owned(), Rule::Required),
    ];
    assert_eq!(
        (outcome.verdict, &paths[..]),
        (Verdict::Review, &expected[..])
    );
}

#[test]
fn a_rule_of_the_record_refuses_what_is_right_by_itself() {
    let memory = memory();
    let new = one(&memory, json!({ "number": "1", "total": "-1" }));
    assert_eq!(new.verdict, Verdict::Refused);
    assert_eq!(new.reason.as_deref(), Some("a total is not negative"));
    assert_eq!(
        one(&memory, json!({ "number": "1", "total": "1" })).verdict,
        Verdict::Created
    );
    let old = one(&memory, json!({ "number": "1", "total": "-2" }));
    assert_eq!(old.verdict, Verdict::Refused);
}

#[test]
fn a_row_that_is_too_long_or_unreadable_is_a_mistake_like_another() {
    let memory = memory();
    let long = one(
        &memory,
        json!({ "number": "1", "name": "x".repeat(70_000) }),
    );
    assert_eq!(
        (long.verdict, long.fields[0].rule),
        (Verdict::Review, Rule::Max)
    );
    assert_eq!(long.fields[0].actual, "***");
    let mut part = batch(&import("a", 1), 1, &[json!({})]);
    part.rows[0].content = Content::Unreadable(long.fields.clone());
    let unreadable = imported(&memory, &part).remove(0);
    assert_eq!(
        (unreadable.verdict, unreadable.fields),
        (Verdict::Review, long.fields)
    );
}

#[test]
fn a_file_of_mistakes_is_one_question_with_the_first_of_them() {
    let memory = memory();
    let file = import("a", 1000);
    let wrong: Vec<Json> = (0..500)
        .map(|row| json!({ "number": row.to_string(), "email": "no" }))
        .collect();
    let first = batch(&file, 1, &wrong);
    let mut second = batch(&file, 501, &wrong);
    second.mistakes = 500;
    let outcomes = imported(&memory, &first);
    assert_eq!(verdicts(&outcomes), vec![Verdict::Review; 500]);
    imported(&memory, &second);
    // A part that is applied again is known.
    imported(&memory, &second);
    imported(&memory, &first);
    let questions = questions(&memory);
    let [question] = questions.as_slice() else {
        panic!("one question: {}", questions.len());
    };
    assert_eq!(
        question.title,
        "1000 of 1000 rows of `a.csv` were not imported"
    );
    assert_eq!(question.report["first"].as_array().unwrap().len(), 20);
    assert_eq!(question.report["first"][0]["row"], 1);
    assert_eq!(question.handling.status, Status::Open);
    assert!(serde_json::to_string(question).unwrap().len() < 16 * 1024);
    assert!(
        !question.report.to_string().contains("\"no\""),
        "values are masked"
    );
}
