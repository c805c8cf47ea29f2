//! `holdfast import`: makes records of the rows of a file, with a verdict for each row.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use holdfast_engine::import::{Asked, Outcome, Verdict};
use holdfast_engine::name::{PackName, RecordType, TenantName};
use holdfast_import::{Results, Tally, results_path};
use serde::Serialize;
use serde_json::json;

use crate::data;
use crate::deciding::Person;
use crate::failure::{Exit, Failure};
use crate::importing::{Prepared, Wanted, prepare};
use crate::items::violation;
use crate::output::style::{BOLD, DIM, GREEN, PLAIN, RED, YELLOW};
use crate::output::{Output, counted};
use crate::place::{At, Place, at};

/// What to import.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The name of the pack, as in its pack.yaml
    pack: PackName,
    /// The record type that each row becomes
    record: RecordType,
    /// A table (.csv, .tsv) with the names of its columns in the first line, or a JSON object in
    /// each line (.jsonl)
    file: PathBuf,
    /// The field that a column fills, where its name does not say it
    #[arg(long, value_name = "COLUMN=FIELD", value_parser = mapped)]
    map: Vec<(String, String)>,
    /// A column that fills nothing
    #[arg(long, value_name = "COLUMN")]
    leave_out: Vec<String>,
    /// Say what would become of each row, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Where the verdicts are kept; beside the file where it is left out
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run")]
    results: Option<PathBuf>,
    /// The tenant; may be left out where there is only one
    #[arg(long)]
    tenant: Option<TenantName>,
    #[command(flatten)]
    person: Person,
    #[command(flatten)]
    at: At,
}

fn mapped(text: &str) -> Result<(String, String), String> {
    let (column, field) = text
        .rsplit_once('=')
        .ok_or("write it as <column>=<field>")?;
    Ok((column.to_owned(), field.to_owned()))
}

/// What came of it, for programs: these members stay.
#[derive(Debug, Serialize)]
struct Summary {
    import: String,
    dry_run: bool,
    rows: u64,
    bulk: bool,
    /// The field of each column; null: it was left out.
    columns: BTreeMap<String, Option<String>>,
    created: u64,
    updated: u64,
    unchanged: u64,
    review: u64,
    refused: u64,
    /// The first rows that were not applied.
    mistakes: Vec<Outcome>,
    results: Option<String>,
}

/// Imports.
pub(crate) async fn run(arguments: &Arguments, output: Output) -> Result<Exit, Failure> {
    at!(arguments.at, |place| import(place, arguments, output).await)
}

async fn import(
    place: &mut impl Place,
    arguments: &Arguments,
    output: Output,
) -> Result<Exit, Failure> {
    let asked = Asked {
        map: arguments.map.iter().cloned().collect(),
        leave_out: arguments.leave_out.iter().cloned().collect(),
    };
    let wanted = Wanted {
        tenant: data::tenant(arguments.tenant.as_ref(), place.ports()).await?,
        pack: &arguments.pack,
        record: &arguments.record,
        file: &arguments.file,
        asked: &asked,
        by: arguments.person.name(),
    };
    let prepared = prepare(place, wanted).await?;
    let (tally, results) = if arguments.dry_run {
        (prepared.rehearse(place, output).await?, None)
    } else {
        let path = arguments.results.clone();
        let path = path.unwrap_or_else(|| results_path(&arguments.file, &prepared.import));
        let mut results = Results::open(&path, &prepared.import)?;
        if results.rows() > 0 {
            let known = counted(usize::try_from(results.rows()).unwrap_or(usize::MAX), "row");
            output.note(format!("{known} of this file have their verdict already"));
        }
        let tally = prepared.import(place, &mut results, output).await?;
        (tally, Some(path.display().to_string()))
    };
    let summary = summary(&prepared, &tally, results);
    output.result(&summary, |summary| text(arguments, summary));
    if let Some(waits) = place.waits().filter(|_| !arguments.dry_run) {
        output.note(format!("{YELLOW}note:{PLAIN} {waits}"));
    }
    Ok(if tally.mistakes() == 0 {
        Exit::Done
    } else {
        Exit::Wrong
    })
}

fn summary(prepared: &Prepared, tally: &Tally, results: Option<String>) -> Summary {
    let fields = prepared.fields().into_iter();
    let fields = fields.map(|(column, field)| (column.to_owned(), field.map(str::to_owned)));
    Summary {
        import: prepared.import.id.to_string(),
        dry_run: results.is_none(),
        rows: tally.rows(),
        bulk: prepared.import.is_bulk(),
        columns: fields.collect(),
        created: tally.of(Verdict::Created),
        updated: tally.of(Verdict::Updated),
        unchanged: tally.of(Verdict::Unchanged),
        review: tally.of(Verdict::Review),
        refused: tally.of(Verdict::Refused),
        mistakes: tally.first().to_vec(),
        results,
    }
}

fn text(arguments: &Arguments, summary: &Summary) -> String {
    let count = counted(usize::try_from(summary.rows).unwrap_or(usize::MAX), "row");
    let (file, record) = (arguments.file.display(), &arguments.record);
    let mut lines = vec![if summary.dry_run {
        format!("{BOLD}{count} of {file}, as records of type {record}; nothing was written{PLAIN}")
    } else {
        format!("{BOLD}{count} of {file}, as records of type {record}{PLAIN}")
    }];
    for (word, rows, colour) in [
        ("created", summary.created, GREEN),
        ("updated", summary.updated, GREEN),
        ("unchanged", summary.unchanged, DIM),
        ("review", summary.review, YELLOW),
        ("refused", summary.refused, RED),
    ] {
        lines.push(format!("  {colour}{word:<10}{PLAIN} {rows:>8}"));
    }
    lines.extend(summary.mistakes.iter().flat_map(mistake));
    if let Some(results) = &summary.results {
        lines.push(format!("the verdict of each row: {results}"));
        if summary.review + summary.refused > 0 {
            lines.push("mend these rows and import the file again; `holdfast review list` has the question".to_owned());
        }
    }
    lines.join("\n")
}

fn mistake(outcome: &Outcome) -> Vec<String> {
    let row = format!("{DIM}row {}{PLAIN}", outcome.row);
    let reason = outcome.reason.iter().map(|why| format!("{row}  {why}"));
    let wrong = outcome.fields.iter();
    let wrong = wrong.map(|one| format!("{row}  {}", violation(&json!(one))));
    reason.chain(wrong).collect()
}
