//! Starting executions as `route-event` does.

use std::future::Future;
use std::pin::pin;
use std::task::{Context as Polling, Poll, Waker};
use std::time::Duration;

use holdfast_engine::contract::{Position, advance, envelopes};
use holdfast_engine::envelope::Context;
use holdfast_engine::event::{Event, Lineage};
use holdfast_engine::id::{EventId, ExecutionId, ExecutionRef, RecordRef};
use holdfast_engine::name::WorkflowName;
use holdfast_engine::port::{Definitions as _, Outgoing, Ports as _, Queue as _, QueueName};
use serde_json::{Map, json};

use super::World;

impl World {
    /// The home of the executions that [`World::start`] starts: the deal `1` of tenant `t`.
    ///
    /// # Panics
    /// Never: the reference is valid.
    #[must_use]
    pub fn home() -> RecordRef {
        "t/deal/1".parse().expect("a reference")
    }

    /// Starts workflow `w` for an event on the deal `1`, and sends its first steps.
    ///
    /// # Panics
    /// When the pack has no workflow `w`.
    pub fn start(&self, event: &str) -> ExecutionRef {
        let record = json!({ "id": "1", "name": "Ann", "status": "new", "version": 1 });
        self.start_at(&Self::home(), "w", event, Some(record))
    }

    /// Starts a workflow for an event on a record with this snapshot.
    ///
    /// # Panics
    /// When the pack has no such workflow.
    pub fn start_at(
        &self,
        home: &RecordRef,
        workflow: &str,
        event: &str,
        record: Option<serde_json::Value>,
    ) -> ExecutionRef {
        let name = WorkflowName::new(workflow).expect("a name");
        let event = EventId::from_text(event);
        let execution = ExecutionRef {
            home: home.clone(),
            execution: ExecutionId::of(&home.tenant, &name, &event),
            workflow: name,
        };
        let context = self.context(event, record);
        self.dispatch(&execution, 1, &context);
        execution
    }

    /// Sends the first steps of an execution, in a generation.
    ///
    /// # Panics
    /// When the pack has no such workflow.
    pub fn dispatch(&self, execution: &ExecutionRef, generation: u32, context: &Context) {
        let workflow = &self.pack.workflows[&execution.workflow];
        let now = self.now();
        let plan = advance(
            self.memory.journal(),
            workflow,
            execution,
            context,
            Position::Start,
            now,
        );
        let plan = ready(plan).expect("memory does not fail");
        let sent = envelopes(&self.pack, execution, generation, context, &plan)
            .into_iter()
            .map(|(envelope, function)| Outgoing {
                queue: QueueName::of(&function),
                body: serde_json::to_string(&envelope).expect("an envelope encodes"),
                delay: Duration::ZERO,
                tenant: execution.home.tenant.clone(),
                created: now,
            });
        ready(self.memory.queue().send(sent.collect())).expect("memory does not fail");
    }

    /// What an execution of this event knows at its start.
    ///
    /// # Panics
    /// Never: memory does not fail.
    #[must_use]
    pub fn context(&self, id: EventId, record: Option<serde_json::Value>) -> Context {
        let (tenant, pack) = (Self::home().tenant, &self.pack.manifest.pack);
        let config = ready(self.memory.definitions().config(&tenant, pack));
        let config = config.expect("memory does not fail").as_ref().clone();
        Context {
            element: None,
            event: Event {
                id,
                name: "record.updated".to_owned(),
                at: self.now(),
                data: Map::new(),
                before: None,
                after: record.clone(),
                asked: None,
                changed: Vec::new(),
            },
            record,
            steps: Map::new(),
            lets: Map::new(),
            config,
            lineage: Lineage::default(),
        }
    }
}

/// The result of a future that waits for nothing.
///
/// # Panics
/// When it waits.
pub(super) fn ready<T>(future: impl Future<Output = T>) -> T {
    let mut context = Polling::from_waker(Waker::noop());
    match pin!(future).poll(&mut context) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("memory waits for nothing"),
    }
}
