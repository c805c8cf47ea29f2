//! Every function of one machine: what it is called, how many deliveries it handles at once, and
//! what handles them. The list of step functions is the one source of their names.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use holdfast_call_http::CallHttp;
use holdfast_engine::contract::{Process, Runner};
use holdfast_engine::definition::{Catalog, Signature};
use holdfast_engine::name::FunctionName;
use holdfast_engine::port::{Clock, Delivery, QueueName, Verdict};
use holdfast_engine::step::{Step, StepSpec};
use holdfast_post_chat::PostChat;
use holdfast_send_email::SendEmail;
use holdfast_send_sms::SendSms;
use holdfast_update_record::UpdateRecord;

use crate::outside::Outside;
use crate::ports::EmbeddedPorts;

/// What becomes of a delivery that is being handled.
pub type Handling<'a> = Pin<Box<dyn Future<Output = Verdict> + Send + 'a>>;

/// Handles deliveries of one function.
pub trait Handler: Send + Sync {
    /// Handles one delivery.
    fn handle<'a>(&'a self, delivery: &'a Delivery) -> Handling<'a>;
}

/// A function of one machine.
pub struct Function {
    /// Its queue, which has its name.
    pub queue: QueueName,
    /// Deliveries handled at once.
    pub concurrency: usize,
    /// How long a delivery stays hidden: six times the timeout.
    pub visibility: Duration,
    /// What handles them.
    pub handler: Arc<dyn Handler>,
}

/// Steps beside those that come with Holdfast, and how functions are served.
#[derive(Debug, Clone, Copy)]
pub struct Extension<C> {
    /// Adds their signatures: what definitions may use.
    pub catalog: fn(&mut Catalog),
    /// Adds the steps, or changes how what is there is served.
    pub registry: fn(&mut Registry<C>),
}

/// Visits the step functions that come with Holdfast.
trait Visitor<C> {
    fn step<S: Step>(&mut self, make: impl FnOnce(&Arc<EmbeddedPorts<C>>, &Outside<C>) -> S);
}

/// The step functions that come with Holdfast: the one list of them.
fn visit<C: Clock + Clone + 'static>(visitor: &mut impl Visitor<C>) {
    visitor.step(|ports, _| UpdateRecord::new(Arc::clone(ports)));
    visitor.step(|_, outside| CallHttp::new(outside.clone()));
    visitor.step(|_, outside| SendSms::new(outside.clone()));
    visitor.step(|_, outside| SendEmail::new(outside.clone()));
    visitor.step(|_, outside| PostChat::new(outside.clone()));
}

/// The functions of one machine.
pub struct Registry<C> {
    ports: Arc<EmbeddedPorts<C>>,
    outside: Outside<C>,
    process: Process,
    functions: Vec<Function>,
}

impl<C> std::fmt::Debug for Registry<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = self
            .functions
            .iter()
            .map(|function| function.queue.as_str());
        f.debug_list().entries(names).finish()
    }
}

