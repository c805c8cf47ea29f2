//! Texts that a person edits: from a file, from standard input, or in an editor.

use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use holdfast_engine::event::{EventMessage, Origin};
use holdfast_engine::operate::StoredRequest;
use holdfast_engine::operation::Operation;
use serde_json::Value as Json;

use crate::environment;
use crate::failure::Failure;

/// The text of a file; `-` is standard input.
///
/// # Errors
/// [`Failure::Usage`] when it cannot be read.
pub(crate) fn read(path: &Path) -> Result<String, Failure> {
    let wrong = |error| Failure::Usage(format!("{} cannot be read: {error}", path.display()));
    if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map_err(wrong)?;
        return Ok(text);
    }
    std::fs::read_to_string(path).map_err(wrong)
}

/// The corrected input of an item, as a person types it; where that is kept is said too.
///
/// # Errors
/// [`Failure`] without a terminal, when the editor fails, or when nothing was changed.
pub(crate) fn edit(operation: &Operation) -> Result<(String, PathBuf), Failure> {
    if !(std::io::stdin().is_terminal() && std::io::stdout().is_terminal()) {
        return Err(Failure::Usage(
            "give the corrected input with --body <FILE>, or --body - for standard input"
                .to_owned(),
        ));
    }
    let before = input(operation)?;
    let path = file(&before).map_err(|error| unusable(&error.to_string()))?;
    let editor = environment::editor();
    let mut words = editor.split_whitespace();
    let program = words.next().unwrap_or("vi");
    let ended = Command::new(program).args(words).arg(&path).status();
    match ended {
        Ok(status) if status.success() => {}
        Ok(status) => return Err(unusable(&format!("`{editor}` ended with {status}"))),
        Err(error) => return Err(unusable(&format!("`{editor}`: {error}"))),
    }
    let after = read(&path)?;
    if after == before {
        // It holds what a client sent: nobody needs it any more.
        let _ = std::fs::remove_file(&path);
        let message = "nothing was changed; `holdfast review approve` sends it as it is";
        return Err(Failure::wrong("NothingChanged", message));
    }
    Ok((after, path))
}

fn unusable(what: &str) -> Failure {
    Failure::unreachable("NoEditor", format!("the input cannot be edited: {what}"))
}

/// A file for this user alone, which stays.
fn file(text: &str) -> std::io::Result<PathBuf> {
    let mut file = tempfile::Builder::new()
        .prefix("holdfast-")
        .suffix(".json")
        .tempfile()?;
    file.write_all(text.as_bytes())?;
    let (_, path) = file.keep().map_err(|error| error.error)?;
    Ok(path)
}

/// What is edited: a request's body, with line breaks where it is JSON; of an event that could not
/// be routed, the values of its records, by record and field.
///
/// # Errors
/// [`Failure::Wrong`] when an item is not about input, or its input was too large to be kept.
pub(crate) fn input(operation: &Operation) -> Result<String, Failure> {
    let subject = operation.subject();
    if let Ok(request) = serde_json::from_str::<StoredRequest>(subject) {
        return Ok(match serde_json::from_str::<Json>(&request.body) {
            Ok(body) => format!("{body:#}\n"),
            Err(_) => request.body,
        });
    }
    match serde_json::from_str::<EventMessage>(subject).map(|message| message.origin) {
        Ok(Origin::Source { records, .. }) => {
            let values = records.into_iter();
            let values = values.map(|record| (record.name, Json::Object(record.values)));
            Ok(format!("{:#}\n", Json::Object(values.collect())))
        }
        _ => Err(Failure::wrong(
            "NotResubmittable",
            "it has no input that could be edited",
        )),
    }
}
