//! Every function of a Holdfast over memory ports that may fail.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use holdfast_call_http::CallHttp;
use holdfast_engine::contract::Runner;
use holdfast_engine::definition::model::Pack;
use holdfast_engine::name::SourceName;
use holdfast_engine::port::{Clock as _, Delivery, Deployment, Ports as _, QueueName, Verdict};
use holdfast_engine::step::Step;
use holdfast_engine::sweep::Sweep;
use holdfast_engine::verify::{self, Secret};
use holdfast_post_chat::PostChat;
use holdfast_receive_webhook::Request;
use holdfast_send_email::SendEmail;
use holdfast_send_sms::SendSms;
use holdfast_update_record::UpdateRecord;

use super::flight::{Cargo, End, Flight, Handling, Said};
use super::outside::Outside;
use super::scenario::Scenario;
use crate::faulty::{Faults, Faulty};
use crate::memory::{Memory, MemorySecrets};
use crate::ready::ready;

/// Where providers reach the webhooks.
pub const PUBLIC_URL: &str = "https://holdfast.example";

/// The secret under every name.
const SECRET: &str = "a secret of the tests, as long as any scheme asks for";

/// How long a received message stays hidden: six times the longest step's time.
pub const VISIBILITY: Duration = Duration::from_mins(3);

/// How far virtual time may go in one stage.
const HORIZON: Duration = Duration::from_hours(72);

/// More deliveries in one moment, and more moments, than any stage needs.
const MAX_DELIVERIES: usize = 2_000;
const MAX_WAITS: usize = 10_000;

type Wrapped = Arc<Faulty<Memory>>;
type Handler = Box<dyn Fn(Wrapped, Delivery) -> Handling + Send + Sync>;

/// A whole Holdfast.
pub struct System {
    /// Its state.
    pub memory: Arc<Memory>,
    /// Which calls fail.
    pub faults: Arc<Faults>,
    /// What reached the providers.
    pub outside: Outside,
    /// The definitions.
    pub pack: Arc<Pack>,
    ports: Wrapped,
    secret: Secret,
    handlers: BTreeMap<QueueName, Handler>,
}

impl System {
    /// A new one; `seed` decides everything random in it.
    ///
    /// # Panics
    /// Never: the secret is one.
    #[must_use]
    pub fn new(seed: u64, scenario: &Scenario) -> Self {
        let secret = Secret::new(SECRET).expect("a secret");
        let names = scenario.pack.secret_names();
        let secrets = MemorySecrets::shared(names.map(ToString::to_string), &secret);
        let deployment = Deployment {
            public_url: Some(PUBLIC_URL.to_owned()),
            ..Deployment::default()
        };
        let memory = Memory::new(seed, [Arc::clone(&scenario.pack)]);
        memory.definitions().configure(scenario.config.clone());
        memory.journal().ignore(scenario.ignored.iter().copied());
        let memory = Arc::new(memory.deployed(deployment).feeding().keeping(secrets));
        let faults = Arc::new(Faults::default());
        let outside = Outside::new(&faults);
        let ports = Arc::new(Faulty::new(Arc::clone(&memory), &faults));
        Self {
            handlers: handlers(&ports, &outside),
            pack: Arc::clone(&scenario.pack),
            memory,
            faults,
            outside,
            ports,
            secret,
        }
    }

    /// The functions that have a queue.
    pub fn functions(&self) -> impl Iterator<Item = &str> {
        self.handlers.keys().map(QueueName::as_str)
    }

    /// Receives a visible message and starts to work on it.
    ///
    /// # Panics
    /// When no function has its queue.
    #[must_use]
    pub fn take(&self, pick: usize) -> Option<Flight> {
        let received = self.memory.queue().receive(pick, VISIBILITY)?;
        Some(self.work_on(Cargo::Message(received), &[]))
    }

    /// Starts to work on a message, or on a request of a stage, which is signed now.
    ///
    /// # Panics
    /// When no function has the message's queue.
    #[must_use]
    pub fn work_on(&self, cargo: Cargo, requests: &[Request]) -> Flight {
        let ports = Arc::clone(&self.ports);
        let handling = match &cargo {
            Cargo::Message(received) => {
                let delivery = received.delivery.clone();
                let handler = self.handlers.get(&delivery.queue);
                handler.unwrap_or_else(|| panic!("nobody handles {delivery:?}"))(ports, delivery)
            }
            Cargo::Request(number) => {
                let request = self.signed(&requests[*number]);
                Box::pin(async move {
                    Said::Answer(holdfast_receive_webhook::handle(ports.as_ref(), &request).await)
                })
            }
        };
        Flight::new(cargo, handling)
    }