impl<C: Clock + Clone + 'static> Registry<C> {
    /// Every function that comes with Holdfast.
    #[must_use]
    pub fn standard(ports: &Arc<EmbeddedPorts<C>>, outside: Outside<C>) -> Self {
        let mut registry = Self {
            ports: Arc::clone(ports),
            outside,
            process: Process::default(),
            functions: Vec::new(),
        };
        registry.plain("route-event", MANY, Arc::clone(ports), |ports, delivery| {
            Box::pin(holdfast_route_event::handle(ports, delivery))
        });
        registry.plain(
            "watch-records",
            MANY,
            Arc::clone(ports),
            |ports, delivery| Box::pin(holdfast_watch_records::handle(ports.as_ref(), delivery)),
        );
        registry.plain("run-timers", MANY, Arc::clone(ports), |ports, delivery| {
            Box::pin(holdfast_run_timers::handle(ports.as_ref(), delivery))
        });
        registry.plain("handle-error", FEW, Arc::clone(ports), |ports, delivery| {
            Box::pin(holdfast_handle_error::handle(ports.as_ref(), delivery))
        });
        let with = (Arc::clone(ports), registry.outside.clone());
        registry.plain("notify-oncall", FEW, with, |(ports, outside), delivery| {
            Box::pin(holdfast_notify_oncall::handle(
                ports.as_ref(),
                outside,
                delivery,
            ))
        });
        visit(&mut registry);
        registry
    }

    /// Adds a step function.
    pub fn add<S: Step>(&mut self, step: S) {
        let runner = Runner::new(Arc::clone(&self.ports)).remembering(&self.process);
        self.functions.push(Function {
            queue: QueueName::of(S::SPEC.name),
            concurrency: usize::try_from(S::SPEC.concurrency).unwrap_or(usize::MAX),
            visibility: visibility(&S::SPEC),
            handler: Arc::new(Stepping { runner, step }),
        });
    }

    /// Has each function handle one delivery after the other, in the order in which they were sent.
    pub fn one_by_one(&mut self) {
        for function in &mut self.functions {
            function.concurrency = 1;
        }
    }

    fn plain<W, F>(&mut self, name: &str, concurrency: usize, with: W, handle: F)
    where
        W: Send + Sync + 'static,
        F: for<'a> Fn(&'a W, &'a Delivery) -> Handling<'a> + Send + Sync + 'static,
    {
        self.functions.push(Function {
            queue: QueueName::of(name),
            concurrency,
            visibility: INTERNAL_VISIBILITY,
            handler: Arc::new(Plain { with, handle }),
        });
    }

    /// The functions.
    #[must_use]
    pub fn into_functions(self) -> Vec<Function> {
        self.functions
    }
}

impl<C: Clock + Clone + 'static> Visitor<C> for Registry<C> {
    fn step<S: Step>(&mut self, make: impl FnOnce(&Arc<EmbeddedPorts<C>>, &Outside<C>) -> S) {
        let step = make(&self.ports, &self.outside);
        self.add(step);
    }
}

/// Deliveries that a function without a step handles at once.
const MANY: usize = 32;

/// The same where they are often about one incident, and would wait for each other.
const FEW: usize = 4;

/// How long they stay hidden.
const INTERNAL_VISIBILITY: Duration = Duration::from_mins(1);

fn visibility(spec: &StepSpec) -> Duration {
    spec.timeout.saturating_mul(6)
}

/// The step functions that come with Holdfast, with what they take and give.
#[must_use]
pub fn catalog<C: Clock + Clone + 'static>() -> Catalog {
    let mut listing = Listing(Catalog::default());
    visit::<C>(&mut listing);
    listing.0
}

struct Listing(Catalog);

impl<C> Visitor<C> for Listing {
    fn step<S: Step>(&mut self, _make: impl FnOnce(&Arc<EmbeddedPorts<C>>, &Outside<C>) -> S) {
        insert::<S>(&mut self.0);
    }
}

/// What is fixed about each of them.
#[must_use]
pub fn specs<C: Clock + Clone + 'static>() -> Vec<StepSpec> {
    let mut specs = Specs(Vec::new());
    visit::<C>(&mut specs);
    specs.0
}

struct Specs(Vec<StepSpec>);

impl<C> Visitor<C> for Specs {
    fn step<S: Step>(&mut self, _make: impl FnOnce(&Arc<EmbeddedPorts<C>>, &Outside<C>) -> S) {
        self.0.push(S::SPEC);
    }
}

/// Adds a step function's signature to a catalog.
pub fn insert<S: Step>(catalog: &mut Catalog) {
    if let Ok(name) = FunctionName::new(S::SPEC.name) {
        catalog.0.insert(name, Signature::of::<S>());
    }
}

struct Stepping<C, S> {
    runner: Runner<EmbeddedPorts<C>>,
    step: S,
}

impl<C: Clock + Clone + 'static, S: Step> Handler for Stepping<C, S> {
    fn handle<'a>(&'a self, delivery: &'a Delivery) -> Handling<'a> {
        Box::pin(self.runner.deliver(&self.step, delivery))
    }
}

/// A function without a step: what it works with, and its handler.
struct Plain<W, F> {
    with: W,
    handle: F,
}

impl<W, F> Handler for Plain<W, F>
where
    W: Send + Sync,
    F: for<'a> Fn(&'a W, &'a Delivery) -> Handling<'a> + Send + Sync,
{
    fn handle<'a>(&'a self, delivery: &'a Delivery) -> Handling<'a> {
        (self.handle)(&self.with, delivery)
    }
}
