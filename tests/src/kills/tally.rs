//! What a campaign came to.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use holdfast_embedded::sandbox::Delivery;

/// The numbers of a campaign.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Kills.
    pub kills: usize,
    /// Kills that found a call accepted whose outcome was not recorded.
    pub kills_before_outcome: usize,
    /// Webhooks that were answered with 202.
    pub acknowledged: usize,
    /// Of those, the ones whose executions ended.
    pub executed: usize,
    /// Of those, the ones about which a person is asked.
    pub unknown: usize,
    /// Of the unknown, those that the receivers accepted.
    pub unknown_accepted: usize,
    /// Of the unknown, those that the receivers never saw: claimed, and killed before the call.
    pub unknown_unsent: usize,
    /// Of the unknown, those whose message was received as often as any may be, and each time
    /// killed or left without an answer.
    pub unknown_spent: usize,
    /// Sends that the receivers accepted and that were not recorded at a kill, or whose answer
    /// was lost.
    pub accepted_unrecorded: usize,
    /// Claims that were held at a kill whose calls the receivers did not have.
    pub claimed_unsent: usize,
    /// Effects beyond the first of the same step for the same event.
    pub duplicates: usize,
    /// Acknowledged webhooks, or effects of executed ones, of which nothing is left.
    pub lost: usize,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kills,
            kills_before_outcome,
            acknowledged,
            executed,
            unknown,
            unknown_accepted,
            unknown_unsent,
            unknown_spent,
            accepted_unrecorded,
            claimed_unsent,
            duplicates,
            lost,
        } = self;
        write!(
            f,
            "acknowledged {acknowledged}, executed {executed}, unknown-in-review {unknown}, \
             duplicates {duplicates}, lost {lost} \
             ({kills} kills, {kills_before_outcome} of them between accept and outcome; \
             of the unknown, {unknown_accepted} accepted of {accepted_unrecorded} unrecorded, \
             {unknown_unsent} never sent of {claimed_unsent} claimed, \
             {unknown_spent} received too often)"
        )
    }
}

/// Effects beyond the first: under one key, and of one step for one event.
pub(super) fn duplicates(deliveries: &[Delivery]) -> usize {
    let keys: BTreeSet<_> = deliveries
        .iter()
        .map(|one| (&one.connection, &one.idempotency_key))
        .collect();
    let purposes: BTreeSet<_> = deliveries.iter().map(purpose).collect();
    deliveries.len() - keys.len().min(purposes.len())
}

/// What an effect is for: `<step> <event>`, as the pack writes it into each of them.
pub(super) fn purpose(delivery: &Delivery) -> String {
    let payload = &delivery.payload;
    let text = payload.pointer("/body/for").or_else(|| payload.get("body"));
    text.and_then(serde_json::Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

/// How many effects of these steps an event is without.
pub(super) fn missing(purposes: &BTreeMap<String, usize>, event: &str) -> usize {
    let expected =
        ["score", "greet", "confirm", "notice"].map(|step| format!("{step} form:{event}"));
    let announced = format!("announce {event}@example.com");
    let all = expected.into_iter().chain([announced]);
    all.filter(|purpose| !purposes.contains_key(purpose))
        .count()
}