    fn signed(&self, request: &Request) -> Request {
        let source = request.path_and_query.split(['/', '?']).nth(3);
        let source: SourceName = source.unwrap_or_default().parse().expect("a name");
        let url = format!("{PUBLIC_URL}{}", request.path_and_query);
        let unsigned = verify::Request {
            method: request.method.as_str(),
            url: &url,
            headers: &request.headers,
            body: &request.body,
        };
        let (scheme, now) = (
            self.pack.sources[&source].verify.scheme,
            self.memory.clock().now(),
        );
        let mut signed = request.clone();
        if let Ok(headers) = verify::sign(scheme, &self.secret, &unsigned, "sent", now) {
            signed.headers.extend(headers);
        }
        signed
    }

    /// Does what a handler said. Returns whether a request is to be sent again: providers repeat
    /// what is not accepted, one whose signature has become too old too.
    pub fn land(&self, cargo: &Cargo, end: &End) -> bool {
        match (cargo, end) {
            (Cargo::Message(received), End::Said(Said::Verdict(verdict))) => {
                self.memory.queue().settle(&received.receipt, *verdict);
                false
            }
            (Cargo::Request(_), End::Said(Said::Answer(answer))) => answer.status != 202,
            (Cargo::Request(_), _) => true,
            (Cargo::Message(_), _) => false,
        }
    }

    /// Delivers, oldest queue first, until nothing moves. `work` brings each flight to its end.
    ///
    /// # Panics
    /// When something moves without end.
    pub fn rest(&self, mut work: impl FnMut(Flight)) {
        let start = self.memory.clock().now();
        for _ in 0..MAX_WAITS {
            let mut delivered = 0;
            while let Some(flight) = self.take(0) {
                work(flight);
                delivered += 1;
                assert!(delivered < MAX_DELIVERIES, "messages come back without end");
            }
            if !self.wait() {
                return;
            }
            let passed = self.memory.clock().now().duration_since(start);
            assert!(passed.unsigned_abs() < HORIZON, "it waits for good");
        }
        panic!("time does not pass");
    }

    /// Does what the sweep does at its times: records what nobody recorded, and closes what a
    /// settled step left behind.
    ///
    /// # Panics
    /// Never: the memory's ports do not fail.
    pub fn sweep(&self) {
        let swept = ready(Sweep::default().pass(self.memory.as_ref()));
        swept.expect("ports that do not fail");
    }

    /// Works on a flight to its end, and does what it said.
    pub fn settle(&self, mut flight: Flight) -> bool {
        let end = flight.finish(self);
        self.land(&flight.cargo, &end)
    }

    /// Lets time pass until something can move. Returns whether there is such a thing.
    pub fn wait(&self) -> bool {
        let (queue, timers) = (self.memory.queue(), self.memory.timers());
        if queue.is_empty() {
            self.acknowledge();
        }
        let next = [queue.next_visible(), timers.next_due()];
        let Some(next) = next.into_iter().flatten().min() else {
            return false;
        };
        self.memory.clock().advance_to(next);
        timers.fire();
        true
    }
}

fn handlers(ports: &Wrapped, outside: &Outside) -> BTreeMap<QueueName, Handler> {
    let told = outside.clone();
    let own: [(&str, Handler); 5] = [
        (
            "route-event",
            handler(|ports, delivery| async move {
                holdfast_route_event::handle(&ports, &delivery).await
            }),
        ),
        (
            "watch-records",
            handler(|ports, delivery| async move {
                holdfast_watch_records::handle(ports.as_ref(), &delivery).await
            }),
        ),
        (
            "run-timers",
            handler(|ports, delivery| async move {
                holdfast_run_timers::handle(ports.as_ref(), &delivery).await
            }),
        ),
        (
            "handle-error",
            handler(|ports, delivery| async move {
                holdfast_handle_error::handle(ports.as_ref(), &delivery).await
            }),
        ),
        (
            "notify-oncall",
            handler(move |ports, delivery| {
                let outside = told.clone();
                async move { holdfast_notify_oncall::handle(ports.as_ref(), &outside, &delivery).await }
            }),
        ),
    ];
    let own = own.map(|(name, handler)| (QueueName::of(name), handler));
    let steps = [
        step(UpdateRecord::new(Arc::clone(ports))),
        step(CallHttp::new(outside.clone())),
        step(SendSms::new(outside.clone())),
        step(SendEmail::new(outside.clone())),
        step(PostChat::new(outside.clone())),
    ];
    own.into_iter().chain(steps).collect()
}

fn handler<F>(handle: impl Fn(Wrapped, Delivery) -> F + Send + Sync + 'static) -> Handler
where
    F: Future<Output = Verdict> + Send + 'static,
{
    Box::new(move |ports, delivery| {
        let handling = handle(ports, delivery);
        Box::pin(async move { Said::Verdict(handling.await) })
    })
}

fn step<S: Step>(step: S) -> (QueueName, Handler) {
    let step = Arc::new(step);
    let handler: Handler = Box::new(move |ports, delivery| {
        let step = Arc::clone(&step);
        Box::pin(async move {
            let runner = Runner::new(ports);
            Said::Verdict(runner.deliver(step.as_ref(), &delivery).await)
        })
    });
    (QueueName::of(S::SPEC.name), handler)
}
