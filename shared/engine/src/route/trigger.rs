//! Whether a workflow's trigger matches an event.

use serde_json::Value as Json;

use crate::definition::model::{Bulk, Pack, RecordChange, RecordTrigger, Trigger, Workflow};
use crate::event::{Event, EventMessage, Origin};
use crate::name::RecordType;

/// The trigger of a workflow that an event matches.
#[must_use]
pub fn matches<'w>(workflow: &'w Workflow, message: &EventMessage) -> Option<&'w Trigger> {
    workflow
        .triggers
        .iter()
        .find(|trigger| match (trigger, &message.origin) {
            (Trigger::Event { name, .. }, Origin::Source { .. }) => *name == message.event.name,
            (Trigger::Record(trigger), Origin::Record { record, on, bulk }) => {
                (!bulk || workflow.bulk == Bulk::Each)
                    && starts(trigger, &record.record_type, *on, &message.event)
            }
            (Trigger::Record(_), Origin::Batch { workflow: name, .. }) => {
                *name == workflow.name && workflow.bulk == Bulk::Batch
            }
            _ => false,
        })
}

/// Whether a trigger wants a change of a record.
pub(crate) fn starts(
    trigger: &RecordTrigger,
    record: &RecordType,
    on: RecordChange,
    event: &Event,
) -> bool {
    trigger.record == *record && trigger.on == on && detail(trigger, event)
}

/// Whether any workflow of a pack could match such a change: those that none wants need not
/// become events. `bulk`: many records were changed in one operation.
#[must_use]
pub fn wants(pack: &Pack, record: &RecordType, on: RecordChange, bulk: bool) -> bool {
    let mut triggers = pack
        .workflows
        .values()
        .filter(|workflow| !bulk || workflow.bulk == Bulk::Each)
        .flat_map(|workflow| &workflow.triggers);
    triggers
        .any(|trigger| matches!(trigger, Trigger::Record(t) if t.record == *record && t.on == on))
}

fn detail(trigger: &RecordTrigger, event: &Event) -> bool {
    let changed = |field: &String| event.changed.contains(field);
    let any = trigger.changed.is_empty() || trigger.changed.iter().any(changed);
    let field = trigger.field.as_ref().is_none_or(|field| {
        let is = |snapshot: Option<&Json>, wanted: Option<&Json>| {
            wanted.is_none_or(|wanted| {
                snapshot.and_then(|s| s.get(field)).unwrap_or(&Json::Null) == wanted
            })
        };
        let moved = trigger.on != RecordChange::Updated || changed(field);
        moved
            && is(event.before.as_ref(), trigger.from.as_ref())
            && is(event.after.as_ref(), trigger.to.as_ref())
    });
    any && field
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::id::EventId;

    fn updated(before: Json, after: Json, changed: &[&str]) -> Event {
        Event {
            id: EventId::from_text("deal/1@2"),
            name: "record.updated".into(),
            at: Timestamp::UNIX_EPOCH,
            data: serde_json::Map::new(),
            before: Some(before),
            after: Some(after),
            asked: None,
            changed: changed.iter().map(|field| (*field).to_owned()).collect(),
        }
    }

    fn trigger(field: &str, from: Option<Json>, to: Option<Json>) -> RecordTrigger {
        let record = RecordType::new("deal").unwrap();
        RecordTrigger {
            record,
            on: RecordChange::Updated,
            field: Some(field.into()),
            from,
            to,
            changed: vec![],
        }
    }

    #[test]
    fn a_field_must_have_changed_from_and_to_what_the_trigger_says() {
        let event = updated(
            json!({"status": "new"}),
            json!({"status": "won"}),
            &["status"],
        );
        assert!(detail(&trigger("status", None, None), &event));
        assert!(detail(
            &trigger("status", Some(json!("new")), Some(json!("won"))),
            &event
        ));
        assert!(!detail(
            &trigger("status", Some(json!("lost")), None),
            &event
        ));
        assert!(!detail(
            &trigger("status", None, Some(json!("lost"))),
            &event
        ));
        assert!(
            !detail(&trigger("amount", None, None), &event),
            "it did not change"
        );
    }

    #[test]
    fn any_of_the_named_fields_is_enough() {
        let event = updated(json!({}), json!({"a": 1}), &["a"]);
        let any = |changed: &[&str]| RecordTrigger {
            field: None,
            changed: changed.iter().map(|f| (*f).to_owned()).collect(),
            ..trigger("x", None, None)
        };
        assert!(detail(&any(&["b", "a"]), &event));
        assert!(!detail(&any(&["b"]), &event));
        assert!(detail(&any(&[]), &event));
    }
}
