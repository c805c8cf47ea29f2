//! Reads a template as `CloudFormation` does: `!Sub x` is `{"Fn::Sub": "x"}`.

use std::borrow::Cow;

use saphyr_parser::{Event, Parser, ScalarStyle, StrInput, Tag};
use serde_json::{Map, Value as Json, json};

/// The template as JSON.
pub fn read(text: &str) -> Json {
    let parser = Parser::<StrInput<'_>>::new_from_str(text);
    let mut events = parser.map(|event| event.expect("a template is YAML").0);
    loop {
        match events.next().expect("a template is not empty") {
            Event::StreamStart | Event::DocumentStart(_) => {}
            first => return value(first, &mut events),
        }
    }
}

fn value<'a>(event: Event<'a>, events: &mut impl Iterator<Item = Event<'a>>) -> Json {
    match event {
        Event::Scalar(text, style, _, tag) => tagged(tag, scalar(&text, style)),
        Event::SequenceStart(_, tag) => {
            let mut items = Vec::new();
            loop {
                match events.next().expect("a sequence ends") {
                    Event::SequenceEnd => return tagged(tag, Json::Array(items)),
                    item => items.push(value(item, events)),
                }
            }
        }
        Event::MappingStart(_, tag) => {
            let mut members = Map::new();
            loop {
                let Event::Scalar(key, ..) = events.next().expect("a mapping ends") else {
                    return tagged(tag, Json::Object(members));
                };
                let member = events.next().expect("a key has a value");
                let member = value(member, events);
                assert!(
                    members.insert(key.to_string(), member).is_none(),
                    "{key} is given twice"
                );
            }
        }
        other => panic!("a template holds no {other:?}"),
    }
}

fn scalar(text: &str, style: ScalarStyle) -> Json {
    let number = || text.parse::<u64>().ok().map(|number| json!(number));
    match (style, text) {
        (ScalarStyle::Plain, "true") => json!(true),
        (ScalarStyle::Plain, "false") => json!(false),
        (ScalarStyle::Plain, _) => number().unwrap_or_else(|| json!(text)),
        _ => json!(text),
    }
}

fn tagged(tag: Option<Cow<'_, Tag>>, value: Json) -> Json {
    match tag.map(|tag| tag.suffix.clone()) {
        None => value,
        Some(name) if name == "Ref" => json!({ "Ref": value }),
        Some(name) => Json::Object(Map::from_iter([(format!("Fn::{name}"), value)])),
    }
}
