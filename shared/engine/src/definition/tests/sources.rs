//! What sources say of their providers.

use std::time::Duration;

use super::super::model::Source;
use super::*;
use crate::expr::Expression;
use crate::name::SourceName;
use crate::verify::{Digest, Encoding, Generic, Scheme, Short};

const CALENDLY: &str = "calendly.source.yaml";
const VERIFY: &str = "verify: { scheme: calendly, secret: calendly-signing-key, tolerance: 5m }";

fn source<'a>(pack: &'a Pack, name: &str) -> &'a Source {
    &pack.sources[&SourceName::new(name).unwrap()]
}

#[test]
fn a_provider_without_a_scheme_of_its_own_is_described() {
    let files = edited(
        CALENDLY,
        VERIFY,
        "verify: { scheme: hmac, secret: [new, old], header: X-Signature, digest: sha512, encoding: base64, prefix: v1=, timestamp: X-Signed-At, tolerance: 3d }",
    );
    let (pack, remarks) = loaded(&files);
    assert!(remarks.is_empty(), "{}", rendered(&remarks));
    let verify = &source(&pack, "calendly").verify;
    let generic = Generic {
        header: Short::new("x-signature").unwrap(),
        digest: Digest::Sha512,
        encoding: Encoding::Base64,
        prefix: Short::new("v1=").unwrap(),
        timestamp: Short::new("x-signed-at"),
    };
    assert_eq!(verify.scheme, Scheme::Hmac(generic));
    assert_eq!(verify.secrets, ["new", "old"]);
    assert_eq!(verify.tolerance, Some(Duration::from_hours(72)));
}

#[test]
fn mistakes_about_signatures() {
    let verify = [
        "verify: { scheme: hmac, secret: key }",
        "verify: { scheme: hmac, secret: key, header: X Signature }",
        "verify: { scheme: hmac, secret: key, header: x-signature, digest: md5 }",
        "verify: { scheme: hmac, secret: key, header: x-signature, encoding: utf8 }",
        "verify: { scheme: hmac, secret: key, header: x-signature, prefix: \"a,b\" }",
        "verify: { scheme: hmac, secret: key, header: x-signature, tolerance: 5m }",
        "verify: { scheme: hmac, header: x-signature }",
        "verify: { scheme: stripe, secret: key, header: x-signature }",
        "verify: { scheme: hubspot, secret: key }",
        "verify: { scheme: hubspot-v1, secret: key, tolerance: 5m }",
    ];
    let edits: Vec<_> = verify.iter().map(|new| (CALENDLY, VERIFY, *new)).collect();
    insta::assert_snapshot!(gallery(&edits));
}

const EVENT: &str = "event: \"'calendly.' + body.event\"";
const ID: &str = "id: \"body.event + ':' + body.payload.uri\"";

#[test]
fn a_source_may_split_batches_and_answer_handshakes() {
    let split = format!(
        "split: body.events\nchallenge: {{ if: body.type == 'hello', reply: body.challenge }}\n{EVENT}"
    );
    let (pack, remarks) = loaded(&edited(CALENDLY, EVENT, &split));
    assert!(remarks.is_empty(), "{}", rendered(&remarks));
    let source = source(&pack, "calendly");
    assert_eq!(
        source.split.as_ref().map(Expression::source),
        Some("body.events")
    );
    let challenge = source.challenge.as_ref().unwrap();
    assert_eq!(challenge.reply.source(), "body.challenge");
}

#[test]
fn mistakes_about_batches_and_handshakes() {
    let with = |line: &str| format!("{line}\n{EVENT}");
    let lines = [
        "split: \"'one'\"",
        "split: =body",
        "challenge: body.challenge",
        "challenge: { if: body.type == 'hello' }",
        "challenge: { if: body.type, reply: 5 }",
        "challenge: { if: bdy.type == 'hello', reply: body.challenge }",
        "challenge: { if: body.type == 'hello', reply: body.challenge, status: 200 }",
    ];
    let lines = lines.map(with);
    let mut edits: Vec<_> = lines
        .iter()
        .map(|new| (CALENDLY, EVENT, new.as_str()))
        .collect();
    edits.push((CALENDLY, ID, "split: body\nid: headers['x-request-id']"));
    insta::assert_snapshot!(gallery(&edits));
}

/// An `opt_out` of the example, with one piece replaced.
fn wish(old: &str, new: &str) -> String {
    let opt_out = "opt_out: { channel: sms, address: body.From, stop: body.Body == 'STOP', start: body.Body == 'START' }";
    assert!(opt_out.contains(old), "{old}");
    format!("{}\n{EVENT}", opt_out.replacen(old, new, 1))
}

#[test]
fn a_source_may_say_who_is_not_to_be_written_to() {
    let at = wish(" }", ", at: timestamp(body.At) }");
    let (pack, remarks) = loaded(&edited(CALENDLY, EVENT, &at));
    assert!(remarks.is_empty(), "{}", rendered(&remarks));
    let opt_out = source(&pack, "calendly").opt_out.as_ref().unwrap();
    assert_eq!(opt_out.channel, crate::suppression::Channel::Sms);
    assert_eq!(opt_out.stop.source(), "body.Body == 'STOP'");
    assert!(opt_out.at.is_some());
}

#[test]
fn mistakes_about_wishes() {
    let lines = [
        wish("sms", "fax"),
        wish("channel: sms, ", ""),
        wish("address: body.From", "address: =body.From"),
        wish("address: body.From", "address: 5"),
        wish("body.Body == 'STOP'", "\"'STOP'\""),
        wish("body.Body == 'STOP'", "bdy.Body == 'STOP'"),
        wish(", start: body.Body == 'START'", ""),
        wish(" }", ", at: \"'now'\" }"),
        wish(" }", ", until: now }"),
    ];
    let edits = lines.iter().map(|new| (CALENDLY, EVENT, new.as_str()));
    insta::assert_snapshot!(gallery(&edits.collect::<Vec<_>>()));
}

const SCHEMA: &str = "schema: { file: schemas/booking.json }\n";

fn with_schema(schema: &str) -> Files {
    let mut files = edited(CALENDLY, ID, &format!("{SCHEMA}{ID}"));
    files.insert("schemas/booking.json".to_owned(), schema.to_owned());
    files
}

#[test]
fn a_source_has_a_schema_for_its_whole_payload() {
    let schema = r#"{ "type": "object", "required": ["event"] }"#;
    let (pack, remarks) = loaded(&with_schema(schema));
    assert!(remarks.is_empty(), "{}", rendered(&remarks));
    let schema = source(&pack, "calendly").schema.as_ref().unwrap();
    let wrong = schema.violations(&serde_json::json!({ "payload": {} }));
    assert_eq!(wrong.len(), 1, "{wrong:?}");
    assert_eq!(wrong[0].path, "body.event");
}

#[test]
fn mistakes_in_a_schema_stand_at_their_place_in_its_file() {
    let schemas = [
        "{ \"type\": \"object\",\n  \"required\" }",
        "{\n  \"properties\": { \"event\": { \"type\": \"text\" } }\n}",
        "{\n  \"properties\": { \"payload\": { \"$ref\": \"https://example.com/payload.json\" } }\n}",
        "{ \"properties\": { \"a\": { \"$ref\": \"#/$defs/none\" } } }",
    ];
    let shown = schemas.map(|schema| rendered(&refused(&with_schema(schema))));
    let missing = refused(&edited(CALENDLY, ID, &format!("{SCHEMA}{ID}")));
    insta::assert_snapshot!(format!("{}{}", shown.concat(), rendered(&missing)));
}
