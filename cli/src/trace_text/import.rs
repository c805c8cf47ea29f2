//! What an import was, above what it started.

use std::fmt::Write as _;

use holdfast_engine::import::{Progress, Verdict};

use crate::output::counted;
use crate::output::style::{DIM, GREEN, PLAIN, YELLOW};

const VERDICTS: [Verdict; 5] = [
    Verdict::Created,
    Verdict::Updated,
    Verdict::Unchanged,
    Verdict::Review,
    Verdict::Refused,
];

/// What it was, how far it is, and how its rows are found.
pub(super) fn heading(text: &mut String, import: &Progress) {
    let rows = counted(usize::try_from(import.rows).unwrap_or(usize::MAX), "row");
    let state = if import.is_done() {
        format!("{GREEN}done{PLAIN}")
    } else {
        format!("{YELLOW}{} of {rows}{PLAIN}", import.through)
    };
    let came_to = VERDICTS.iter().map(|one| (import.of(*one), one.name()));
    let came_to = came_to.filter(|(rows, _)| *rows > 0);
    let came_to: Vec<_> = came_to
        .map(|(rows, name)| format!("{rows} {name}"))
        .collect();
    let _ = write!(
        text,
        "  {state}\n  {DIM}file{PLAIN} {}, {rows}\n  {DIM}into{PLAIN} {}, pack {}\n  \
         {DIM}rows{PLAIN} {}\n  {DIM}by{PLAIN} {}, {:.0} to {:.0}\n",
        import.file,
        import.record_type,
        import.pack,
        came_to.join(", "),
        import.by,
        import.began,
        import.at,
    );
}

/// Where the rows are found.
pub(super) fn rows(text: &mut String, import: &Progress) {
    let _ = write!(
        text,
        "\nWhat a row changed, and what that started, is told with its record:\n  \
         holdfast trace {}/<key>\n",
        import.record_type
    );
}
