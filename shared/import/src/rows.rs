//! The rows of a file: cells under a header, or one JSON object a line.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use csv::{ByteRecord, ReaderBuilder};
use serde_json::{Map, Value as Json};

use crate::FileError;
use crate::input::{Input, LONGEST, Row as Length};

/// How much of a file is looked at for its separator.
const HEAD: u64 = 64 * 1024;

/// What separates cells; the first is usual.
const SEPARATORS: [u8; 3] = *b",;\t";

/// The form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Cells, with the names of the columns in the first line.
    Csv,
    /// A JSON object in each line.
    JsonLines,
}

impl Format {
    /// The form that a file's name says.
    ///
    /// # Errors
    /// [`FileError::UnknownFormat`] when it says none.
    pub fn of(path: &Path) -> Result<Self, FileError> {
        let end = path.extension().and_then(std::ffi::OsStr::to_str);
        match end.map(str::to_ascii_lowercase).as_deref() {
            Some("csv" | "tsv") => Ok(Self::Csv),
            Some("jsonl" | "ndjson") => Ok(Self::JsonLines),
            _ => Err(FileError::UnknownFormat(path.to_owned())),
        }
    }
}

/// A row as the file has it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Raw {
    /// Cells in the order of the columns; none: it is no UTF-8 text.
    Cells(Vec<Option<String>>),
    /// A JSON object.
    Object(Map<String, Json>),
    /// A line that is no JSON object.
    NoObject,
}

enum Reader {
    Csv(csv::Reader<Input>),
    JsonLines(BufReader<Input>),
}

/// The rows of a file, one after the other.
pub struct Rows {
    path: PathBuf,
    reader: Reader,
    length: Length,
    columns: Vec<String>,
    read: u64,
}

impl Rows {
    /// Opens a file; the columns of a table are read.
    ///
    /// # Errors
    /// [`FileError`] when it cannot be read, or is no table.
    pub fn open(path: &Path, format: Format) -> Result<Self, FileError> {
        let unreadable = |error| FileError::unreadable(path, error);
        let (input, length) = Input::open(path).map_err(unreadable)?;
        let mut rows = Self {
            path: path.to_owned(),
            reader: match format {
                Format::JsonLines => Reader::JsonLines(BufReader::new(input)),
                Format::Csv => {
                    let separator = separator(path).map_err(unreadable)?;
                    let mut builder = ReaderBuilder::new();
                    let builder = builder.flexible(true).has_headers(false);
                    Reader::Csv(builder.delimiter(separator).from_reader(input))
                }
            },
            length,
            columns: Vec::new(),
            read: 0,
        };
        if format == Format::Csv {
            rows.columns = rows.header()?;
        }
        Ok(rows)
    }

    /// The columns of a table; of lines, none.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    fn header(&mut self) -> Result<Vec<String>, FileError> {
        let Some(Raw::Cells(cells)) = self.next_raw()? else {
            return Err(FileError::Empty(self.path.clone()));
        };
        self.read = 0;
        let cells: Option<Vec<String>> = cells.into_iter().collect();
        let cells = cells.ok_or_else(|| FileError::NotText(self.path.clone()))?;
        if cells.iter().all(String::is_empty) {
            return Err(FileError::Empty(self.path.clone()));
        }
        Ok(cells)
    }

    /// The number of the row that was read last, from 1.
    pub(crate) fn number(&self) -> u64 {
        self.read
    }

    /// The next row; `None`: there is none.
    pub(crate) fn next_raw(&mut self) -> Result<Option<Raw>, FileError> {
        self.length.ends();
        let read = match &mut self.reader {
            Reader::Csv(reader) => cells(reader),
            Reader::JsonLines(reader) => object(reader),
        };
        let row = self.read.saturating_add(1);
        match read {
            Ok(raw) => {
                self.read = if raw.is_some() { row } else { self.read };
                Ok(raw)
            }
            Err(_) if self.length.is_too_long() => Err(FileError::RowTooLong {
                row,
                limit: LONGEST,
            }),
            Err(error) => Err(FileError::unreadable(&self.path, error)),
        }
    }

    /// The hash of what was read.
    pub(crate) fn digest(self) -> String {
        match self.reader {
            Reader::Csv(reader) => reader.into_inner().digest(),
            Reader::JsonLines(reader) => reader.into_inner().digest(),
        }
    }
}

impl std::fmt::Debug for Rows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rows")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

fn cells(reader: &mut csv::Reader<Input>) -> std::io::Result<Option<Raw>> {
    let mut record = ByteRecord::new();
    if !reader.read_byte_record(&mut record)? {
        return Ok(None);
    }
    let cell = |bytes: &[u8]| {
        let text = std::str::from_utf8(bytes).ok()?;
        Some(text.trim().to_owned())
    };
    Ok(Some(Raw::Cells(record.iter().map(cell).collect())))
}

