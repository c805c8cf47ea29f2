//! Importing a file, part by part.

use std::path::Path;

use holdfast_engine::definition::model::RecordDefinition;
use holdfast_engine::import::{Batch, Columns, Import, Outcome, Row};

use crate::parts::Parts;
use crate::{FileError, Results, Survey, Tally};

/// A file, and how its rows are read.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// The file.
    pub path: &'a Path,
    /// What it was when it was looked at.
    pub survey: &'a Survey,
    /// Which field each column fills.
    pub columns: &'a Columns,
    /// The record type.
    pub definition: &'a RecordDefinition,
}

/// Why an import did not come to its end. The same one once more goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum RunError<E> {
    /// The file or its results.
    #[error(transparent)]
    File(#[from] FileError),
    /// A part was not applied.
    #[error("a part of the import was not applied")]
    Part(E),
}

/// Imports a file: `apply` applies a part and tells what became of each row, `told` hears how far
/// it is. Parts whose verdicts are in the results are not applied again. Without results, as in a
/// rehearsal, it begins at the first row.
///
/// # Errors
/// [`RunError`] when it does not come to its end.
pub async fn run<E>(
    source: Source<'_>,
    import: &Import,
    mut results: Option<&mut Results>,
    mut apply: impl AsyncFnMut(Batch) -> Result<Vec<Outcome>, E>,
    mut told: impl FnMut(&Tally),
) -> Result<Tally, RunError<E>> {
    let Source { path, survey, .. } = source;
    let mut parts = Parts::open(path, survey, source.columns, source.definition)?;
    let mut next = first_part(&mut parts, results.as_deref_mut())?;
    let mut tally = results.as_ref().map(|results| results.tally().clone());
    let tally = tally.get_or_insert_default();
    told(tally);
    while !next.is_empty() {
        let batch = Batch {
            import: import.clone(),
            mistakes: tally.mistakes(),
            rows: next,
        };
        let outcomes = apply(batch).await.map_err(RunError::Part)?;
        for outcome in &outcomes {
            tally.count(outcome);
        }
        if let Some(results) = results.as_deref_mut() {
            results.add(&outcomes)?;
        }
        told(tally);
        next = parts.next_part()?;
    }
    if parts.end() != (survey.rows, survey.digest.clone()) {
        return Err(FileError::Changed(path.to_owned()).into());
    }
    Ok(std::mem::take(tally))
}

