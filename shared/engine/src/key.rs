//! Keys of the journal, the claims and the operations: the one place that knows their layout.
//!
//! A record and its whole life lie in one partition, `tenant#type#record`. The tenant starts
//! every partition.

use std::time::Duration;

use crate::breaker::Subject;
use crate::hash;
use crate::id::{EventId, ExecutionId, ExecutionRef, RecordRef, StepKey};
use crate::name::{ConnectionName, PackName, RecordId, RecordType, TenantName, WorkflowName};
use crate::port::{Key, Table};

/// The sort key of a record.
pub const RECORD: &str = "record";

/// The sort key of how far an import is.
pub const IMPORT: &str = "import";

/// The start of the sort keys of step entries.
pub const EXECUTION_PREFIX: &str = "exe#";

/// The start of the sort keys of outcomes.
pub const OUTCOME_PREFIX: &str = "outcome#";

/// The start of the sort keys of events.
pub const EVENT_PREFIX: &str = "event#";

/// What the partitions of batches have behind their tenant.
pub const BATCH: &str = "batch";

/// The start of the sort keys of what executions gave to a batch.
pub const BATCH_MEMBER: &str = "member#";

/// The start of the sort keys of batches.
pub const BATCH_MADE: &str = "made#";

/// The start of the sort keys of a batch's answers.
pub const BATCH_ANSWERS: &str = "answers#";

/// How long an item is kept that lies in a batch: twice as long as an envelope may be old that runs
/// without a person's word. Members ask for it as long as theirs may, which was due before it was
/// written, or within the same window of a day at most.
pub const PASSES_AFTER: Duration = Duration::from_hours(24 * 60);

/// Whether nobody asks for an item any more when that time is over since it was written.
#[must_use]
pub fn passes(key: &Key) -> bool {
    let kind = key.partition.split('#').nth(1);
    key.table == Table::Claims && kind == Some(BATCH)
}

/// What the partitions of rates have behind their tenant.
pub const RATE: &str = "rate";

fn journal(partition: String, sort: String) -> Key {
    Key {
        table: Table::Journal,
        partition,
        sort,
    }
}

/// The partition of a record and of everything that happened to it.
#[must_use]
pub fn home(record: &RecordRef) -> String {
    format!("{}#{}#{}", record.tenant, record.record_type, record.record)
}

/// A record.
#[must_use]
pub fn record(record: &RecordRef) -> Key {
    journal(home(record), RECORD.to_owned())
}

/// How far an import is, in its home.
#[must_use]
pub fn import(import: &RecordRef) -> Key {
    journal(home(import), IMPORT.to_owned())
}

/// The start of the sort keys of an execution's step entries.
#[must_use]
pub fn steps_prefix(execution: &ExecutionRef) -> String {
    format!("{EXECUTION_PREFIX}{}#", execution.execution)
}

/// A step's entry.
#[must_use]
pub fn step(execution: &ExecutionRef, generation: u32, step: &StepKey) -> Key {
    let sort = format!(
        "{EXECUTION_PREFIX}{}#{generation}#{step}",
        execution.execution
    );
    journal(home(&execution.home), sort)
}

/// The generation of an execution that was re-run.
#[must_use]
pub fn generation(execution: &ExecutionRef) -> Key {
    journal(
        home(&execution.home),
        format!("generation#{}", execution.execution),
    )
}

/// What became of the outcome that an execution promised.
#[must_use]
pub fn outcome(execution: &ExecutionRef) -> Key {
    journal(
        home(&execution.home),
        format!("{OUTCOME_PREFIX}{}", execution.execution),
    )
}

/// The change that a step made to another record than its home, in that record's partition: a
/// re-run makes one of its own.
#[must_use]
pub fn change(target: &RecordRef, execution: &ExecutionId, generation: u32, step: &StepKey) -> Key {
    let sort = format!("change#{execution}#{generation}#{step}");
    journal(home(target), sort)
}

