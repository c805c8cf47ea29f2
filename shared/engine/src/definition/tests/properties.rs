//! Whatever the files hold, there is a verdict and never a panic.

use proptest::prelude::*;

use super::*;

/// Pieces that mean something to YAML, CEL or templates.
const PIECES: &[&str] = &[
    "'",
    "\"",
    "{",
    "}",
    "[",
    "]",
    ": ",
    ":",
    "\n",
    "\n  ",
    "\n- ",
    "#",
    " #",
    "!",
    "&a ",
    "*a",
    "|",
    ">",
    "{{ ",
    " }}",
    "{% ",
    "=",
    "==",
    "? ",
    ", ",
    "\t",
    "é",
    "\u{feff}",
    "\u{2028}",
    "---\n",
    "record",
    "(",
    "\\",
    "~",
    "null",
    "\r\n",
    "%",
    "@",
    "`",
    "99999999999999999999",
    "-",
];

/// A file's text with a few places deleted or replaced by a piece.
fn mutated(text: &str, edits: &[(usize, usize, usize)]) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    for (at, deleted, piece) in edits {
        let at = at % (characters.len() + 1);
        let end = (at + deleted).min(characters.len());
        characters.splice(at..end, PIECES[piece % PIECES.len()].chars());
    }
    characters.into_iter().collect()
}

fn verdict(files: &Files) -> Result<(), TestCaseError> {
    match load(files, &catalog()) {
        Ok((_, warnings)) => prop_assert!(warnings.iter().all(is_shown)),
        Err(mistakes) => {
            prop_assert!(!mistakes.is_empty());
            prop_assert!(mistakes.iter().all(|one| one.code != "NotCompiled"));
            prop_assert!(mistakes.iter().all(is_shown));
        }
    }
    Ok(())
}

/// A diagnostic stands inside its text, and can be drawn.
fn is_shown(diagnostic: &Diagnostic) -> bool {
    let inside = diagnostic.text.get(diagnostic.span.clone()).is_some();
    inside
        && !diagnostic.message.is_empty()
        && !rendered(std::slice::from_ref(diagnostic)).is_empty()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_mutated_example_always_has_a_verdict(
        file in 0..16_usize,
        edits in prop::collection::vec((any::<usize>(), 0..12_usize, any::<usize>()), 1..4),
    ) {
        let mut files = files();
        let path = files.keys().nth(file % files.len()).cloned().unwrap();
        let text = mutated(&files[&path], &edits);
        files.insert(path, text);
        verdict(&files)?;
    }

    #[test]
    fn any_text_always_has_a_verdict(
        kind in prop::sample::select(vec!["record", "source", "connection", "workflow", "pack"]),
        text in "\\PC{0,80}|[ -~\n\t]{0,120}",
    ) {
        let path = if kind == "pack" { "pack.yaml".to_owned() } else { format!("x.{kind}.yaml") };
        verdict(&Files::from([(path, text)]))?;
    }

    #[test]
    fn a_mutated_test_always_has_a_verdict(
        edits in prop::collection::vec((any::<usize>(), 0..12_usize, any::<usize>()), 1..4),
    ) {
        let mut files = files();
        let (pack, _) = loaded(&files);
        let text = mutated("test: x\ngiven:\n  - { record: patient, fields: { email: a@b.example } }\ndo: [ { advance: 5m } ]\nexpect: [ { sent: sms, count: 1 } ]\n", &edits);
        files.insert("x.test.yaml".into(), text);
        if let Err(mistakes) = super::super::load_tests(&files, &pack) {
            prop_assert!(mistakes.iter().all(is_shown));
        }
    }
}
