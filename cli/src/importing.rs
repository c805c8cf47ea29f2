//! Importing a file as people see it: which columns it has, how far it is, what became of its rows.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use holdfast_embedded::clock::SystemClock;
use holdfast_engine::definition::model::RecordDefinition;
use holdfast_engine::import::{
    Asked, Batch, ColumnMistake, Columns, Import, Rehearsal, columns, rehearse, target,
};
use holdfast_engine::name::{PackName, RecordType, TenantName};
use holdfast_engine::port::{Clock, Ports, Secrets};
use holdfast_import::{FileError, Results, RunError, Source, Survey, Tally, run, survey};

use crate::failure::{Failure, with_causes};
use crate::output::Output;
use crate::place::Place;
use crate::progress::Progress;

/// What is to be imported.
pub(crate) struct Wanted<'a> {
    pub(crate) tenant: TenantName,
    pub(crate) pack: &'a PackName,
    pub(crate) record: &'a RecordType,
    pub(crate) file: &'a Path,
    pub(crate) asked: &'a Asked,
    pub(crate) by: String,
}

/// A file that was looked at, and may be imported.
pub(crate) struct Prepared {
    path: PathBuf,
    survey: Survey,
    columns: Columns,
    definition: Arc<RecordDefinition>,
    pub(crate) import: Import,
}

/// Looks at a file, and finds the field of each column.
///
/// # Errors
/// [`Failure`] when it cannot be imported as it is. Nothing was.
pub(crate) async fn prepare(place: &impl Place, wanted: Wanted<'_>) -> Result<Prepared, Failure> {
    let Wanted {
        tenant,
        pack,
        record,
        ..
    } = &wanted;
    let ports = place.ports();
    let found = target(ports, tenant, pack, record).await;
    let (_, definition) = found.map_err(holdfast_embedded::control::Refused::from)?;
    let survey = survey(wanted.file)?;
    let columns = columns(&definition, &survey.columns, wanted.asked)
        .map_err(|mistakes| mistaken(&mistakes))?;
    let import = identified(ports, &wanted, &survey, &columns)?;
    Ok(Prepared {
        path: wanted.file.to_owned(),
        survey,
        columns,
        definition,
        import,
    })
}

fn identified(
    ports: &impl Ports,
    wanted: &Wanted<'_>,
    survey: &Survey,
    columns: &Columns,
) -> Result<Import, Failure> {
    let filled: Vec<_> = columns
        .0
        .iter()
        .map(|field| field.as_deref().unwrap_or_default())
        .collect();
    let filled = filled.join(",");
    let known_by = [
        wanted.tenant.as_str(),
        wanted.pack.as_str(),
        wanted.record.as_str(),
        &survey.digest,
        &filled,
    ];
    let id = Import::identity(ports.secrets().identity_key(), &known_by.map(str::as_bytes));
    let name = wanted.file.file_name().unwrap_or_default();
    Ok(Import {
        tenant: wanted.tenant.clone(),
        pack: wanted.pack.clone(),
        record_type: wanted.record.clone(),
        id: id.map_err(|error| Failure::Usage(error.to_string()))?,
        file: name.to_string_lossy().into_owned(),
        by: wanted.by.clone(),
        rows: survey.rows,
        fields: columns.fields(),
    })
}

/// Every mistake of the columns, and what can be done about them.
fn mistaken(mistakes: &[ColumnMistake]) -> Failure {
    let code = mistakes
        .first()
        .map_or("UnknownColumn", ColumnMistake::code);
    let mut lines: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    let unknown = |mistake: &ColumnMistake| matches!(mistake, ColumnMistake::Unknown { .. });
    if mistakes.iter().any(unknown) {
        lines.push(
            "name the field with --map '<column>=<field>', or leave the column out with \
             --leave-out '<column>'"
                .to_owned(),
        );
    }
    Failure::wrong(code, lines.join("\n"))
}

impl Prepared {
    fn source(&self) -> Source<'_> {
        Source {
            path: &self.path,
            survey: &self.survey,
            columns: &self.columns,
            definition: &self.definition,
        }
    }

    /// Imports it. An import that was interrupted goes on.
    ///
    /// # Errors
    /// [`Failure`] when it does not come to its end; the same command goes on from there.
    pub(crate) async fn import(
        &self,
        place: &mut impl Place,
        results: &mut Results,
        output: Output,
    ) -> Result<Tally, Failure> {
        let mut progress = self.progress(output);
        let apply = async |batch: Batch| place.import(batch).await;
        let told = |tally: &Tally| progress.at(count(tally.rows()), SystemClock.now());
        let ended = run(self.source(), &self.import, Some(results), apply, told).await;
        progress.end();
        ended.map_err(|error| match error {
            RunError::File(error) => error.into(),
            RunError::Part(failure) => stopped(&failure, results.rows()),
        })
    }

    /// What importing it would come to; nothing is written.
    ///
    /// # Errors
    /// [`Failure`] when that cannot be told.
    pub(crate) async fn rehearse(
        &self,
        place: &impl Place,
        output: Output,
    ) -> Result<Tally, Failure> {
        let mut progress = self.progress(output);
        let mut seen = Rehearsal::default();
        let apply = async |batch: Batch| rehearse(place.ports(), &batch, &mut seen).await;
        let told = |tally: &Tally| progress.at(count(tally.rows()), SystemClock.now());
        let ended = run(self.source(), &self.import, None, apply, told).await;
        progress.end();
        ended.map_err(|error| match error {
            RunError::File(error) => error.into(),
            RunError::Part(error) => holdfast_embedded::control::Refused::from(error).into(),
        })
    }

    fn progress(&self, output: Output) -> Progress {
        Progress::begin(count(self.survey.rows), SystemClock.now(), output)
    }

    /// The field that each column fills.
    pub(crate) fn fields(&self) -> BTreeMap<&str, Option<&str>> {
        let named = self.survey.columns.iter().zip(&self.columns.0);
        named
            .map(|(column, field)| (column.as_str(), field.as_deref()))
            .collect()
    }
}

fn count(rows: u64) -> usize {
    usize::try_from(rows).unwrap_or(usize::MAX)
}

fn stopped(failure: &Failure, rows: u64) -> Failure {
    let message =
        format!("{failure}\n{rows} rows have their verdict; the same command goes on from there");
    match failure {
        Failure::Unreachable { code, .. } => Failure::unreachable(code, message),
        _ => Failure::wrong(failure.code(), message),
    }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        let hint = match &error {
            FileError::OtherResults(_) => "; name another file with --results",
            FileError::Changed(_) => "; import it again as it is now",
            _ => "",
        };
        let message = format!("{}{hint}", with_causes(&error));
        match error {
            FileError::Unreadable { .. } | FileError::ResultsUnusable { .. } => {
                Self::unreachable(error.code(), message)
            }
            _ => Self::wrong(error.code(), message),
        }
    }
}
