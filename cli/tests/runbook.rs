//! `docs/runbook.md` as the engineer on call follows it: every section is done, in a folder of its
//! own, beside a process of its own.

#[cfg(test)]
mod runbook {
    pub(crate) mod commands;
    pub(crate) mod drill;
    pub(crate) mod page;
    pub(crate) mod seen;
}
#[cfg(test)]
mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use runbook::page::{Page, Part, Section};
use runbook::{commands, drill};

/// Sections that are done at the same time.
#[cfg(test)]
const ABREAST: usize = 3;

#[cfg(test)]
fn page() -> Page {
    let path = support::root().join("docs/runbook.md");
    Page::of(&std::fs::read_to_string(path).unwrap())
}

/// Does a section, and says in one line what came of it.
#[cfg(test)]
fn did(section: &Section) -> bool {
    let begin = Instant::now();
    let ended = drill::follow(section);
    let seconds = begin.elapsed().as_secs_f32();
    match &ended {
        Ok(()) => println!("ok    {} ({seconds:.1}s)", section.title),
        Err(what) => println!("FAIL  {}\n{what}", section.title),
    }
    ended.is_ok()
}

#[test]
fn every_section_of_the_runbook_holds() {
    let page = page();
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..ABREAST {
            scope.spawn(|| {
                while let Some(section) = page.sections.get(next.fetch_add(1, Ordering::Relaxed)) {
                    done.fetch_add(usize::from(did(section)), Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(done.into_inner(), page.sections.len());
}

#[test]
fn the_runbook_has_ten_sections_and_each_can_be_drilled() {
    let page = page();
    assert_eq!(page.sections.len(), 10);
    for section in &page.sections {
        for part in Part::ALL {
            let mut blocks = section.blocks.iter();
            assert!(
                blocks.any(|block| block.part == part),
                "{}: no block `{}`",
                section.title,
                part.word()
            );
        }
        for part in [Part::Show, Part::Over] {
            let mut lines = section.blocks.iter().filter(|block| block.part == part);
            assert!(
                lines.any(|block| block.lines.iter().any(|line| !line.expected.is_empty())),
                "{}: `{}` expects nothing",
                section.title,
                part.word()
            );
        }
    }
}

#[test]
fn every_command_that_the_runbook_names_exists() {
    let page = page();
    assert!(page.commands.len() > 40, "{:?}", page.commands);
    let unknown: Vec<_> = page
        .commands
        .iter()
        .filter_map(|typed| commands::mistake(typed))
        .collect();
    assert!(unknown.is_empty(), "{}", unknown.join("\n"));
    for wrong in ["holdfast mend $ID", "holdfast review edit $ID --bodies x"] {
        assert!(commands::mistake(wrong).is_some(), "{wrong}");
    }
}

#[test]
fn a_drill_fails_where_the_page_promises_too_much() {
    let text = "## 1. Nothing\n```sh drill-repair\nholdfast start booking\n# => started\n```\n";
    let page = Page::of(text);
    let ended = drill::follow(page.sections.first().unwrap());
    let what = ended.unwrap_err();
    assert!(
        what.contains("expected: started") && what.contains("it is not stopped"),
        "{what}"
    );
}
