//! Which field each column of a file fills.

use std::collections::{BTreeMap, BTreeSet};

use crate::definition::model::RecordDefinition;
use crate::definition::nearest::nearest;

/// What a person says of the columns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// Fields by the columns that fill them, whatever the columns are called.
    pub map: BTreeMap<String, String>,
    /// Columns that fill nothing.
    pub leave_out: BTreeSet<String>,
}

/// The field of each column, in the order of the columns; `None`: it fills nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns(pub Vec<Option<String>>);

impl Columns {
    /// The fields that they fill.
    #[must_use]
    pub fn fields(&self) -> BTreeSet<String> {
        self.0.iter().flatten().cloned().collect()
    }
}

/// What is wrong with the columns of a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ColumnMistake {
    /// No field has such a name.
    #[error("no field is called like the column `{column}`{}", meant(nearest.as_deref()))]
    Unknown {
        /// The column.
        column: String,
        /// The field that it may mean.
        nearest: Option<String>,
    },
    /// Several columns fill one field.
    #[error("the columns {} fill the field `{field}`", named(columns))]
    Repeated {
        /// The field.
        field: String,
        /// The columns.
        columns: Vec<String>,
    },
    /// No column fills a field of the natural key.
    #[error("no column fills `{0}`, by which a record is known")]
    KeyMissing(String),
    /// A column is to fill a field that is none.
    #[error("there is no field `{field}`{}", meant(nearest.as_deref()))]
    NoSuchField {
        /// The field.
        field: String,
        /// The field that it may mean.
        nearest: Option<String>,
    },
    /// Something is said of a column that is none.
    #[error("the file has no column `{column}`{}", meant(nearest.as_deref()))]
    NoSuchColumn {
        /// The column.
        column: String,
        /// The column that it may mean.
        nearest: Option<String>,
    },
}

impl ColumnMistake {
    /// The stable name of the mistake.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "UnknownColumn",
            Self::Repeated { .. } => "RepeatedColumn",
            Self::KeyMissing(_) => "KeyColumnMissing",
            Self::NoSuchField { .. } => "UnknownField",
            Self::NoSuchColumn { .. } => "NoSuchColumn",
        }
    }
}

