//! Two processes that import the same file.

use std::sync::Arc;

use holdfast_engine::definition::Files;
use holdfast_engine::import::{Batch, Content, Import, Progress, Row, Verdict, apply};
use holdfast_engine::key;
use holdfast_engine::port::{Journal as _, Ports as _};
use holdfast_tests::faulty::{Faults, Faulty};
use holdfast_tests::meeting::{Met, Stalled};
use holdfast_tests::memory::{Condition, Memory};
use holdfast_tests::ready::ready;
use holdfast_tests::world::{Functions, load};
use serde_json::json;

const LEAD: &str = "record: lead\nkey: [number]\nfields: { number: { type: string, required: true } }\n\
                    states: [new]\ninitial: new\ntransitions: []\n";

fn memory() -> Memory {
    let files: Files = [("pack.yaml", "pack: shop\n"), ("lead.record.yaml", LEAD)]
        .map(|(path, text)| (path.to_owned(), text.to_owned()))
        .into();
    Memory::new(1, [load(&files, &Functions::scripted())])
}

fn import() -> Import {
    Import {
        tenant: "t".parse().unwrap(),
        pack: "shop".parse().unwrap(),
        record_type: "lead".parse().unwrap(),
        id: Import::identity(&[0; 32], &[b"leads"]).unwrap(),
        file: "leads.csv".to_owned(),
        by: "ann".to_owned(),
        rows: 3,
        fields: ["number".to_owned()].into(),
    }
}

/// A part of one row.
fn part(number: u64) -> Batch {
    let values = [("number".to_owned(), json!(number.to_string()))];
    let content = Content::Values(values.into_iter().collect());
    Batch {
        import: import(),
        mistakes: 0,
        rows: vec![Row { number, content }],
    }
}

fn progress(memory: &Memory) -> Progress {
    let key = key::import(&import().home().unwrap());
    let found = ready(memory.journal().read(&[key])).unwrap();
    let item = found.into_iter().next().flatten().unwrap();
    serde_json::from_str(&item.body).unwrap()
}

/// One of them stops in the part after the first `before`; the other goes on to the end.
fn imported_at_once(ignored: &[Condition], call: u64, before: u64) -> Met {
    let (memory, faults) = (Arc::new(memory()), Arc::new(Faults::default()));
    let ports = Faulty::new(Arc::clone(&memory), &faults);
    for row in 1..=before {
        ready(apply(memory.as_ref(), &part(row))).unwrap();
    }
    memory.journal().ignore(ignored.iter().copied());
    let next = part(before + 1);
    let first = Stalled::before(call, &faults, apply(&ports, &next));
    let over = first.is_over();
    for row in 1..=3 {
        ready(apply(memory.as_ref(), &part(row))).unwrap();
    }
    let told = first.goes_on();
    let progress = progress(&memory);
    let mut wrong = Vec::new();
    if !progress.is_done() || progress.of(Verdict::Created) != 3 {
        wrong.push(format!("{progress:?}"));
    }
    if told.is_err() {
        wrong.push(format!("{told:?}"));
    }
    Met { over, wrong }
}

/// It is their first part.
pub fn begun_twice(ignored: &[Condition], call: u64) -> Met {
    imported_at_once(ignored, call, 0)
}

/// A part was applied before.
pub fn told_twice(ignored: &[Condition], call: u64) -> Met {
    imported_at_once(ignored, call, 1)
}
