//! The parts of a file: its rows as fields, in batches that are always the same.

use std::collections::BTreeMap;
use std::path::Path;

use holdfast_engine::definition::model::RecordDefinition;
use holdfast_engine::field::{Kind, Rule, Violation};
use holdfast_engine::import::{Columns, Content, MAX_ROWS, Row};
use serde_json::{Map, Value as Json};

use crate::rows::{Raw, Rows};
use crate::{FileError, Survey};

/// The most of a part, in bytes as JSON; a longer row is a part by itself.
const MAX_PART: usize = 1024 * 1024;

/// The parts of a file, one after the other.
pub(crate) struct Parts<'a> {
    rows: Rows,
    columns: Vec<Column<'a>>,
    by_name: BTreeMap<&'a str, Column<'a>>,
    /// The row that did not fit into the part before.
    next: Option<Row>,
}

/// A column, and the field that it fills.
#[derive(Clone, Copy)]
struct Column<'a> {
    name: &'a str,
    field: Option<(&'a str, &'a Kind)>,
}

impl<'a> Parts<'a> {
    /// The parts of a file.
    pub(crate) fn open(
        path: &Path,
        survey: &'a Survey,
        columns: &'a Columns,
        definition: &'a RecordDefinition,
    ) -> Result<Self, FileError> {
        let named = survey.columns.iter().zip(&columns.0);
        let column = |(name, field): (&'a String, &'a Option<String>)| Column {
            name,
            field: field.as_deref().and_then(|field| {
                let kind = &definition.fields.get(field)?.field.kind;
                Some((field, kind))
            }),
        };
        let columns: Vec<Column<'a>> = named.map(column).collect();
        let by_name = columns.iter().map(|column| (column.name, *column));
        Ok(Self {
            rows: Rows::open(path, survey.format)?,
            by_name: by_name.collect(),
            columns,
            next: None,
        })
    }

    /// The next part; empty: there is none.
    pub(crate) fn next_part(&mut self) -> Result<Vec<Row>, FileError> {
        let (mut part, mut size) = (Vec::new(), 0_usize);
        loop {
            let row = match self.next.take() {
                Some(row) => row,
                None => match self.row()? {
                    Some(row) => row,
                    None => return Ok(part),
                },
            };
            size = size.saturating_add(length(&row));
            if !part.is_empty() && (part.len() >= MAX_ROWS || size > MAX_PART) {
                self.next = Some(row);
                return Ok(part);
            }
            part.push(row);
        }
    }

    /// The number of rows that were read, and the hash of what was.
    pub(crate) fn end(self) -> (u64, String) {
        (self.rows.number(), self.rows.digest())
    }

    fn row(&mut self) -> Result<Option<Row>, FileError> {
        let Some(raw) = self.rows.next_raw()? else {
            return Ok(None);
        };
        let content = match raw {
            Raw::Cells(cells) if cells.len() == self.columns.len() => self.cells(cells),
            Raw::Cells(cells) => Err(vec![miscounted(cells.len(), self.columns.len())]),
            Raw::Object(members) => Ok(self.members(members)),
            Raw::NoObject => Err(vec![whole("a JSON object on one line", "another text")]),
        };
        Ok(Some(Row {
            number: self.rows.number(),
            content: match content {
                Ok(values) => Content::Values(values),
                Err(wrong) => Content::Unreadable(wrong),
            },
        }))
    }

    fn cells(&self, cells: Vec<Option<String>>) -> Result<Map<String, Json>, Vec<Violation>> {
        let (mut values, mut wrong) = (Map::new(), Vec::new());
        for (column, cell) in self.columns.iter().zip(cells) {
            match (column.field, cell) {
                (None, _) => {}
                (Some((field, _)), None) => wrong.push(no_text(field)),
                // An empty cell says nothing.
                (Some(_), Some(cell)) if cell.is_empty() => {}
                (Some((field, kind)), Some(cell)) => {
                    values.insert(field.to_owned(), value(kind, cell));
                }
            }
        }
        if wrong.is_empty() {
            Ok(values)
        } else {
            Err(wrong)
        }
    }

    fn members(&self, members: Map<String, Json>) -> Map<String, Json> {
        let named = |(name, value): (String, Json)| {
            let (field, _) = self.by_name.get(name.as_str())?.field?;
            Some((field.to_owned(), value))
        };
        members.into_iter().filter_map(named).collect()
    }
}

/// A cell as a field reads it: lists and objects are written as JSON.
fn value(kind: &Kind, cell: String) -> Json {
    match kind {
        Kind::List(_) | Kind::Object(_) | Kind::AnyObject => {
            serde_json::from_str(&cell).unwrap_or(Json::String(cell))
        }
        _ => Json::String(cell),
    }
}

fn length(row: &Row) -> usize {
    // Rows have text keys and finite numbers: they serialise.
    serde_json::to_string(row).map_or(0, |text| text.len())
}

fn whole(expected: &str, actual: &str) -> Violation {
    Violation {
        path: String::new(),
        rule: Rule::Format,
        expected: expected.to_owned(),
        actual: actual.to_owned(),
        hint: None,
    }
}

fn miscounted(found: usize, columns: usize) -> Violation {
    let violation = whole(&format!("{columns} cells"), &format!("{found} cells"));
    let hint = "a separator or a line break within a cell needs quotes around the cell".to_owned();
    Violation {
        hint: Some(hint),
        ..violation
    }
}

fn no_text(field: &str) -> Violation {
    Violation {
        path: field.to_owned(),
        hint: Some("save the file as UTF-8".to_owned()),
        ..whole("UTF-8 text", "***")
    }
}