/// The creation of a record by a source's event.
#[must_use]
pub fn creation(target: &RecordRef, event: &EventId) -> Key {
    journal(home(target), format!("change#{event}#create"))
}

/// A change made past Holdfast, with the event that it is.
#[must_use]
pub fn external(target: &RecordRef, event: &EventId) -> Key {
    journal(home(target), format!("change#{event}#external"))
}

/// What a row of an import did to a record, with the event that it is.
#[must_use]
pub fn row(target: &RecordRef, event: &EventId) -> Key {
    journal(home(target), format!("change#{event}#row"))
}

/// A source's event, in its own partition: it is read before anything is resolved.
#[must_use]
pub fn source_event(tenant: &TenantName, event: &EventId) -> Key {
    journal(format!("{tenant}#event#{event}"), "event".to_owned())
}

/// A record's event, or the line that a source's event leaves in the timeline of its home.
#[must_use]
pub fn home_event(home_record: &RecordRef, event: &EventId) -> Key {
    journal(home(home_record), format!("{EVENT_PREFIX}{event}"))
}

/// The partition that finds records by a key's value.
#[must_use]
pub fn lookup(
    identity_key: &[u8; 32],
    tenant: &TenantName,
    record_type: &RecordType,
    fields: &[&str],
    values: &[&str],
) -> String {
    let mut parts = vec![tenant.as_str().as_bytes(), record_type.as_str().as_bytes()];
    parts.extend(
        fields
            .iter()
            .zip(values)
            .flat_map(|(field, value)| [field.as_bytes(), value.as_bytes()]),
    );
    format!("{tenant}#key#{}", hash::keyed(identity_key, &parts))
}

/// The item of a unique key.
#[must_use]
pub fn unique(partition: String) -> Key {
    journal(partition, "key".to_owned())
}

/// One item of a non-unique key.
#[must_use]
pub fn shared(partition: String, record: &RecordId) -> Key {
    journal(partition, format!("also#{record}"))
}

/// The start of the sort keys of a non-unique key's items.
pub const SHARED_PREFIX: &str = "also#";

/// The claim on a `once` key, hidden by a keyed hash.
#[must_use]
pub fn once(identity_key: &[u8; 32], tenant: &TenantName, text: &str) -> Key {
    let hash = hash::keyed(identity_key, &[tenant.as_str().as_bytes(), text.as_bytes()]);
    Key {
        table: Table::Claims,
        partition: format!("{tenant}#once#{hash}"),
        sort: String::new(),
    }
}

/// What has no tenant, in keys.
const NOBODY: &str = "-";

fn claim(tenant: Option<&TenantName>, rest: &str) -> Key {
    let tenant = tenant.map_or(NOBODY, TenantName::as_str);
    Key {
        table: Table::Claims,
        partition: format!("{tenant}#{rest}"),
        sort: String::new(),
    }
}

/// The incident of what happens alike.
#[must_use]
pub fn alert(tenant: Option<&TenantName>, fingerprint: &str) -> Key {
    claim(tenant, &format!("alert#{fingerprint}"))
}

/// What was posted of an alert.
#[must_use]
pub fn alerted(tenant: Option<&TenantName>, alert: &str) -> Key {
    claim(tenant, &format!("alerted#{alert}"))
}

/// What is known of a tenant's path of alerts.
#[must_use]
pub fn alert_path(tenant: &TenantName) -> Key {
    claim(Some(tenant), "alert-path")
}

/// The partition of a tenant's breakers: one query lists them all.
#[must_use]
pub fn breakers(tenant: &TenantName) -> String {
    format!("{tenant}#breaker")
}

/// The breaker of a connection or a workflow.
#[must_use]
pub fn breaker(tenant: &TenantName, subject: &Subject) -> Key {
    Key {
        table: Table::Claims,
        partition: breakers(tenant),
        sort: subject.sort(),
    }
}

/// The bucket of a connection's rate.
#[must_use]
pub fn connection_rate(tenant: &TenantName, pack: &PackName, connection: &ConnectionName) -> Key {
    claim(
        Some(tenant),
        &format!("{RATE}#connection/{pack}/{connection}"),
    )
}

