//! Whether what happened is what a test expects.

use holdfast_embedded::control;
use holdfast_engine::definition::test_file::{Expectation, TestDefinition};
use holdfast_engine::name::{ConnectionName, RecordType, WorkflowName};
use holdfast_engine::operation::Operation;
use holdfast_engine::port::{Ports, Secrets, Which};
use holdfast_engine::route::Outcome;
use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::given::resolved;
use super::scenario::Scenario;
use crate::failure::Failure;
use crate::items;

/// Something that is not as expected.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Mismatch {
    /// What was looked at.
    pub(crate) expectation: String,
    /// What should be.
    pub(crate) expected: String,
    /// What is.
    pub(crate) actual: String,
}

impl Mismatch {
    fn unless_equal(expectation: String, expected: String, actual: String) -> Option<Self> {
        (expected != actual).then_some(Self {
            expectation,
            expected,
            actual,
        })
    }
}

/// Holds every expectation against what happened.
pub(super) async fn check(
    scenario: &Scenario<'_>,
    test: &TestDefinition,
) -> Result<Vec<Mismatch>, Failure> {
    let mut mismatches = Vec::new();
    for expectation in &test.expect {
        match expectation {
            Expectation::Sent {
                connection,
                count,
                body,
            } => mismatches.extend(sent(scenario, connection, *count, body.as_deref())?),
            Expectation::Record { record, values } => {
                mismatches.extend(of_record(scenario, record, values).await?);
            }
            Expectation::Skipped { workflow, count } => {
                mismatches.extend(skipped(scenario, workflow, *count)?);
            }
            Expectation::Error { code } => mismatches.extend(error(scenario, code).await?),
        }
    }
    Ok(mismatches)
}

fn sent(
    scenario: &Scenario<'_>,
    connection: &ConnectionName,
    count: u64,
    body: Option<&str>,
) -> Result<Vec<Mismatch>, Failure> {
    let deliveries = scenario.system.sandbox().deliveries();
    let deliveries = deliveries
        .map_err(|error| Failure::unreachable("DataFolderUnusable", error.to_string()))?;
    let payloads: Vec<Json> = deliveries
        .into_iter()
        .filter(|delivery| delivery.connection == *connection)
        .map(|delivery| delivery.payload)
        .collect();
    let number = Mismatch::unless_equal(
        format!("sent: {connection}"),
        format!("{count} deliveries"),
        format!("{} deliveries", payloads.len()),
    );
    let without = payloads
        .iter()
        .filter(|payload| body.is_some_and(|body| !holds(payload, body)));
    let without = without.map(|payload| Mismatch {
        expectation: format!("sent: {connection}"),
        expected: format!("a delivery with the text {:?}", body.unwrap_or_default()),
        actual: payload.to_string(),
    });
    Ok(number.into_iter().chain(without).collect())
}

/// Whether any text of a payload holds this text.
fn holds(payload: &Json, text: &str) -> bool {
    match payload {
        Json::String(own) => own.contains(text),
        Json::Array(values) => values.iter().any(|value| holds(value, text)),
        Json::Object(members) => members.values().any(|value| holds(value, text)),
        _ => false,
    }
}

async fn of_record(
    scenario: &Scenario<'_>,
    record_type: &RecordType,
    values: &Map<String, Json>,
) -> Result<Vec<Mismatch>, Failure> {
    let mut records = control::records(scenario.system.store(), &scenario.tenant, record_type)?;
    records.retain(|record| !record.deleted);
    let [record] = records.as_slice() else {
        return Ok(vec![Mismatch {
            expectation: record_type.to_string(),
            expected: "1 record".to_owned(),
            actual: format!("{} records", records.len()),
        }]);
    };
    let values = with_ids(scenario, record_type, values).await?;
    let snapshot = record.snapshot();
    let compared = values.iter().filter_map(|(name, expected)| {
        Mismatch::unless_equal(
            format!("{record_type}.{name}"),
            shown(Some(expected)),
            shown(snapshot.get(name)),
        )
    });
    Ok(compared.collect())
}

/// The expected values, refs as the ids that the store holds.
async fn with_ids(
    scenario: &Scenario<'_>,
    record_type: &RecordType,
    values: &Map<String, Json>,
) -> Result<Map<String, Json>, Failure> {
    let (pack, ports) = (&scenario.pack.pack, scenario.system.ports());
    let Some(definition) = pack.records.get(record_type) else {
        return Ok(values.clone());
    };
    let (journal, identity) = (ports.journal(), ports.secrets().identity_key());
    resolved(
        journal,
        identity,
        &scenario.tenant,
        pack,
        definition,
        values,
    )
    .await
}

fn shown(value: Option<&Json>) -> String {
    let value = value.filter(|value| !value.is_null());
    value.map_or_else(|| "(unset)".to_owned(), ToString::to_string)
}

fn skipped(
    scenario: &Scenario<'_>,
    workflow: &WorkflowName,
    count: u64,
) -> Result<Option<Mismatch>, Failure> {
    let events = control::events(scenario.system.store(), &scenario.tenant)?;
    let decisions = events.iter().flat_map(|entry| &entry.decisions);
    let skipped = decisions.filter(|decision| {
        decision.workflow == *workflow && matches!(decision.outcome, Outcome::Skipped { .. })
    });
    let number = skipped.count();
    Ok(Mismatch::unless_equal(
        format!("skipped: {workflow}"),
        format!("{count} times"),
        format!("{number} times"),
    ))
}

/// An error record or review item of this code.
async fn error(scenario: &Scenario<'_>, code: &str) -> Result<Option<Mismatch>, Failure> {
    let open = items::all(scenario.system.ports().as_ref(), Which::Open).await?;
    let codes: Vec<&str> = open.iter().filter_map(code_of).collect();
    if codes.contains(&code) {
        return Ok(None);
    }
    let actual = if codes.is_empty() {
        "no error".to_owned()
    } else {
        codes.join(", ")
    };
    Ok(Some(Mismatch {
        expectation: "error".to_owned(),
        expected: code.to_owned(),
        actual,
    }))
}

/// The code of an error record, or of the error that a review item reports.
fn code_of(operation: &Operation) -> Option<&str> {
    match operation {
        Operation::Error(record) => Some(&record.code),
        Operation::Review(item) => item.report.get("code")?.as_str(),
    }
}
