//! An office whose functions run when a test says so, on time that only the test moves. One that is
//! held up stands for a process that hangs: so the error route tells people as late as it should.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use holdfast_engine::operate::{Decide, ItemRef, Operate, Operator, Outcome, Ruling, Stats};
use holdfast_engine::operation::Operation;
use holdfast_engine::port::{Clock as _, OperationList as _, Ports as _, Which};
use holdfast_receive_webhook::{Request, WebhookDoor};
use holdfast_tests::bench;
use holdfast_tests::memory::Memory;
use holdfast_tests::ready::ready;
use holdfast_tests::whole::{Cargo, Detail, End, Flight, Said, Scenario, System};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

/// The person who does everything.
const ANN: &str = "ann";

/// An office whose functions run when the test says so.
pub(crate) struct Office {
    system: System,
    start: Timestamp,
    held: BTreeSet<&'static str>,
    hanging: Vec<Flight>,
}

impl Office {
    pub(crate) fn open() -> Self {
        let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/packs/stats"));
        let scenario = Scenario {
            pack: bench::pack(folder).pack,
            config: serde_json::Map::new(),
            detail: Detail::Everything,
            stages: Vec::new(),
            ignored: Vec::new(),
        };
        let system = System::new(5, &scenario);
        Self {
            start: system.memory.clock().now(),
            system,
            held: BTreeSet::new(),
            hanging: Vec::new(),
        }
    }

    /// Lets time pass until so many seconds after the start; what is due on the way is done then.
    pub(crate) fn until(&mut self, second: i64) {
        let end = self.start + SignedDuration::from_secs(second);
        loop {
            self.deliver();
            let (queue, timers) = (self.system.memory.queue(), self.system.memory.timers());
            let next = [queue.next_visible(), timers.next_due()];
            let next = next.into_iter().flatten().min();
            let Some(next) = next.filter(|next| *next <= end) else {
                break;
            };
            self.system.memory.clock().advance_to(next);
            timers.fire();
        }
        self.system.memory.clock().advance_to(end);
        self.deliver();
    }

    fn deliver(&mut self) {
        while let Some(flight) = self.system.take(0) {
            if self.held.contains(flight.function()) {
                self.hanging.push(flight);
            } else {
                self.system.settle(flight);
            }
        }
    }

    /// Something happens to an invoice.
    pub(crate) fn happens(&mut self, kind: &str, number: &str) {
        let id = format!("{kind}-{number}");
        let body = json!({ "id": id, "kind": kind, "number": number }).to_string();
        let request = Request {
            method: http::Method::POST,
            path_and_query: "/hooks/demo/desk".to_owned(),
            headers: http::HeaderMap::new(),
            body: body.into_bytes(),
        };
        let mut flight = self.system.work_on(Cargo::Request(0), &[request]);
        let End::Said(Said::Answer(answer)) = flight.finish(&self.system) else {
            panic!("it has no answer");
        };
        assert_eq!(answer.status, 202, "{}", answer.body);
        self.deliver();
    }

    /// A function hangs: what it gets is not worked on.
    pub(crate) fn hangs(&mut self, function: &'static str) {
        self.held.insert(function);
    }

    /// It goes on, and works on what it got.
    pub(crate) fn goes_on(&mut self, function: &'static str) {
        self.held.remove(function);
        let (goes, hangs) = std::mem::take(&mut self.hanging)
            .into_iter()
            .partition(|flight| flight.function() == function);
        self.hanging = hangs;
        for flight in Vec::<Flight>::from_iter(goes) {
            self.system.settle(flight);
        }
        self.deliver();
    }

    /// Something happens to an invoice while the error route hangs for so many seconds.
    pub(crate) fn happens_unseen(&mut self, kind: &str, number: &str, seconds: i64) {
        let now = self.second();
        self.hangs("handle-error");
        self.happens(kind, number);
        self.until(now + seconds);
        self.goes_on("handle-error");
    }

    fn second(&self) -> i64 {
        let now = self.system.memory.clock().now();
        now.duration_since(self.start).as_secs()
    }

    fn operations(&self) -> Vec<Operation> {
        let list = self.system.memory.operations();
        let page = ready(list.list(Which::All, None, 1_000)).unwrap();
        page.into_operations().collect()
    }

    /// The latest failure of a workflow.
    pub(crate) fn latest(&self, workflow: &str) -> ItemRef {
        let mut all = self.operations();
        all.retain(|one| {
            one.execution()
                .is_some_and(|it| it.workflow.as_str() == workflow)
        });
        let latest = all.iter().max_by_key(|one| one.handling().opened_at);
        let latest = latest.unwrap();
        ItemRef {
            tenant: latest.tenant().cloned(),
            id: latest.id().to_owned(),
        }
    }

    fn ask(&mut self, request: Operate) -> Outcome {
        let operator: Operator<Memory, WebhookDoor> =
            Operator::new(Arc::clone(&self.system.memory), WebhookDoor);
        let outcome = ready(operator.operate(request)).unwrap();
        self.deliver();
        outcome
    }

    pub(crate) fn acknowledge(&mut self, item: ItemRef) {
        let by = ANN.to_owned();
        self.ask(Operate::Acknowledge { item, by });
    }

    pub(crate) fn claim(&mut self, item: ItemRef) {
        let (by, take_over) = (ANN.to_owned(), false);
        self.ask(Operate::Claim {
            item,
            by,
            take_over,
        });
    }

    pub(crate) fn resolve(&mut self, item: ItemRef) {
        self.ask(Operate::Decide(Decide {
            item,
            ruling: Ruling::Resolve,
            by: ANN.to_owned(),
            reason: Some("it is done by hand".to_owned()),
            take_over: false,
        }));
    }

    pub(crate) fn redrive(&mut self, item: ItemRef) {
        let outcome = self.ask(Operate::Redrive {
            item,
            by: ANN.to_owned(),
            reason: "it is paid now".to_owned(),
            dry_run: false,
            again: false,
        });
        assert!(matches!(outcome, Outcome::Redriven { .. }), "{outcome:?}");
    }

    pub(crate) fn stats(&mut self, since: Option<i64>) -> Stats {
        let since = since.map(|second| self.start + SignedDuration::from_secs(second));
        let tenant = None;
        match self.ask(Operate::Stats { tenant, since }) {
            Outcome::Stats(stats) => stats,
            other => panic!("{other:?}"),
        }
    }
}
