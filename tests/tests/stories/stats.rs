//! How soon failures are seen, answered and mended: what `holdfast errors stats` prints, compared
//! with the times that were injected.
//!
//! Every function runs, on time that only the test moves. A function that is held up stands for
//! a process that hangs: so the error route tells people as late as the test says.

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
use serde_json::{Value as Json, json};

/// The person who does everything.
const ANN: &str = "ann";

/// An office whose functions run when the test says so.
struct Office {
    system: System,
    start: Timestamp,
    held: BTreeSet<&'static str>,
    hanging: Vec<Flight>,
}

impl Office {
    fn open() -> Self {
        let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/packs/stats"));
        let scenario = Scenario {
            pack: bench::pack(folder).pack,
            config: serde_json::Map::new(),
            detail: Detail::Everything,
            stages: Vec::new(),
            ignored: None,
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
    fn until(&mut self, second: i64) {
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
    fn happens(&mut self, kind: &str, number: &str) {
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
    fn hangs(&mut self, function: &'static str) {
        self.held.insert(function);
    }

    /// It goes on, and works on what it got.
    fn goes_on(&mut self, function: &'static str) {
        self.held.remove(function);
        for flight in std::mem::take(&mut self.hanging) {
            self.system.settle(flight);
        }
        self.deliver();
    }

    /// Something happens to an invoice while the error route hangs for so many seconds.
    fn happens_unseen(&mut self, kind: &str, number: &str, seconds: i64) {
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
    fn latest(&self, workflow: &str) -> ItemRef {
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

    fn acknowledge(&mut self, item: ItemRef) {
        let by = ANN.to_owned();
        self.ask(Operate::Acknowledge { item, by });
    }

    fn resolve(&mut self, item: ItemRef) {
        self.ask(Operate::Decide(Decide {
            item,
            ruling: Ruling::Resolve,
            by: ANN.to_owned(),
            reason: Some("it is done by hand".to_owned()),
            take_over: false,
        }));
    }

    fn redrive(&mut self, item: ItemRef) {
        let outcome = self.ask(Operate::Redrive {
            item,
            by: ANN.to_owned(),
            reason: "it is paid now".to_owned(),
            dry_run: false,
            again: false,
        });
        assert!(matches!(outcome, Outcome::Redriven { .. }), "{outcome:?}");
    }

    fn stats(&mut self, since: Option<i64>) -> Stats {
        let since = since.map(|second| self.start + SignedDuration::from_secs(second));
        let tenant = None;
        match self.ask(Operate::Stats { tenant, since }) {
            Outcome::Stats(stats) => stats,
            other => panic!("{other:?}"),
        }
    }
}

/// Times as the command prints them: of how many, the mean, and what 95 of 100 did not exceed.
fn times(of: usize, mean: f64, most: f64) -> Json {
    json!({ "of": of, "mean_seconds": mean, "p95_seconds": most })
}

const NONE: usize = 0;

fn never() -> Json {
    json!({ "of": NONE })
}

/// Three invoices cannot be closed: one is redriven once it is paid, one is done by hand, one is
/// nobody's yet.
fn closing(office: &mut Office) {
    office.until(60);
    office.happens_unseen("close", "a", 30);
    let a = office.latest("close");
    office.until(100);
    office.happens("close", "b");
    let b = office.latest("close");
    office.until(60 + 4 * 60);
    office.acknowledge(a.clone());
    office.until(100 + 9 * 60);
    office.resolve(b);
    office.until(1_400);
    office.happens("pay", "a");
    office.until(1_500);
    office.redrive(a);
    office.until(2_000);
    office.happens_unseen("close", "c", 45);
}

/// A reminder hangs beyond its deadline, and then mends itself.
fn reminding(office: &mut Office) {
    office.until(3_000);
    office.hangs("call-http");
    office.happens("remind", "d");
    office.until(3_290);
    office.hangs("handle-error");
    office.until(3_320);
    office.held.remove("handle-error");
    let (route, calls) = std::mem::take(&mut office.hanging)
        .into_iter()
        .partition(|flight| flight.function() == "handle-error");
    office.hanging = route;
    office.goes_on("handle-error");
    office.hanging = calls;
    office.until(3_700);
    office.goes_on("call-http");
}

/// What is less urgent: two refusals, and a channel that is not.
fn the_rest(office: &mut Office) {
    office.until(4_000);
    office.happens("archive", "e");
    let e = office.latest("archive");
    office.until(4_100);
    let by = ANN.to_owned();
    let (item, take_over) = (e.clone(), false);
    office.ask(Operate::Claim {
        item,
        by,
        take_over,
    });
    office.until(4_600);
    office.resolve(e);
    office.until(5_000);
    office.happens_unseen("archive", "f", 10);
    let f = office.latest("archive");
    office.until(5_240);
    office.acknowledge(f);
    office.until(5_500);
    office.happens("announce", "g");
    let g = office.latest("announce");
    office.until(10_000);
    office.resolve(g);
}

#[test]
fn the_figures_are_the_times_that_were_injected() {
    let mut office = Office::open();
    closing(&mut office);
    reminding(&mut office);
    the_rest(&mut office);
    let stats = office.stats(None);
    let groups = json!([
        {
            "severity": "P1", "code": "DeadlineExceeded", "count": 1, "open": 0,
            "to_detect": times(1, 20.0, 20.0),
            "to_human": never(),
            "to_resolve": times(1, 400.0, 400.0),
            "without_human": 1.0,
        },
        {
            "severity": "P1", "code": "Refused", "count": 3, "open": 1,
            "to_detect": times(3, 25.0, 45.0),
            "to_human": times(2, 390.0, 540.0),
            "to_resolve": times(2, 990.0, 1_440.0),
            "without_human": 0.0,
        },
        {
            "severity": "P2", "code": "HttpStatus422", "count": 2, "open": 1,
            "to_detect": times(2, 5.0, 10.0),
            "to_human": times(2, 170.0, 240.0),
            "to_resolve": times(1, 600.0, 600.0),
            "without_human": 0.0,
        },
        {
            "severity": "P3", "code": "ChannelNotFound", "count": 1, "open": 0,
            "to_detect": times(1, 0.0, 0.0),
            "to_human": times(1, 4_500.0, 4_500.0),
            "to_resolve": times(1, 4_500.0, 4_500.0),
            "without_human": 0.0,
        },
    ]);
    let printed = serde_json::to_value(&stats).unwrap();
    assert_eq!(printed["groups"], groups);
    let total = json!({
        "count": 7, "open": 2,
        "to_detect": times(7, 15.0, 45.0),
        "to_human": times(5, 1_124.0, 4_500.0),
        "to_resolve": times(5, 1_496.0, 4_500.0),
        "without_human": 0.2,
    });
    assert_eq!(printed["total"], total);
    println!("MTTD 15 s, time to human 1124 s, MTTR 1496 s, 20 % without a human, as injected");
}

#[test]
fn figures_since_a_time_leave_out_what_opened_before() {
    let mut office = Office::open();
    closing(&mut office);
    let late = office.stats(Some(1_999)).total;
    assert_eq!((late.count, late.open), (1, 1));
    assert_eq!(late.to_detect.mean_seconds, Some(45.0));
    assert_eq!(office.stats(None).total.count, 3);
    assert_eq!(office.stats(Some(2_001)).total.count, 0);
}
