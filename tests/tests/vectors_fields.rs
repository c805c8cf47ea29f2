//! Every public vector of phone numbers, e-mail addresses, dates and formats.

#![expect(
    clippy::panic,
    clippy::print_stdout,
    reason = "the counts are part of the report, and a vector that cannot be read fails the test"
)]

use std::collections::BTreeMap;

use holdfast_engine::field::{Field, Kind, accept};
use serde::Deserialize;
use serde_json::Value as Json;

#[cfg(test)]
mod vectors;

/// Counts per group, and the cases whose verdict differs from ours.
#[derive(Default)]
struct Tally {
    counts: BTreeMap<String, usize>,
    disagreements: Vec<String>,
}

impl Tally {
    fn note(&mut self, group: &str, case: &str, agrees: bool) {
        *self.counts.entry(group.to_owned()).or_default() += 1;
        if !agrees {
            self.disagreements.push(case.to_owned());
        }
    }

    /// The disagreements are exactly the known ones; each of those has a reason.
    fn settle(mut self, known: &[(&str, &str)]) {
        println!("cases: {:?}", self.counts);
        println!("disagreements, known: {known:#?}");
        let mut known: Vec<&str> = known.iter().map(|(case, _)| *case).collect();
        known.sort_unstable();
        self.disagreements.sort_unstable();
        self.disagreements.dedup();
        assert_eq!(self.disagreements, known);
    }
}

fn normal(kind: Kind, value: &Json) -> Option<Json> {
    accept(&Field::of(kind), value).ok()
}

#[derive(Deserialize)]
struct PhoneVector {
    id: String,
    input: String,
    default_region: Option<String>,
    klass: String,
    expected: String,
}

const PHONES: &[(&str, &str)] = &[];

#[test]
fn every_phone_number_has_its_e164_form() {
    let Some(vectors) = vectors::cases::<PhoneVector>("phone/phone_e164.json") else {
        return;
    };
    let mut tally = Tally::default();
    for vector in &vectors {
        let region = vector.default_region.clone();
        let field = Field {
            region,
            ..Field::of(Kind::Phone)
        };
        let actual = accept(&field, &Json::String(vector.input.clone())).ok();
        let actual = actual.as_ref().and_then(Json::as_str).unwrap_or("invalid");
        tally.note(&vector.klass, &vector.id, actual == vector.expected);
    }
    tally.settle(PHONES);
}

#[derive(Deserialize)]
struct EmailVector {
    id: String,
    address: String,
    consensus: String,
}

const EMAILS: &[(&str, &str)] = &[(
    "em0558",
    "a local part of 66 bytes; RFC 5321 allows 64 and mail servers refuse more",
)];

#[test]
fn every_email_address_that_readers_agree_on_has_its_verdict() {
    let Some(vectors) = vectors::cases::<EmailVector>("email/email_cases.json") else {
        return;
    };
    let mut tally = Tally::default();
    for vector in &vectors {
        let accepted = normal(Kind::Email, &Json::String(vector.address.clone())).is_some();
        let agrees = match vector.consensus.as_str() {
            "valid" => accepted,
            "invalid" => !accepted,
            _ => true,
        };
        tally.note(&vector.consensus, &vector.id, agrees);
    }
    tally.settle(EMAILS);
}

#[derive(Deserialize)]
struct DateVector {
    id: String,
    kind: String,
    input: String,
    valid: bool,
    expected: Option<String>,
}

const UNITLESS: &str = "a number has no unit and no offset; a definition converts it";
const LOCAL: &str = "a local time is no point in time: the offset is required";

const DATES: &[(&str, &str)] = &[
    ("dt0032", UNITLESS),
    ("dt0054", "a minus sign outside ASCII"),
    (
        "dt0060",
        "`_` before the time and a comma in the fraction are not RFC 3339",
    ),
    ("dt0062", UNITLESS),
    ("dt0064", UNITLESS),
    ("dt0066", UNITLESS),
    ("dt0068", UNITLESS),
    ("dt0070", UNITLESS),
    ("dt0072", UNITLESS),
    ("dt0246", LOCAL),
    ("dt0250", LOCAL),
    ("dt0258", LOCAL),
    ("dt0266", "RFC 3339 requires the seconds; TOML 1.1 does not"),
];

impl DateVector {
    /// Times of day, spans in ISO 8601 and dates in human languages are no field types.
    fn field(&self) -> Option<Kind> {
        match self.kind.as_str() {
            "Date" | "local-date" | "date-local" => Some(Kind::Date),
            "DateTime" | "datetime" | "local-datetime" | "datetime-local" => Some(Kind::Datetime),
            "Duration" | "Time" | "local-time" | "time-local" | "human-date" => None,
            other => panic!("unknown kind {other}"),
        }
    }

