//! A JSON Schema for the whole payload: what does not fit goes to a person, with what is wrong.

use holdfast_engine::field::Violation;
use holdfast_engine::operation::ReviewItem;
use holdfast_engine::port::{Ports as _, Table};
use serde_json::{Value as Json, json};

use crate::house::{House, files};

const SHOP: &str = "\
source: shop
verify: { scheme: standard-webhooks, secret: key }
schema: { file: order.json }
event: \"'shop.' + body.type\"
id: string(body.id)
data:
  size: { type: integer, required: true, from: body.size }
";

const ORDER: &str = r##"{
  "type": "object",
  "required": ["id", "lines"],
  "properties": {
    "id": { "type": "integer" },
    "email": { "type": "string", "format": "email" },
    "lines": { "type": "array", "items": { "$ref": "#/$defs/line" } }
  },
  "$defs": { "line": { "type": "object", "required": ["price"] } }
}"##;

fn house(source: &str) -> House {
    let mut files = files("shop", source);
    files.insert("order.json".to_owned(), ORDER.to_owned());
    House::of(&files)
}

fn receive(house: &House, body: &Json) -> Json {
    let answer = house.receive(&house.signed("/hooks/t/shop", &body.to_string()));
    assert_eq!(answer.status, 202, "{}", answer.body);
    serde_json::from_str(&answer.body).unwrap()
}

/// The path, rule and value of each mistake that people are shown.
fn wrong(house: &House) -> Vec<(String, String, String)> {
    let items = house.memory.journal().items(Table::Operations, "");
    let [(_, item)] = items.as_slice() else {
        panic!("one review item: {items:?}");
    };
    let item: ReviewItem = serde_json::from_str(&item.body).unwrap();
    let fields: Vec<Violation> = serde_json::from_value(item.report["fields"].clone()).unwrap();
    let mut rows: Vec<_> = fields
        .into_iter()
        .map(|it| {
            let rule = serde_json::to_value(it.rule).unwrap();
            (it.path, rule.as_str().unwrap().to_owned(), it.actual)
        })
        .collect();
    rows.sort();
    rows
}

#[test]
fn a_payload_that_fits_its_schema_is_an_event() {
    let house = house(SHOP);
    let order = json!({ "id": 1, "type": "paid", "size": 3, "lines": [{ "price": 5 }] });
    assert_eq!(receive(&house, &order)["status"], "accepted");
    assert_eq!(house.events().len(), 1);
}

#[test]
fn what_does_not_fit_is_reported_with_what_the_fields_find() {
    let house = house(SHOP);
    let order = json!({ "id": 1, "type": "paid", "size": "big", "email": "?", "lines": [{ "price": 5 }, {}] });
    assert_eq!(receive(&house, &order)["status"], "review");
    assert!(house.events().is_empty());
    let row = |path: &str, rule: &str, actual: &str| {
        (path.to_owned(), rule.to_owned(), actual.to_owned())
    };
    assert_eq!(
        wrong(&house),
        [
            row("body.email", "format", "***"),
            row("body.lines[1].price", "required", "null"),
            row("data.size", "format", "\"big\""),
        ]
    );
}

#[test]
fn each_element_of_a_batch_is_held_against_the_schema() {
    let house = house(&SHOP.replace("event:", "split: body.orders\nevent:"));
    let fits = json!({ "id": 1, "type": "paid", "size": 3, "lines": [] });
    let not = json!({ "id": 2, "type": "paid", "size": 3 });
    let answer = receive(&house, &json!({ "orders": [fits, not] }));
    let verdicts: Vec<_> = answer["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["status"].clone())
        .collect();
    assert_eq!(verdicts, ["accepted", "review"]);
    assert_eq!(
        wrong(&house),
        [(
            "body.lines".to_owned(),
            "required".to_owned(),
            "null".to_owned()
        )]
    );
}

#[test]
fn what_the_source_does_not_accept_is_held_against_nothing() {
    let house = house(&SHOP.replace("event:", "accept: body.type == 'paid'\nevent:"));
    assert_eq!(
        receive(&house, &json!({ "type": "draft" }))["status"],
        "ignored"
    );
    assert!(house.is_empty());
}
