//! Finding the record to change, and staging the change of it.

use holdfast_engine::definition::model::RecordDefinition;
use holdfast_engine::id::RecordRef;
use holdfast_engine::name::RecordId;
use holdfast_engine::port::{Entropy, Expect, Ports, Secrets, Write};
use holdfast_engine::record::{
    self, Changed, FieldChange, InvalidRecord, Record, find_by_key, find_record,
};
use holdfast_engine::step::{StepContext, StepError};
use holdfast_engine::{hash, key};
use serde::Serialize;
use serde_json::{Map, Value as Json};

use crate::{Input, Output};

/// The record to change.
#[derive(Debug)]
pub(crate) struct Located<'a> {
    pub(crate) definition: &'a RecordDefinition,
    pub(crate) reference: RecordRef,
    pub(crate) record: Record,
    /// The revision that the change replaces; `None`: the record is new.
    revision: Option<u64>,
    /// The writes that a new record needs beside itself.
    keys: Vec<Write>,
}

/// Finds the record that an input names.
pub(crate) async fn locate<'a, P: Ports>(
    ports: &P,
    ctx: &StepContext<'a>,
    input: &Input,
) -> Result<Located<'a>, StepError> {
    let unknown = || {
        StepError::permanent(
            "InvalidInput",
            format!("no record type `{}`", input.record_type),
        )
    };
    let definition = ctx
        .pack
        .records
        .get(&input.record_type)
        .ok_or_else(unknown)?;
    let tenant = &ctx.envelope.execution.home.tenant;
    let values = key_values(definition, input);
    let id = if let Some(id) = &input.record {
        Some(id.clone())
    } else {
        let identity_key = ports.secrets().identity_key();
        find_by_key(ports.journal(), identity_key, tenant, definition, &values).await?
    };
    let Some(id) = id else {
        return create(ports, ctx, input, definition, &values);
    };
    let reference = RecordRef {
        tenant: tenant.clone(),
        record_type: input.record_type.clone(),
        record: id,
    };
    match find_record(ports.journal(), &reference).await? {
        Some((record, revision)) => Ok(Located {
            definition,
            reference,
            record,
            revision: Some(revision),
            keys: Vec::new(),
        }),
        None => Err(StepError::permanent(
            "RecordNotFound",
            format!("there is no record {reference}"),
        )),
    }
}

fn key_values(definition: &RecordDefinition, input: &Input) -> Map<String, Json> {
    let values = definition.key.iter().zip(&input.key);
    values
        .filter(|(_, value)| !value.is_null())
        .map(|(field, value)| (field.clone(), value.clone()))
        .collect()
}

/// Begins a record that was not found.
fn create<'a, P: Ports>(
    ports: &P,
    ctx: &StepContext<'a>,
    input: &Input,
    definition: &'a RecordDefinition,
    values: &Map<String, Json>,
) -> Result<Located<'a>, StepError> {
    if !input.create {
        let message = format!("there is no {} with this key", input.record_type);
        return Err(StepError::permanent("RecordNotFound", message));
    }
    let id = RecordId::new(&hash::random_id(ctx.now, ports.entropy().bits()))
        .map_err(|error| StepError::permanent("InvalidInput", error.to_string()))?;
    let tenant = &ctx.envelope.execution.home.tenant;
    let values = crate::proposal::with_initial_values(ctx, values);
    let record =
        record::create(definition, id, &values, crate::by(ctx), ctx.now).map_err(invalid)?;
    let keys = record::key_writes(
        ports.secrets().identity_key(),
        tenant,
        definition,
        None,
        &record,
    );
    Ok(Located {
        definition,
        reference: record.reference(tenant),
        record,
        revision: None,
        keys,
    })
}

fn invalid(error: InvalidRecord) -> StepError {
    match error {
        InvalidRecord::Fields(violations) => StepError::permanent(
            "InvalidValue",
            holdfast_engine::field::describe(&violations),
        ),
        InvalidRecord::Invariant(rule) => StepError::permanent("InvariantBroken", rule),
    }
}

impl Located<'_> {
    /// The writes of a record that was begun and not changed further.
    pub(crate) fn creation(&self) -> Vec<Write> {
        match self.revision {
            Some(_) => Vec::new(),
            None => self
                .keys
                .iter()
                .cloned()
                .chain(Write::put(key::record(&self.reference), Expect::Absent, &self.record).ok())
                .collect(),
        }
    }

    /// Stages the change: the record, its keys, and its line in another record's timeline.
    pub(crate) async fn staged<P: Ports>(
        &self,
        ports: &P,
        ctx: &StepContext<'_>,
        changed: Changed,
    ) -> Result<Output, StepError> {
        let Changed {
            record: mut after,
            changes,
        } = changed;
        let tenant = &self.reference.tenant;
        let (before, expect) = match self.revision {
            Some(revision) => (Some(&self.record), Expect::Revision(revision)),
            None => (None, Expect::Absent),
        };
        if self.revision.is_none() {
            after.version = 1;
        }
        let identity_key = ports.secrets().identity_key();
        let mut writes = record::key_writes(identity_key, tenant, self.definition, before, &after);
        if let Some(before) = before {
            let journal = ports.journal();
            let (definition, after) = (self.definition, &after);
            let moved =
                record::moved_blocks(journal, identity_key, tenant, definition, before, after);
            writes.extend(moved.await?);
        }
        writes.push(Write::put(key::record(&self.reference), expect, &after)?);
        let audit = self.audit(ctx, changes);
        if audit.target.is_some() {
            let envelope = ctx.envelope;
            let execution = &envelope.execution.execution;
            let line = Line {
                event: &envelope.context.event.id,
                by: &after.last_change.by,
                at: after.updated_at,
                changes: &audit.changes,
            };
            writes.push(Write::put(
                key::change(
                    &self.reference,
                    execution,
                    envelope.generation,
                    &envelope.step,
                ),
                Expect::Absent,
                &line,
            )?);
        }
        ctx.staged.add(writes, audit);
        Ok(Output {
            record: after.snapshot(),
            refused: false,
            reason: None,
        })
    }
}

/// The line of a change in the timeline of a record that is not the execution's home.
#[derive(Serialize)]
struct Line<'a> {
    event: &'a holdfast_engine::id::EventId,
    by: &'a record::Author,
    at: jiff::Timestamp,
    changes: &'a [FieldChange],
}