    fn agrees(&self, kind: &Kind) -> bool {
        let read = |text: &str| normal(kind.clone(), &Json::String(text.to_owned()));
        match (read(&self.input), &self.expected) {
            (None, _) => !self.valid,
            (Some(actual), Some(expected)) => self.valid && Some(actual) == read(expected),
            (Some(_), None) => self.valid,
        }
    }
}

#[test]
fn every_date_and_time_has_its_verdict() {
    let Some(vectors) = vectors::cases::<DateVector>("dates/dates_extra.json") else {
        return;
    };
    let mut tally = Tally::default();
    for vector in &vectors {
        if let Some(kind) = vector.field() {
            tally.note(&vector.kind, &vector.id, vector.agrees(&kind));
        }
    }
    tally.settle(DATES);
}

#[derive(Deserialize)]
struct FormatVector {
    format: String,
    data: Json,
    valid: bool,
}

const QUOTED: &str =
    "providers refuse quoted local parts; readers of addresses disagree about them";
const LITERAL: &str = "an address literal names no mail domain; readers disagree about it";

const UNICODE: &str =
    "a local part outside ASCII reaches only servers with SMTPUTF8, which most are not";
const NUMBERS: &str = "a host of numbers that is no IPv4 address leads nowhere: browsers refuse it";
const PERCENT: &str = "a lone `%` is kept as browsers keep it; servers send such links";
const ENCODED: &str = "stored percent-encoded, as browsers send it";

const FORMATS: &[(&str, &str)] = &[
    (r#"email "\"joe bloggs\"@example.com""#, QUOTED),
    (r#"email "\"joe..bloggs\"@example.com""#, QUOTED),
    (r#"email "\"joe@bloggs\"@example.com""#, QUOTED),
    (r#"email "joe.bloggs@[127.0.0.1]""#, LITERAL),
    (r#"email "joe.bloggs@[IPv6:::1]""#, LITERAL),
    (r#"idn-email "\"δοκιμή\"@example.com""#, QUOTED),
    ("idn-email \"cafe\u{301}@example.com\"", UNICODE),
    ("idn-email \"\u{85}@example.com\"", UNICODE),
    (r#"idn-email "δοκιμή@example.com""#, UNICODE),
    (r#"idn-email "실례@실례.테스트""#, UNICODE),
    ("idn-email \"\u{ffff}@example.com\"", UNICODE),
    (r#"idn-email "𝕏@example.com""#, UNICODE),
    (r#"uri "http://087.10.0.1/""#, NUMBERS),
    (r#"uri "http://999.999.999.999/""#, NUMBERS),
    (r#"uri "http://example.com/%""#, PERCENT),
    (r#"uri "http://example.com/%6G""#, PERCENT),
    (r#"uri "http://example.com/%A""#, PERCENT),
    (r#"uri "https://[@example.org/test.txt""#, ENCODED),
    (r#"uri "https://example.org/foobar<>.txt""#, ENCODED),
    (r#"uri "https://example.org/foobar\".txt""#, ENCODED),
    (r#"uri "https://example.org/foobar^.txt""#, ENCODED),
    (r#"uri "https://example.org/foobar`.txt""#, ENCODED),
    (r#"uri "https://example.org/foobar{}.txt""#, ENCODED),
    (r#"uri "https://example.org/foobar|.txt""#, ENCODED),
    (r#"uri "https://example.org/foobar®.txt""#, ENCODED),
];

/// ISO 8601 durations are another thing than our spans. Of URIs ours are those of the web.
fn format_kind(format: &str, text: &str) -> Option<Kind> {
    let web = text.starts_with("http:") || text.starts_with("https:");
    match format {
        "uri" if web => Some(Kind::Url),
        "date" => Some(Kind::Date),
        "date-time" => Some(Kind::Datetime),
        "email" | "idn-email" => Some(Kind::Email),
        _ => None,
    }
}

#[test]
fn every_format_has_its_verdict() {
    let Some(vectors) = vectors::cases::<FormatVector>("formats/formats_flat.json") else {
        return;
    };
    let mut tally = Tally::default();
    for vector in vectors.iter().filter(|vector| vector.data.is_string()) {
        if let Some(kind) = format_kind(&vector.format, vector.data.as_str().unwrap_or_default()) {
            let agrees = normal(kind, &vector.data).is_some() == vector.valid;
            let case = format!("{} {}", vector.format, vector.data);
            tally.note(&vector.format, &case, agrees);
        }
    }
    tally.settle(FORMATS);
}
