//! Packs for tests, compiled from text.

use std::sync::Arc;

use holdfast_engine::definition::model::Pack;
use holdfast_engine::definition::{Catalog, Files, Signature};
use holdfast_engine::name::FunctionName;
use holdfast_engine::step::Step;

use super::{KeyedEffect, RawEffect, UpdateEffect};

/// The step functions that a pack may use.
#[derive(Debug, Default)]
pub struct Functions(Catalog);

impl Functions {
    /// The three scripted functions.
    #[must_use]
    pub fn scripted() -> Self {
        Self::default()
            .with::<KeyedEffect>()
            .with::<RawEffect>()
            .with::<UpdateEffect>()
    }

    /// One function more.
    #[must_use]
    pub fn with<S: Step>(mut self) -> Self {
        self.0.0.extend(
            FunctionName::new(S::SPEC.name)
                .ok()
                .map(|name| (name, Signature::of::<S>())),
        );
        self
    }
}

/// Compiles a pack.
///
/// # Panics
/// When the texts hold a mistake; the message shows all of them.
#[must_use]
pub fn load(files: &Files, functions: &Functions) -> Arc<Pack> {
    match holdfast_engine::definition::load(files, &functions.0) {
        Ok((pack, _)) => Arc::new(pack),
        Err(mistakes) => {
            let mistakes: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
            panic!("the pack of this test does not compile: {mistakes:#?}")
        }
    }
}

/// The pack `t` with the record types `deal` and `person` and one workflow `w` of these steps,
/// written as YAML list items; its functions are the scripted ones.
#[must_use]
pub fn compiled(steps: &str) -> Arc<Pack> {
    compiled_with("", steps)
}

/// The same, with more members of the workflow before its steps.
#[must_use]
pub fn compiled_with(members: &str, steps: &str) -> Arc<Pack> {
    let steps = steps.replace('\n', "\n  ");
    let workflow = format!(
        "workflow: w\ndescription: What this test needs.\nowner: nobody\nseverity: P2\n\
         trigger: {{ record: {{ type: deal, on: updated }} }}\n{members}steps:\n  {steps}\n"
    );
    let files = [
        ("pack.yaml", PACK.to_owned()),
        ("deal.record.yaml", DEAL.to_owned()),
        ("person.record.yaml", PERSON.to_owned()),
        ("w.workflow.yaml", workflow),
    ];
    let files = files.map(|(path, text)| (path.to_owned(), text));
    load(&files.into(), &Functions::scripted())
}

const PACK: &str = "\
pack: t
config: { greeting: { type: string, default: hello } }
";

const DEAL: &str = "\
record: deal
key: [name]
fields:
  name: { type: string, required: true }
  phone: { type: string }
  owner: { type: ref, to: person }
states: [new, won]
initial: new
transitions: [ { from: [new], to: won, by: w } ]
";

const PERSON: &str = "\
record: person
key: [name]
fields:
  name: { type: string, required: true }
states: [known, lost]
initial: known
transitions: [ { from: [known], to: lost, by: w } ]
";
