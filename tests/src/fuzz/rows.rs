//! Files of rows of any bytes.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use holdfast_embedded::clock::SystemClock;
use holdfast_embedded::registry::catalog;
use holdfast_engine::definition::load;
use holdfast_engine::definition::model::{Pack, RecordDefinition};
use holdfast_engine::import::{Asked, Columns, Import, Outcome, Verdict, apply, columns};
use holdfast_engine::name::RecordType;
use holdfast_import::{FileError, Results, Source, Survey, Tally, run, survey};

use super::pack_files;
use crate::memory::Memory;
use crate::ready::ready;

/// The most that is said of a row, in bytes: with every mistake in it.
const MAX_OUTCOME: usize = 64 * 1024;

/// Imports a file of these bytes as patients of the dental pack; the first byte says whether they
/// are a table or lines of JSON. The file is refused with a code, or each of its rows has a
/// verdict, once; the same rows as another file are what the first time made of them.
///
/// # Panics
/// When that does not hold.
pub fn rows(data: &[u8]) {
    static PACK: OnceLock<Arc<Pack>> = OnceLock::new();
    let pack = PACK.get_or_init(pack);
    let Some((form, bytes)) = data.split_first() else {
        return;
    };
    let name = RecordType::new("patient").expect("a name");
    let definition = Arc::clone(pack.records.get(&name).expect("it has patients"));
    let folder = tempfile::tempdir().expect("a folder");
    let end = if form % 2 == 0 { "csv" } else { "jsonl" };
    let path = folder.path().join("any").with_extension(end);
    std::fs::write(&path, bytes).expect("a file");
    let survey = match survey(&path) {
        Ok(survey) => survey,
        Err(refused) => return assert!(!refused.code().is_empty() && has_an_end(&refused)),
    };
    let Some(columns) = any_columns(&definition, &survey) else {
        return;
    };
    let memory = Memory::new(1, [Arc::clone(pack)]);
    let file = File {
        path: &path,
        survey: &survey,
        columns: &columns,
        definition: &definition,
    };
    let first = file.import(&memory, "first");
    let again = file.import(&memory, "again");
    let made = |tally: &Tally| [Verdict::Review, Verdict::Refused].map(|verdict| tally.of(verdict));
    assert_eq!(made(&first), made(&again), "the same mistakes");
    assert_eq!(again.of(Verdict::Created), 0, "no record twice");
}

fn pack() -> Arc<Pack> {
    let (pack, _) = load(&pack_files(), &catalog::<SystemClock>()).expect("a pack");
    Arc::new(pack)
}

/// The columns, where unknown and repeated ones are left out; `None`: some other mistake.
fn any_columns(definition: &RecordDefinition, survey: &Survey) -> Option<Columns> {
    let mut asked = Asked::default();
    for name in &survey.columns {
        let alone = std::slice::from_ref(name);
        let fills = columns(definition, alone, &Asked::default());
        let unknown = |code: &str| code == "UnknownColumn";
        if fills.is_err_and(|mistakes| mistakes.iter().any(|one| unknown(one.code()))) {
            asked.leave_out.insert(name.clone());
        }
    }
    columns(definition, &survey.columns, &asked).ok()
}

fn has_an_end(refused: &FileError) -> bool {
    refused.to_string().len() < 1_000
}

struct File<'a> {
    path: &'a Path,
    survey: &'a Survey,
    columns: &'a Columns,
    definition: &'a RecordDefinition,
}

impl File<'_> {
    fn import(&self, memory: &Memory, name: &str) -> Tally {
        let import = Import {
            tenant: "demo".parse().expect("a name"),
            pack: "dental".parse().expect("a name"),
            record_type: "patient".parse().expect("a name"),
            id: Import::identity(&[0; 32], &[name.as_bytes()]).expect("an id"),
            file: format!("{name}.csv"),
            by: "ann".to_owned(),
            rows: self.survey.rows,
            fields: self.columns.fields(),
        };
        let results = self.path.with_extension(name);
        let mut results = Results::open(&results, &import).expect("results");
        let source = Source {
            path: self.path,
            survey: self.survey,
            columns: self.columns,
            definition: self.definition,
        };
        let mut next = 1;
        let apply = async |batch| {
            let outcomes = apply(memory, &batch).await?;
            for outcome in &outcomes {
                assert_eq!(outcome.row, next, "a verdict for each row, in their order");
                next += 1;
                judge(outcome);
            }
            Ok::<_, holdfast_engine::import::ImportError>(outcomes)
        };
        let tally = ready(run(source, &import, Some(&mut results), apply, |_| {}));
        let tally = tally.expect("an import comes to its end");
        assert_eq!(tally.rows(), self.survey.rows, "a verdict for each row");
        tally
    }
}

fn judge(outcome: &Outcome) {
    let applied = matches!(
        outcome.verdict,
        Verdict::Created | Verdict::Updated | Verdict::Unchanged
    );
    assert_eq!(applied, outcome.record.is_some(), "{outcome:?}");
    let why = !outcome.fields.is_empty() || outcome.reason.is_some();
    assert_eq!(applied, !why, "whoever is refused hears why: {outcome:?}");
    let told = serde_json::to_string(outcome).expect("JSON");
    assert!(told.len() <= MAX_OUTCOME, "{} bytes of a row", told.len());
}
