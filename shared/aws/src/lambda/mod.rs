//! The Lambda glue: one type per process, and one way to serve for each kind of event source.

mod batch;
mod clockwork;
mod http;
mod log;
mod metrics;
mod stream;

use std::sync::Arc;

use aws_lambda_events::sqs::SqsEvent;
use holdfast_engine::contract::Runner;
use holdfast_engine::port::{Delivery, Ports, QueueName, Verdict};
use holdfast_engine::step::Step;
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value as Json;

use self::batch::{Deadline, respond};
use crate::config::Config;
use crate::outside::AwsOutside;
use crate::ports::{AwsPorts, SetupError};
use crate::sdk::Sdk;

pub use lambda_runtime::Error;
pub use stream::deliveries;

/// A function's process: its name, and what it reaches. Clients are made once.
#[derive(Debug)]
pub struct Function {
    queue: QueueName,
    ports: Arc<AwsPorts>,
}

impl Function {
    /// Starts the process of a function: logging, clients, the identity key. What is live is
    /// compiled before the first event, as far as it can be had.
    ///
    /// # Errors
    /// [`SetupError`] when the template's variables or the identity key are missing.
    pub async fn start(name: &str) -> Result<Self, SetupError> {
        log::init();
        let ports = AwsPorts::open_warm(Sdk::of_function()?, Config::from_environment()?).await?;
        Ok(Self {
            queue: QueueName::of(name),
            ports: Arc::new(ports),
        })
    }

    /// The ports.
    #[must_use]
    pub fn ports(&self) -> &Arc<AwsPorts> {
        &self.ports
    }

    /// The providers behind connections, of a function that calls them.
    ///
    /// # Errors
    /// [`SetupError`] when the HTTP client cannot be set up.
    pub fn outside(&self) -> Result<AwsOutside, SetupError> {
        let (ses, config) = (self.ports.sdk.ses.clone(), self.ports.config());
        Ok(AwsOutside::new(self.ports.secrets(), ses, config)?)
    }

    /// Serves a step from its queue, under the step contract.
    ///
    /// # Errors
    /// When the runtime fails.
    pub async fn serve_step<S: Step>(self, step: S) -> Result<(), Error> {
        let runner = Runner::new(Arc::clone(&self.ports));
        let (runner, step) = (&runner, &step);
        self.serve_queue(async |delivery: &Delivery| runner.deliver(step, delivery).await)
            .await
    }

    /// Serves what is delivered from the function's queue.
    ///
    /// # Errors
    /// When the runtime fails.
    pub async fn serve_queue(
        &self,
        handle: impl AsyncFn(&Delivery) -> Verdict,
    ) -> Result<(), Error> {
        let handle = &handle;
        let serve = service_fn(move |event: LambdaEvent<SqsEvent>| async move {
            let deadline = Deadline::of(&event.context);
            self.queued(event.payload, deadline, handle).await
        });
        lambda_runtime::run(serve).await
    }

    /// Serves changes of a table, and the queue that holds those that could not be handled then.
    ///
    /// # Errors
    /// When the runtime fails.
    pub async fn serve_stream(
        &self,
        handle: impl AsyncFn(&Delivery) -> Verdict,
    ) -> Result<(), Error> {
        let handle = &handle;
        let serve = service_fn(move |event: LambdaEvent<Json>| async move {
            let deadline = Deadline::of(&event.context);
            if stream::is_stream(&event.payload) {
                return self.streamed(event.payload, deadline, handle).await;
            }
            let payload = serde_json::from_value(event.payload)?;
            self.queued(payload, deadline, handle).await
        });
        lambda_runtime::run(serve).await
    }

    /// Serves the schedule, which fires timers and looks for what nobody noticed, and the queue.
    ///
    /// # Errors
    /// When the runtime fails.
    pub async fn serve_schedule(
        &self,
        handle: impl AsyncFn(&Delivery) -> Verdict,
    ) -> Result<(), Error> {
        let handle = &handle;
        let serve = service_fn(move |event: LambdaEvent<Json>| async move {
            let deadline = Deadline::of(&event.context);
            if event.payload.get("schedule").is_some() {
                clockwork::tick(&self.ports, self.queue.as_str()).await?;
                return Ok(respond(Vec::new()));
            }
            let payload = serde_json::from_value(event.payload)?;
            self.queued(payload, deadline, handle).await
        });
        lambda_runtime::run(serve).await
    }
}