/// The partition of what a step collects in a window.
#[must_use]
pub fn batches(
    tenant: &TenantName,
    pack: &PackName,
    workflow: &WorkflowName,
    step: &StepKey,
    window: i64,
) -> String {
    format!("{tenant}#{BATCH}#{pack}/{workflow}/{step}/{window}")
}

/// An item of such a partition.
#[must_use]
pub fn of_batches(partition: &str, sort: String) -> Key {
    Key {
        table: Table::Claims,
        partition: partition.to_owned(),
        sort,
    }
}

/// The bucket of a step's own rate.
#[must_use]
pub fn step_rate(
    tenant: &TenantName,
    pack: &PackName,
    workflow: &WorkflowName,
    step: &StepKey,
) -> Key {
    claim(
        Some(tenant),
        &format!("{RATE}#step/{pack}/{workflow}/{step}"),
    )
}

/// The partition of a tenant's figures about data: one query lists the hours.
#[must_use]
pub fn qualities(tenant: &TenantName) -> String {
    format!("{tenant}#quality")
}

/// The figures of an hour and source.
#[must_use]
pub fn quality(tenant: &TenantName, hour_and_source: &str) -> Key {
    Key {
        table: Table::Claims,
        partition: qualities(tenant),
        sort: hour_and_source.to_owned(),
    }
}

/// The partition of a tenant's list of who is not to be written to: one query lists them all.
#[must_use]
pub fn suppressions(tenant: &TenantName) -> String {
    format!("{tenant}#suppressed")
}

/// An address of that list, hidden by a keyed hash.
#[must_use]
pub fn suppression(
    identity_key: &[u8; 32],
    tenant: &TenantName,
    channel: &str,
    address: &str,
) -> Key {
    let parts = [
        tenant.as_str().as_bytes(),
        channel.as_bytes(),
        address.as_bytes(),
    ];
    Key {
        table: Table::Claims,
        partition: suppressions(tenant),
        sort: format!("{channel}#{}", hash::keyed(identity_key, &parts)),
    }
}

/// An error record or review item.
#[must_use]
pub fn operation(tenant: &TenantName, kind: &str, id: &str) -> Key {
    Key {
        table: Table::Operations,
        partition: format!("{tenant}#{kind}#{id}"),
        sort: String::new(),
    }
}

/// The error record of a message whose tenant could not be read.
#[must_use]
pub fn unowned_error(id: &str) -> Key {
    Key {
        table: Table::Operations,
        partition: format!("-#{}#{id}", crate::operation::ERROR),
        sort: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(name: &str) -> TenantName {
        TenantName::new(name).unwrap()
    }

    fn patient() -> RecordType {
        RecordType::new("patient").unwrap()
    }

    #[test]
    fn a_natural_key_does_not_show_its_value_and_depends_on_the_tenant() {
        let key = [7; 32];
        let a = lookup(
            &key,
            &tenant("a"),
            &patient(),
            &["email"],
            &["ann@example.com"],
        );
        assert!(!a.contains("ann"));
        assert_ne!(
            a.strip_prefix("a#"),
            lookup(
                &key,
                &tenant("b"),
                &patient(),
                &["email"],
                &["ann@example.com"]
            )
            .strip_prefix("b#")
        );
        assert_ne!(
            a,
            lookup(
                &[8; 32],
                &tenant("a"),
                &patient(),
                &["email"],
                &["ann@example.com"]
            )
        );
        assert_ne!(
            a,
            lookup(
                &key,
                &tenant("a"),
                &patient(),
                &["phone"],
                &["ann@example.com"]
            )
        );
    }

    #[test]
    fn a_home_starts_with_its_tenant() {
        let record = RecordRef {
            tenant: tenant("t"),
            record_type: patient(),
            record: RecordId::new("r").unwrap(),
        };
        assert_eq!(home(&record), "t#patient#r");
    }
}
