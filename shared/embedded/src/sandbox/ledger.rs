//! Which keys were accepted, and so what a further call is: pure, and the same after a restart.

use std::collections::HashMap;

use holdfast_engine::hash;

use super::Delivery;
use super::line::{Arrival, Line};

/// A call, and how it is to be treated.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) call: Arrival,
    pub(super) honours_key: bool,
    /// The failure to answer with; `None`: the call is accepted.
    pub(super) refusal: Option<String>,
}

/// The keys of accepted calls, each with its delivery's number from 1.
///
/// Payloads stay in the file: a sandbox under load would otherwise outgrow the process.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    accepted: u64,
    numbers: HashMap<String, u64>,
}

impl Ledger {
    /// The lines of calls that arrive together, as if they had arrived one by one.
    pub(super) fn plan(&self, entries: Vec<Entry>) -> Vec<Line> {
        let mut accepted = self.accepted;
        let mut fresh: HashMap<String, u64> = HashMap::new();
        let mut lines = Vec::with_capacity(entries.len());
        for Entry {
            call,
            honours_key,
            refusal,
        } in entries
        {
            let digest = digest(&call);
            let known = self.numbers.get(&digest).or_else(|| fresh.get(&digest));
            lines.push(match (refusal, known) {
                (Some(answer), _) => Line::Refusal { answer, call },
                (None, Some(&number)) if honours_key => Line::Repeat {
                    number,
                    at: call.at,
                },
                (None, _) => {
                    accepted += 1;
                    fresh.entry(digest).or_insert(accepted);
                    Line::Delivery(delivery(accepted, call))
                }
            });
        }
        lines
    }

    /// Takes in a line that is on disk.
    pub(super) fn apply(&mut self, line: Line) {
        let Line::Delivery(delivery) = line else {
            return;
        };
        self.accepted += 1;
        let digest = digest_of(
            delivery.tenant.as_str(),
            delivery.connection.as_str(),
            &delivery.idempotency_key,
        );
        self.numbers.entry(digest).or_insert(self.accepted);
    }
}

/// The id of the delivery with this number.
pub(super) fn id(number: u64) -> String {
    format!("sandbox-{number}")
}

fn delivery(number: u64, call: Arrival) -> Delivery {
    Delivery {
        id: id(number),
        connection: call.connection,
        kind: call.kind,
        idempotency_key: call.idempotency_key,
        repeats: 0,
        tenant: call.tenant,
        payload: call.payload,
        at: call.at,
    }
}

fn digest(call: &Arrival) -> String {
    digest_of(
        call.tenant.as_str(),
        call.connection.as_str(),
        &call.idempotency_key,
    )
}

fn digest_of(tenant: &str, connection: &str, key: &str) -> String {
    hash::base32(&[tenant.as_bytes(), connection.as_bytes(), key.as_bytes()])
}

#[cfg(test)]
mod tests {
    use holdfast_engine::name::{ConnectionName, TenantName};
    use jiff::Timestamp;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use serde_json::Value as Json;

    use super::*;
    use crate::sandbox::{Kind, delivery};

    fn entry(key: u8, honours_key: bool, refused: bool) -> Entry {
        Entry {
            call: Arrival {
                tenant: TenantName::new("demo").unwrap(),
                connection: ConnectionName::new("sms").unwrap(),
                kind: Kind::Sms,
                idempotency_key: key.to_string(),
                payload: Json::Null,
                at: Timestamp::UNIX_EPOCH,
            },
            honours_key,
            refusal: refused.then(|| "500".to_owned()),
        }
    }

    /// The lines of calls that arrive in groups of this size.
    fn lines(entries: &[Entry], group: usize) -> Vec<Line> {
        let mut ledger = Ledger::default();
        let mut all = Vec::new();
        for entries in entries.chunks(group) {
            let lines = ledger.plan(entries.to_vec());
            for line in &lines {
                ledger.apply(line.clone());
            }
            all.extend(lines);
        }
        all
    }

    fn deliveries(lines: Vec<Line>) -> Vec<Delivery> {
        let mut deliveries = Vec::new();
        for line in lines {
            delivery::fold(&mut deliveries, line);
        }
        deliveries
    }

    proptest! {
        #[test]
        fn calls_that_share_a_sync_count_as_if_they_came_one_by_one(
            calls in vec((0_u8..6, any::<bool>(), any::<bool>()), 0..40),
            group in 1_usize..12,
        ) {
            let entries: Vec<Entry> = calls.into_iter().map(|(k, h, r)| entry(k, h, r)).collect();
            prop_assert_eq!(lines(&entries, group), lines(&entries, 1));
        }

        #[test]
        fn every_accepted_call_is_a_delivery_or_a_repeat_of_its_own_key(
            calls in vec((0_u8..6, any::<bool>()), 0..40),
        ) {
            let entries: Vec<Entry> = calls.iter().map(|(k, h)| entry(*k, *h, false)).collect();
            let deliveries = deliveries(lines(&entries, 7));
            for key in 0_u8..6 {
                let of_key = deliveries.iter().filter(|d| d.idempotency_key == key.to_string());
                let shown: u64 = of_key.map(|d| 1 + d.repeats).sum();
                let sent = calls.iter().filter(|(k, _)| *k == key).count() as u64;
                prop_assert_eq!(shown, sent);
            }
        }
    }
}
