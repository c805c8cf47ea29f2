//! `holdfast check`: every mistake of every pack, at once.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use holdfast_engine::definition::Diagnostic;
use holdfast_engine::definition::model::Pack;
use serde::Serialize;

use crate::failure::{Exit, Failure};
use crate::output::style::{GREEN, PLAIN, RED};
use crate::output::{Output, counted};
use crate::packs::{self, FolderPack, Found, render};

/// What to check.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Folders of packs
    #[arg(required = true, value_name = "PACK")]
    packs: Vec<PathBuf>,
}

/// What was found.
#[derive(Debug, Serialize)]
struct Report<'a> {
    packs: Vec<Summary>,
    mistakes: Vec<&'a Diagnostic>,
    warnings: Vec<&'a Diagnostic>,
}

/// A pack without mistakes.
#[derive(Debug, Serialize)]
struct Summary {
    pack: String,
    version: String,
    records: usize,
    sources: usize,
    connections: usize,
    workflows: usize,
}

/// Checks.
pub(crate) fn run(arguments: &Arguments, output: Output) -> Result<Exit, Failure> {
    let found = packs::load(&arguments.packs)?;
    let report = Report {
        packs: found.packs.iter().map(summary).collect(),
        mistakes: found.mistakes().collect(),
        warnings: found.warnings().collect(),
    };
    output.result(&report, |report| shown(report, &found));
    Ok(if report.mistakes.is_empty() {
        Exit::Done
    } else {
        Exit::Wrong
    })
}

fn summary(folder: &FolderPack) -> Summary {
    let pack: &Pack = &folder.pack;
    Summary {
        pack: pack.manifest.pack.to_string(),
        version: pack.manifest.to_string(),
        records: pack.records.len(),
        sources: pack.sources.len(),
        connections: pack.connections.len(),
        workflows: pack.workflows.len(),
    }
}

fn shown(report: &Report<'_>, found: &Found) -> String {
    let findings = found.mistakes().chain(found.warnings());
    let mut text: String = findings.map(render).collect();
    for pack in &report.packs {
        let counts = [
            counted(pack.records, "record"),
            counted(pack.sources, "source"),
            counted(pack.connections, "connection"),
            counted(pack.workflows, "workflow"),
        ];
        let line = format!("{GREEN}ok{PLAIN} {}: {}\n", pack.version, counts.join(", "));
        text.push_str(&line);
    }
    if !report.warnings.is_empty() {
        text.push_str(&counted(report.warnings.len(), "warning"));
        text.push('\n');
    }
    if !report.mistakes.is_empty() {
        let _ = writeln!(text, "{RED}{}{PLAIN}", found.summary());
    }
    text
}
