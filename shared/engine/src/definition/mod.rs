//! Definitions: the YAML files of a pack, read, checked and compiled.
//!
//! A file goes through four hands: `yaml` reads it into a tree with places, `grammar` checks keys
//! and shapes, `check` compiles what expressions and names mean across files, and `model` is what
//! the engine executes. Each reports every mistake it finds and goes on.

mod catalog;
mod check;
mod diagnostic;
mod document;
mod folder;
mod grammar;
mod manifest;
pub mod model;
pub(crate) mod nearest;
pub mod test_file;
mod values;
mod yaml;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use catalog::{Catalog, Signature};
pub use diagnostic::{Diagnostic, Severity};
pub use grammar::schema;
pub use manifest::manifest_id;

use document::{Document, Finding};
use folder::{Folder, Kind};
use model::Pack;
use test_file::TestDefinition;

use crate::name::PackName;

/// The files of a pack: text by path, relative to the pack's folder, with `/`.
pub type Files = BTreeMap<String, String>;

/// Reads, checks and compiles a pack; with it come warnings.
///
/// # Errors
/// Every mistake of every file, with the warnings.
pub fn load(files: &Files, catalog: &Catalog) -> Result<(Pack, Vec<Diagnostic>), Vec<Diagnostic>> {
    compile(files, catalog, check::Costly::CHECKED)
}

/// The same of a version that was published, and so was loaded before: what is costly to check
/// is believed, and a program that loads nothing else does not even link it.
///
/// # Errors
/// Mistakes that keep it from being compiled.
pub fn load_published(files: &Files, catalog: &Catalog) -> Result<Pack, Vec<Diagnostic>> {
    compile(files, catalog, check::Costly::BELIEVED).map(|(pack, _)| pack)
}

fn compile(
    files: &Files,
    catalog: &Catalog,
    costly: check::Costly,
) -> Result<(Pack, Vec<Diagnostic>), Vec<Diagnostic>> {
    let folder = Folder::read(files, false);
    let missing = missing_pack(&folder);
    let name = check::name(&folder);
    let manifest = name.clone().or_else(|| PackName::new("pack").ok());
    let pack = manifest.map(|name| {
        check::pack(
            check::World::new(&folder, catalog, costly),
            manifest_id(name, files),
        )
    });
    let mut findings: Vec<_> = missing.into_iter().collect();
    findings.extend(folder.documents().flat_map(Document::findings));
    let lost = pack
        .as_ref()
        .and_then(|pack| left_out(&folder, pack, &findings));
    findings.extend(lost);
    match (pack, name) {
        (Some(pack), Some(_)) if !has_errors(&findings) => Ok((pack, findings)),
        _ => Err(findings),
    }
}

/// Reads the tests of a pack.
///
/// # Errors
/// Every mistake of every test file.
pub fn load_tests(files: &Files, pack: &Pack) -> Result<Vec<TestDefinition>, Vec<Diagnostic>> {
    let folder = Folder::read(files, true);
    let definitions = folder.of(Kind::Test);
    let tests = definitions
        .filter_map(|definition| check::test(definition, pack))
        .collect();
    let documents = folder.of(Kind::Test).map(|definition| &definition.document);
    let findings: Vec<_> = documents.flat_map(Document::findings).collect();
    if has_errors(&findings) {
        Err(findings)
    } else {
        Ok(tests)
    }
}

fn has_errors(findings: &[Diagnostic]) -> bool {
    findings
        .iter()
        .any(|found| found.severity == Severity::Error)
}

/// A definition that was left out without a word would be a workflow that never runs: whatever
/// the checks miss is refused here.
fn left_out(folder: &Folder, pack: &Pack, findings: &[Diagnostic]) -> Option<Diagnostic> {
    if has_errors(findings) {
        return None;
    }
    let mut definitions = folder.definitions.iter();
    let lost = definitions.find(|one| !is_compiled(pack, one.kind, &one.name))?;
    let message = format!(
        "the {} `{}` cannot be compiled",
        lost.kind.word(),
        lost.name
    );
    let finding = Finding::error("NotCompiled", 0..0, message);
    let document = Document::new(&lost.document.path, &lost.document.text);
    document.report(finding.help("please report this: no check says why"));
    document.findings().pop()
}

fn is_compiled(pack: &Pack, kind: Kind, name: &str) -> bool {
    match kind {
        Kind::Pack | Kind::Test => true,
        Kind::Record => pack.records.contains_key(name),
        Kind::Source => pack.sources.contains_key(name),
        Kind::Connection => pack.connections.contains_key(name),
        Kind::Workflow => pack.workflows.contains_key(name),
    }
}

fn missing_pack(folder: &Folder) -> Option<Diagnostic> {
    if folder.of(Kind::Pack).next().is_some() {
        return None;
    }
    let document = Document::new("pack.yaml", "");
    let finding = Finding::error("MissingPack", 0..0, "the pack has no `pack.yaml`");
    document.report(finding.help("create it with one line: `pack: name-of-the-pack`"));
    document.findings().pop()
}
