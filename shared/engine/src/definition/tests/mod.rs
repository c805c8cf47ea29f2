//! Packs as authors write them, and the mistakes that they make.

mod bulk;
mod connections;
mod each;
mod example;
mod hours;
mod mistakes;
mod names;
mod promises;
mod properties;
mod records;
mod sources;
mod test_files;
mod traps;

use schemars::JsonSchema;
use serde_json::Value as Json;

use super::model::{ConnectionKind, Pack};
use super::{Catalog, Diagnostic, Files, Signature, load};
use crate::name::FunctionName;

/// The input of a step that sends a message.
#[derive(serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is read")]
struct Message {
    to: String,
    body: String,
    subject: Option<String>,
    kind: Option<MessageKind>,
}

#[derive(serde::Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum MessageKind {
    Marketing,
    Transactional,
}

/// The input of a step that calls an API.
#[derive(serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is read")]
struct Call {
    method: Option<String>,
    path: String,
    headers: Option<std::collections::BTreeMap<String, String>>,
    json: Option<Json>,
    attempts: Option<u32>,
}

/// What a provider answered.
#[derive(serde::Serialize, JsonSchema)]
struct Answer {
    status: u16,
    id: String,
}

fn signature<I: JsonSchema>(
    name: &'static str,
    connections: &'static [ConnectionKind],
) -> (FunctionName, Signature) {
    let input = schemars::schema_for!(I).to_value();
    let output = schemars::schema_for!(Answer).to_value();
    (
        FunctionName::new(name).unwrap(),
        Signature {
            name: name.to_owned(),
            connections: connections.to_vec(),
            keeps: None,
            batches: (name == "call-http").then(|| "json".to_owned()),
            pages: name == "call-http",
            input,
            output,
        },
    )
}

fn catalog() -> Catalog {
    let steps = [
        signature::<Message>("send-sms", &[ConnectionKind::Twilio]),
        signature::<Message>("send-email", &[ConnectionKind::Smtp]),
        signature::<Call>("call-http", &[ConnectionKind::Http]),
    ];
    Catalog(steps.into_iter().collect())
}

fn files() -> Files {
    let parts = include_str!("example.txt").split("=== ").skip(1);
    let files = parts.map(|part| {
        let (path, text) = part.split_once('\n').unwrap();
        (path.to_owned(), text.to_owned())
    });
    files.collect()
}

/// The example with one piece of one file replaced.
fn edited(path: &str, old: &str, new: &str) -> Files {
    let mut files = files();
    let text = files.get_mut(path).unwrap();
    assert!(text.contains(old), "{path} holds no {old:?}");
    *text = text.replacen(old, new, 1);
    files
}

fn loaded(files: &Files) -> (Pack, Vec<Diagnostic>) {
    load(files, &catalog()).unwrap_or_else(|mistakes| panic!("{}", rendered(&mistakes)))
}

fn refused(files: &Files) -> Vec<Diagnostic> {
    load(files, &catalog()).map(drop).unwrap_err()
}

/// Diagnostics as a person sees them, without colours.
fn rendered(diagnostics: &[Diagnostic]) -> String {
    let theme = miette::GraphicalTheme::unicode_nocolor();
    let handler = miette::GraphicalReportHandler::new_themed(theme).with_width(100);
    let mut text = String::new();
    for diagnostic in diagnostics {
        handler.render_report(&mut text, diagnostic).unwrap();
    }
    text
}

/// The mistakes of several edits, one after the other.
fn gallery(edits: &[(&str, &str, &str)]) -> String {
    let mut text = String::new();
    for (path, old, new) in edits {
        let mistakes = refused(&edited(path, old, new));
        let title = new.trim().lines().next().unwrap_or("");
        text.push_str("──── ");
        text.push_str(title);
        text.push('\n');
        text.push_str(&rendered(&mistakes));
    }
    text
}
