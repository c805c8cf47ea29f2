//! What a command says: results on standard output, everything else on standard error.

use std::fmt::Display;
use std::io::Write;

use serde::Serialize;

/// Where a command writes, and in which form.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    json: bool,
}

/// Styles; they are dropped where the stream is no terminal.
pub(crate) mod style {
    pub(crate) const BOLD: &str = "\x1b[1m";
    pub(crate) const DIM: &str = "\x1b[2m";
    pub(crate) const RED: &str = "\x1b[31m";
    pub(crate) const GREEN: &str = "\x1b[32m";
    pub(crate) const YELLOW: &str = "\x1b[33m";
    pub(crate) const CYAN: &str = "\x1b[36m";
    pub(crate) const PLAIN: &str = "\x1b[0m";
}

impl Output {
    /// Output in this form.
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether results are JSON.
    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    /// Writes a result: as JSON on one line, or the text that `human` makes of it.
    pub(crate) fn result<T: Serialize>(self, value: &T, human: impl FnOnce(&T) -> String) {
        if self.json {
            // Values of this program have text keys and finite numbers: they serialise.
            write_out(&serde_json::to_string(value).unwrap_or_default());
        } else {
            write_out(human(value).trim_end_matches('\n'));
        }
    }

    /// Writes a line of a result for people; nothing in JSON form.
    pub(crate) fn line(self, text: impl Display) {
        if !self.json {
            write_out(&text.to_string());
        }
    }

    /// Says something beside the result; nothing in JSON form.
    pub(crate) fn note(self, text: impl Display) {
        if !self.json {
            write_err(&text.to_string());
        }
    }

    /// Says why the command does not go on.
    pub(crate) fn failure(self, code: &str, message: &str) {
        if self.json {
            let error = serde_json::json!({ "error": { "code": code, "message": message } });
            write_err(&error.to_string());
        } else {
            write_err(&format!("{}error:{} {message}", style::RED, style::PLAIN));
        }
    }
}

/// A reader that went away has seen what it wanted: writing to it is no failure.
fn write_out(text: &str) {
    let mut stream = anstream::stdout().lock();
    let _ = writeln!(stream, "{text}");
    let _ = stream.flush();
}

fn write_err(text: &str) {
    let mut stream = anstream::stderr().lock();
    let _ = writeln!(stream, "{text}");
}

/// A count with its word: `1 mistake`, `3 mistakes`.
pub(crate) fn counted(count: usize, word: &str) -> String {
    match (count, word.strip_suffix('y')) {
        (1, _) => format!("1 {word}"),
        (_, Some(stem)) if !word.ends_with("ay") => format!("{count} {stem}ies"),
        _ => format!("{count} {word}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_agrees_with_its_word() {
        assert_eq!(counted(1, "mistake"), "1 mistake");
        assert_eq!(counted(0, "mistake"), "0 mistakes");
        assert_eq!(counted(2, "delivery"), "2 deliveries");
    }
}