fn meant(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

fn named(names: &[String]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

/// A name without what people write differently: case, spaces, `_` and `-`.
fn folded(name: &str) -> String {
    let meaningful = name.chars().filter(|c| c.is_alphanumeric());
    meaningful.flat_map(char::to_lowercase).collect()
}

/// Finds the field of each column: what is asked for, else the field of the same name, else the
/// one whose name differs only in case, spaces, `_` and `-`.
///
/// # Errors
/// Every [`ColumnMistake`]: no column is left out unless that is asked for.
pub fn columns(
    definition: &RecordDefinition,
    names: &[String],
    asked: &Asked,
) -> Result<Columns, Vec<ColumnMistake>> {
    let mut mistakes = unfit(definition, names, asked);
    let mut fields = Vec::with_capacity(names.len());
    for column in names {
        let field = field_of(definition, column, asked);
        if field.is_none() && !asked.leave_out.contains(column) {
            mistakes.push(unknown(definition, column));
        }
        fields.push(field);
    }
    mistakes.extend(repeated(names, &fields));
    let filled = |field: &&String| !fields.iter().flatten().any(|one| one == *field);
    let missing = definition.key.iter().filter(filled);
    mistakes.extend(missing.cloned().map(ColumnMistake::KeyMissing));
    if mistakes.is_empty() {
        Ok(Columns(fields))
    } else {
        Err(mistakes)
    }
}

fn field_of(definition: &RecordDefinition, column: &str, asked: &Asked) -> Option<String> {
    if asked.leave_out.contains(column) {
        return None;
    }
    let declared = |name: &str| definition.fields.contains_key(name);
    if let Some(field) = asked.map.get(column) {
        return declared(field).then(|| field.clone());
    }
    if declared(column) {
        return Some(column.to_owned());
    }
    let folded_column = folded(column);
    let alike = |name: &&String| folded(name) == folded_column;
    let mut alike = definition.fields.keys().filter(alike);
    match (alike.next(), alike.next()) {
        (Some(only), None) => Some(only.clone()),
        _ => None,
    }
}

fn unknown(definition: &RecordDefinition, column: &str) -> ColumnMistake {
    let near = asked_nearest(column, definition.fields.keys());
    ColumnMistake::Unknown {
        column: column.to_owned(),
        nearest: near,
    }
}

/// The nearest name, where only what is meaningful is compared.
fn asked_nearest<'a>(name: &str, names: impl Iterator<Item = &'a String>) -> Option<String> {
    let folded_names: BTreeMap<String, &String> = names.map(|one| (folded(one), one)).collect();
    let near = nearest(&folded(name), folded_names.keys().map(String::as_str))?;
    folded_names.get(near).map(|name| (*name).clone())
}

/// What is asked for of fields and columns that are none.
fn unfit(definition: &RecordDefinition, names: &[String], asked: &Asked) -> Vec<ColumnMistake> {
    let said = asked.map.keys().chain(&asked.leave_out);
    let absent = said.filter(|column| !names.contains(column));
    let no_column = absent.map(|column| ColumnMistake::NoSuchColumn {
        column: column.clone(),
        nearest: asked_nearest(column, names.iter()),
    });
    let fields = asked.map.values();
    let undeclared = fields.filter(|field| !definition.fields.contains_key(*field));
    let no_field = undeclared.map(|field| ColumnMistake::NoSuchField {
        field: field.clone(),
        nearest: asked_nearest(field, definition.fields.keys()),
    });
    no_column.chain(no_field).collect()
}

fn repeated(names: &[String], fields: &[Option<String>]) -> Vec<ColumnMistake> {
    let mut columns = BTreeMap::<&String, Vec<String>>::new();
    for (column, field) in names.iter().zip(fields) {
        if let Some(field) = field {
            columns.entry(field).or_default().push(column.clone());
        }
    }
    let several = columns.into_iter().filter(|(_, columns)| columns.len() > 1);
    several
        .map(|(field, columns)| ColumnMistake::Repeated {
            field: field.clone(),
            columns,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::definition::{Catalog, load};
    use crate::name::RecordType;

    const CUSTOMER: &str = "\
record: customer
key: [customer_id]
fields:
  customer_id: { type: string, required: true }
  company_name: { type: string }
  phone: { type: string }
states: [known]
initial: known
transitions: []
";

    fn customer() -> Arc<RecordDefinition> {
        let files = [
            ("pack.yaml".to_owned(), "pack: shop\n".to_owned()),
            ("customer.record.yaml".to_owned(), CUSTOMER.to_owned()),
        ];
        let (pack, _) = load(&files.into(), &Catalog::default()).unwrap();
        let customer = RecordType::new("customer").unwrap();
        Arc::clone(&pack.records[&customer])
    }

    fn asked(map: &[(&str, &str)], leave_out: &[&str]) -> Asked {
        let pair = |(column, field): &(&str, &str)| ((*column).to_owned(), (*field).to_owned());
        Asked {
            map: map.iter().map(pair).collect(),
            leave_out: leave_out.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    fn found(names: &[&str], asked: &Asked) -> Result<Vec<Option<String>>, Vec<String>> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        match columns(&customer(), &names, asked) {
            Ok(columns) => Ok(columns.0),
            Err(mistakes) => Err(mistakes
                .iter()
                .map(|mistake| format!("{}: {mistake}", mistake.code()))
                .collect()),
        }
    }

    #[test]
    fn a_column_is_found_whatever_its_case_and_spaces() {
        let names = ["CustomerID", " company name", "PHONE"];
        let fields = ["customer_id", "company_name", "phone"];
        let fields = fields.map(|field| Some(field.to_owned()));
        assert_eq!(found(&names, &Asked::default()), Ok(fields.to_vec()));
    }

    #[test]
    fn what_is_asked_for_comes_first_and_may_leave_a_column_out() {
        let asked = asked(&[("Number", "customer_id")], &["customer_id"]);
        let found = found(&["customer_id", "Number"], &asked).unwrap();
        assert_eq!(found, [None, Some("customer_id".to_owned())]);
    }

    #[test]
    fn every_mistake_is_told_with_the_name_that_was_meant() {
        let asked = asked(&[("fax", "phon")], &["Pone"]);
        let names = ["Compny Name", "phone", "Phone", "colour"];
        assert_eq!(
            found(&names, &asked).unwrap_err(),
            [
                "NoSuchColumn: the file has no column `fax`",
                "NoSuchColumn: the file has no column `Pone`; did you mean `Phone`?",
                "UnknownField: there is no field `phon`; did you mean `phone`?",
                "UnknownColumn: no field is called like the column `Compny Name`; did you mean `company_name`?",
                "UnknownColumn: no field is called like the column `colour`",
                "RepeatedColumn: the columns `phone`, `Phone` fill the field `phone`",
                "KeyColumnMissing: no column fills `customer_id`, by which a record is known",
            ]
        );
    }
}