/// The first part that has to be applied: the one after the last whose verdicts are all in the
/// results, which then end before it.
fn first_part(parts: &mut Parts<'_>, results: Option<&mut Results>) -> Result<Vec<Row>, FileError> {
    let known = results.as_ref().map_or(0, |results| results.rows());
    loop {
        let rows = parts.next_part()?;
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
            return Ok(rows);
        };
        if last.number > known {
            if let Some(results) = results {
                results.rewind(first.number.saturating_sub(1))?;
            }
            return Ok(rows);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::fmt::Write as _;
    use std::path::PathBuf;
    use std::sync::Arc;

    use holdfast_engine::definition::{Catalog, load};
    use holdfast_engine::field::Violation;
    use holdfast_engine::import::{Asked, Content, Verdict, columns};
    use holdfast_engine::name::RecordType;
    use proptest::prelude::*;
    use tempfile::TempDir;

    use super::*;
    use crate::{results_path, survey};

    const ROWS: u64 = 1_200;

    fn definition() -> Arc<RecordDefinition> {
        let record = "record: lead\nkey: [number]\nfields: { number: { type: string }, note: { type: string } }\n\
                      states: [new]\ninitial: new\ntransitions: []\n";
        let files = [
            ("pack.yaml".to_owned(), "pack: p\n".to_owned()),
            ("lead.record.yaml".to_owned(), record.to_owned()),
        ];
        let (pack, _) = load(&files.into(), &Catalog::default()).unwrap();
        Arc::clone(&pack.records[&RecordType::new("lead").unwrap()])
    }

    /// A file with a row in five that is none, and its import.
    struct Given {
        _folder: TempDir,
        path: PathBuf,
        survey: Survey,
        columns: Columns,
        definition: Arc<RecordDefinition>,
        import: Import,
    }

    fn given() -> Given {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("leads.csv");
        let mut text = "Number,Note\n".to_owned();
        for row in 1..=ROWS {
            let more = if row % 5 == 0 { ",too many" } else { "" };
            writeln!(text, "{row},\"a note\nof two lines\"{more}").unwrap();
        }
        std::fs::write(&path, text).unwrap();
        let (survey, definition) = (survey(&path).unwrap(), definition());
        let columns = columns(&definition, &survey.columns, &Asked::default()).unwrap();
        let import = Import {
            tenant: "demo".parse().unwrap(),
            pack: "p".parse().unwrap(),
            record_type: "lead".parse().unwrap(),
            id: Import::identity(&[0; 32], &[survey.digest.as_bytes()]).unwrap(),
            file: "leads.csv".to_owned(),
            by: "ann".to_owned(),
            rows: survey.rows,
            fields: columns.fields(),
        };
        Given {
            _folder: folder,
            path,
            survey,
            columns,
            definition,
            import,
        }
    }

    /// A row is created, or what keeps it from being read is told.
    fn outcome(row: &Row) -> Outcome {
        let (verdict, fields): (_, Vec<Violation>) = match &row.content {
            Content::Values(_) => (Verdict::Created, Vec::new()),
            Content::Unreadable(wrong) => (Verdict::Review, wrong.clone()),
        };
        Outcome {
            row: row.number,
            verdict,
            record: None,
            fields,
            reason: None,
        }
    }

    impl Given {
        /// Imports; says what came of it, the rows that were applied, and the mistakes before each
        /// part.
        fn run(&self) -> (Tally, Vec<u64>, Vec<u64>) {
            let path = results_path(&self.path, &self.import);
            let mut results = Results::open(&path, &self.import).unwrap();
            let (mut applied, mut mistakes) = (Vec::new(), Vec::new());
            let source = Source {
                path: &self.path,
                survey: &self.survey,
                columns: &self.columns,
                definition: &self.definition,
            };
            let apply = async |batch: Batch| {
                mistakes.push(batch.mistakes);
                applied.extend(batch.rows.iter().map(|row| row.number));
                Ok::<_, Infallible>(batch.rows.iter().map(outcome).collect())
            };
            let running = run(source, &self.import, Some(&mut results), apply, |_| {});
            let runtime = tokio::runtime::Builder::new_current_thread()
                .build()
                .unwrap();
            let tally = runtime.block_on(running).unwrap();
            assert_eq!((tally.rows(), results.rows()), (ROWS, ROWS));
            (tally, applied, mistakes)
        }

        fn results(&self) -> Vec<u8> {
            std::fs::read(results_path(&self.path, &self.import)).unwrap()
        }
    }

    #[test]
    fn a_file_is_applied_in_parts_that_know_the_mistakes_before_them() {
        let given = given();
        let (tally, applied, mistakes) = given.run();
        assert_eq!(applied, (1..=ROWS).collect::<Vec<_>>());
        assert_eq!(mistakes, [0, 100, 200]);
        let counts = (tally.of(Verdict::Created), tally.of(Verdict::Review));
        assert_eq!(counts, (ROWS - ROWS / 5, ROWS / 5));
        assert_eq!(tally.first()[0].fields[0].actual, "3 cells");
        assert_eq!(given.run(), (tally, Vec::new(), Vec::new()));
    }

    #[test]
    fn a_file_that_changes_on_the_way_is_told() {
        let mut given = given();
        given.survey.digest = "another".to_owned();
        let path = results_path(&given.path, &given.import);
        let mut results = Results::open(&path, &given.import).unwrap();
        let source = Source {
            path: &given.path,
            survey: &given.survey,
            columns: &given.columns,
            definition: &given.definition,
        };
        let apply =
            async |batch: Batch| Ok::<_, Infallible>(batch.rows.iter().map(outcome).collect());
        let running = run(source, &given.import, Some(&mut results), apply, |_| {});
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let error = runtime.block_on(running).unwrap_err();
        assert!(
            matches!(error, RunError::File(FileError::Changed(_))),
            "{error}"
        );
    }

    #[test]
    fn results_of_another_import_are_left_alone() {
        let given = given();
        given.run();
        let path = results_path(&given.path, &given.import);
        let mut other = given.import.clone();
        other.id = "other".parse().unwrap();
        for text in [given.results(), b"my notes".to_vec()] {
            std::fs::write(&path, &text).unwrap();
            assert_eq!(
                Results::open(&path, &other).unwrap_err().code(),
                "OtherResults"
            );
            assert_eq!(given.results(), text);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn results_that_are_cut_anywhere_are_completed_to_the_same(share in 0.0..=1.0_f64) {
            let given = given();
            let (tally, ..) = given.run();
            let whole = given.results();
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_precision_loss,
                clippy::cast_sign_loss,
                reason = "a place in a small file"
            )]
            let cut = (whole.len() as f64 * share) as usize;
            std::fs::write(results_path(&given.path, &given.import), &whole[..cut]).unwrap();
            let (again, applied, _) = given.run();
            prop_assert_eq!(given.results(), whole);
            prop_assert_eq!(again, tally);
            // Whole parts are applied again, and none whose verdicts are all there.
            let first = applied.first().copied().unwrap_or(1);
            prop_assert_eq!(first % 500, 1);
        }
    }
}
