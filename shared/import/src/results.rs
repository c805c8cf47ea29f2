//! The results of an import, beside its file: what it is, then a verdict in each line.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use holdfast_engine::import::{Import, Outcome};
use serde::{Deserialize, Serialize};

use crate::{FileError, Tally};

/// The first line.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Head {
    import: String,
    file: String,
    #[serde(rename = "type")]
    record_type: String,
    rows: u64,
}

impl Head {
    fn of(import: &Import) -> Self {
        Self {
            import: import.id.to_string(),
            file: import.file.clone(),
            record_type: import.record_type.to_string(),
            rows: import.rows,
        }
    }
}

/// Where the results of an import are kept, unless another place is named.
#[must_use]
pub fn results_path(file: &Path, import: &Import) -> PathBuf {
    let short: String = import.id.as_str().chars().take(8).collect();
    let mut name = file.file_name().map(OsString::from).unwrap_or_default();
    name.push(format!(".{short}.results.jsonl"));
    file.with_file_name(name)
}

/// The results of an import. Each part is on the disk before the next one is applied.
#[derive(Debug)]
pub struct Results {
    path: PathBuf,
    file: File,
    rows: u64,
    tally: Tally,
}

impl Results {
    /// Opens the results of an import, or begins them.
    ///
    /// # Errors
    /// [`FileError`] when they cannot be kept there, or there are those of another import.
    pub fn open(path: &Path, import: &Import) -> Result<Self, FileError> {
        let unusable = |source| FileError::ResultsUnusable {
            path: path.to_owned(),
            source,
        };
        let mut options = OpenOptions::new();
        let options = options.read(true).append(true).create(true);
        let file = options.open(path).map_err(unusable)?;
        let mut results = Self {
            path: path.to_owned(),
            file,
            rows: 0,
            tally: Tally::default(),
        };
        results.begin(import)?;
        Ok(results)
    }

    /// How many rows have a verdict.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// What came of them.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Where they are.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn begin(&mut self, import: &Import) -> Result<(), FileError> {
        let head = self.head()?;
        match head {
            Some(head) if head.import == import.id.as_str() => {}
            Some(_) => return Err(FileError::OtherResults(self.path.clone())),
            None => {
                // A first line that was cut off says nothing yet.
                self.file.set_len(0).map_err(|error| self.unusable(error))?;
                self.append(&[&Head::of(import)])?;
            }
        }
        self.rewind(u64::MAX)
    }

    fn head(&self) -> Result<Option<Head>, FileError> {
        let mut lines = self.lines()?;
        let mut line = String::new();
        let read = lines.read_line(&mut line);
        read.map_err(|error| self.unusable(error))?;
        if line.is_empty() || !line.ends_with('\n') {
            let ours = line.is_empty() || line.starts_with(r#"{"import":"#);
            return if ours {
                Ok(None)
            } else {
                Err(FileError::OtherResults(self.path.clone()))
            };
        }
        let other = |_| FileError::OtherResults(self.path.clone());
        serde_json::from_str(&line).map(Some).map_err(other)
    }

    fn lines(&self) -> Result<BufReader<File>, FileError> {
        let file = File::open(&self.path).map_err(|error| self.unusable(error))?;
        Ok(BufReader::new(file))
    }

    /// Keeps the verdicts of this many rows at most, and drops the rest: a line that was cut off,
    /// and those of a part that is applied again.
    pub(crate) fn rewind(&mut self, rows: u64) -> Result<(), FileError> {
        let (mut lines, mut line) = (self.lines()?, Vec::new());
        let (mut end, mut first, mut tally) = (0_u64, true, Tally::default());
        loop {
            line.clear();
            let read = lines.read_until(b'\n', &mut line);
            read.map_err(|error| self.unusable(error))?;
            if !line.ends_with(b"\n") || (!first && tally.rows() >= rows) {
                break;
            }
            if !first {
                let Ok(outcome) = serde_json::from_slice::<Outcome>(&line) else {
                    break;
                };
                tally.count(&outcome);
            }
            first = false;
            end = end.saturating_add(u64::try_from(line.len()).unwrap_or(0));
        }
        self.file
            .set_len(end)
            .map_err(|error| self.unusable(error))?;
        (self.rows, self.tally) = (tally.rows(), tally);
        Ok(())
    }

    /// Adds the verdicts of a part; they are on the disk when it returns.
    pub(crate) fn add(&mut self, outcomes: &[Outcome]) -> Result<(), FileError> {
        let lines: Vec<&Outcome> = outcomes.iter().collect();
        self.append(&lines)?;
        for outcome in outcomes {
            self.tally.count(outcome);
        }
        self.rows = self.tally.rows();
        Ok(())
    }

    fn append<T: Serialize>(&mut self, lines: &[&T]) -> Result<(), FileError> {
        let mut text = Vec::new();
        for line in lines {
            let written = serde_json::to_writer(&mut text, line).map_err(std::io::Error::from);
            written.map_err(|error| self.unusable(error))?;
            text.push(b'\n');
        }
        let written = self.file.write_all(&text);
        let kept = written.and_then(|()| self.file.sync_data());
        kept.map_err(|error| self.unusable(error))
    }

    fn unusable(&self, source: std::io::Error) -> FileError {
        FileError::ResultsUnusable {
            path: self.path.clone(),
            source,
        }
    }
}