/// The next line that is not blank.
fn object(reader: &mut BufReader<Input>) -> std::io::Result<Option<Raw>> {
    let mut line = Vec::new();
    loop {
        line.clear();
        if reader.read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        if !line.trim_ascii().is_empty() {
            break;
        }
    }
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line);
    Ok(Some(match serde_json::from_slice(line) {
        Ok(Json::Object(members)) => Raw::Object(members),
        _ => Raw::NoObject,
    }))
}

/// What separates the columns of the first line: what is there most often.
fn separator(path: &Path) -> std::io::Result<u8> {
    let mut head = Vec::new();
    std::fs::File::open(path)?
        .take(HEAD)
        .read_to_end(&mut head)?;
    let (mut counts, mut quoted) = ([0_usize; SEPARATORS.len()], false);
    for byte in head {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => break,
            _ => {
                for (count, separator) in counts.iter_mut().zip(SEPARATORS) {
                    *count += usize::from(byte == separator && !quoted);
                }
            }
        }
    }
    let mut best = (0, b',');
    for (count, separator) in counts.into_iter().zip(SEPARATORS) {
        if count > best.0 {
            best = (count, separator);
        }
    }
    Ok(best.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, bytes: &[u8]) -> Result<(Vec<String>, Vec<Raw>), FileError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let mut rows = Rows::open(&path, Format::of(&path)?)?;
        let mut all = Vec::new();
        while let Some(raw) = rows.next_raw()? {
            all.push(raw);
        }
        assert_eq!(rows.number(), u64::try_from(all.len()).unwrap());
        Ok((rows.columns().to_vec(), all))
    }

    fn cells(cells: &[&str]) -> Raw {
        Raw::Cells(cells.iter().map(|cell| Some((*cell).to_owned())).collect())
    }

    #[test]
    fn cells_are_read_whatever_separates_and_quotes_them() {
        for (name, text) in [
            ("a.csv", "id,name\n1, \"A, B\"\n"),
            ("a.CSV", "id;name\r\n1;\"A, B\"\r\n\r\n"),
            ("a.tsv", "id\tname\n1\t A, B\n"),
        ] {
            let (columns, rows) = read(name, text.as_bytes()).unwrap();
            assert_eq!(columns, ["id", "name"], "{name}");
            assert_eq!(rows.len(), 1, "{name}");
        }
        let (columns, rows) = read("b.csv", "\u{feff}id,name\n1,\"a\nb\"\n2\n".as_bytes()).unwrap();
        assert_eq!(
            columns,
            ["id", "name"],
            "a mark of the byte order is no text"
        );
        assert_eq!(rows, [cells(&["1", "a\nb"]), cells(&["2"])]);
    }

    #[test]
    fn a_cell_that_is_no_text_does_not_hide_the_others() {
        let (_, rows) = read("a.csv", b"id,name\n1,\xff\n").unwrap();
        assert_eq!(rows, [Raw::Cells(vec![Some("1".to_owned()), None])]);
    }

    #[test]
    fn lines_are_objects_or_not_and_blank_ones_nothing() {
        let (_, rows) = read("a.jsonl", b"{\"id\":1}\n\n  \n[2]\n{\"id\":\n").unwrap();
        let one = Raw::Object([("id".to_owned(), 1.into())].into_iter().collect());
        assert_eq!(rows, [one, Raw::NoObject, Raw::NoObject]);
    }

    #[test]
    fn a_quote_that_is_not_closed_is_told_before_the_rest_is_read() {
        let mut text = b"id,name\n1,a\n2,\"b\n".to_vec();
        text.extend(b"3,c\n".repeat(LONGEST));
        let error = read("a.csv", &text).unwrap_err();
        assert!(
            matches!(error, FileError::RowTooLong { row: 2, .. }),
            "{error}"
        );
        let mut text = b"{\"id\":1}\n{\"id\":\"".to_vec();
        text.extend(vec![b'x'; 2 * LONGEST]);
        let error = read("a.jsonl", &text).unwrap_err();
        assert!(
            matches!(error, FileError::RowTooLong { row: 2, .. }),
            "{error}"
        );
    }

    #[test]
    fn a_file_without_columns_or_of_another_form_is_none() {
        for (name, bytes, code) in [
            ("a.csv", &b""[..], "NoColumns"),
            ("a.csv", b"\n\n", "NoColumns"),
            ("a.csv", b"\xff,b\n", "NoColumns"),
            ("a.xlsx", b"PK", "UnknownFormat"),
        ] {
            assert_eq!(read(name, bytes).unwrap_err().code(), code, "{name}");
        }
    }
}
