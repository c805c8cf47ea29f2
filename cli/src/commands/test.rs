//! `holdfast test`: the tests of packs, on a virtual clock.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use holdfast_engine::definition::load_tests;
use holdfast_engine::definition::test_file::TestDefinition;
use indicatif::ProgressBar;
use serde::Serialize;

use crate::failure::{Exit, Failure};
use crate::output::Output;
use crate::output::style::{DIM, GREEN, PLAIN, RED};
use crate::packs::{self, FolderPack, render};
use crate::testing::{Mismatch, Outcome, perform};

/// What to test.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Folders of packs
    #[arg(required = true, value_name = "PACK")]
    packs: Vec<PathBuf>,
    /// Only tests whose name or sentence holds this text
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
}

/// What came of the tests.
#[derive(Debug, Serialize)]
struct Report {
    passed: usize,
    failed: usize,
    tests: Vec<Outcome>,
}

/// Tests.
pub(crate) async fn run(arguments: &Arguments, output: Output) -> Result<Exit, Failure> {
    let packs = packs::load(&arguments.packs)?.into_packs()?;
    let tests = tests(&packs, arguments.filter.as_deref())?;
    if let (Some(filter), true) = (&arguments.filter, tests.is_empty()) {
        let message = format!("no test has `{filter}` in its name or sentence");
        return Err(Failure::Usage(message));
    }
    let progress = ProgressBar::new(u64::try_from(tests.len()).unwrap_or(u64::MAX));
    let mut outcomes = Vec::new();
    for (pack, test) in tests {
        progress.set_message(test.name.clone());
        outcomes.push(outcome(pack, &test).await);
        progress.inc(1);
    }
    progress.finish_and_clear();
    let failed = outcomes.iter().filter(|o| !o.mismatches.is_empty()).count();
    let report = Report {
        passed: outcomes.len() - failed,
        failed,
        tests: outcomes,
    };
    output.result(&report, shown);
    Ok(if failed == 0 { Exit::Done } else { Exit::Wrong })
}

/// The tests of packs that a filter lets through.
fn tests<'p>(
    packs: &'p [FolderPack],
    filter: Option<&str>,
) -> Result<Vec<(&'p FolderPack, TestDefinition)>, Failure> {
    let wanted = |test: &TestDefinition| {
        filter.is_none_or(|text| test.name.contains(text) || test.sentence.contains(text))
    };
    let mut tests = Vec::new();
    for pack in packs {
        let of_pack = load_tests(&pack.files, &pack.pack).map_err(|mistakes| {
            let shown: String = mistakes.iter().map(render).collect();
            Failure::wrong("PackMistakes", format!("the tests have mistakes\n{shown}"))
        })?;
        tests.extend(of_pack.into_iter().filter(wanted).map(|test| (pack, test)));
    }
    Ok(tests)
}

/// A test that cannot be performed has failed; the others go on.
async fn outcome(pack: &FolderPack, test: &TestDefinition) -> Outcome {
    perform(pack, test).await.unwrap_or_else(|failure| Outcome {
        name: test.name.clone(),
        sentence: test.sentence.clone(),
        mismatches: vec![Mismatch {
            expectation: "the test itself".to_owned(),
            expected: "a test that can be performed".to_owned(),
            actual: failure.to_string(),
        }],
        trace: String::new(),
    })
}

fn shown(report: &Report) -> String {
    let mut text: String = report.tests.iter().map(test).collect();
    let _ = write!(text, "{} passed, {} failed", report.passed, report.failed);
    text
}

fn test(outcome: &Outcome) -> String {
    let title = format!("{}  {DIM}{}{PLAIN}", outcome.name, outcome.sentence);
    if outcome.mismatches.is_empty() {
        return format!("{GREEN}pass{PLAIN} {title}\n");
    }
    let mut text = format!("{RED}FAIL{PLAIN} {title}\n");
    for mismatch in &outcome.mismatches {
        let _ = write!(
            text,
            "  {}\n    expected  {GREEN}{}{PLAIN}\n    found     {RED}{}{PLAIN}\n",
            mismatch.expectation, mismatch.expected, mismatch.actual
        );
    }
    if !outcome.trace.is_empty() {
        text.push_str("\n  what happened:\n");
        for line in outcome.trace.lines() {
            let _ = writeln!(text, "  {line}");
        }
    }
    text
}
