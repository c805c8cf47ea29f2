//! Executions whose workflow promises something, routed and timed as in earnest.

use std::sync::Arc;
use std::time::Duration;

use holdfast_engine::definition::model::{ConnectionKind, Pack, RecordChange};
use holdfast_engine::event::{Event, EventMessage, Lineage, Origin};
use holdfast_engine::id::{EventId, ExecutionId, ExecutionRef};
use holdfast_engine::key;
use holdfast_engine::name::WorkflowName;
use holdfast_engine::operate::{Operate, Rerun};
use holdfast_engine::operation::{ERROR, ErrorRecord};
use holdfast_engine::port::{Ports as _, QueueName, Verdict};
use holdfast_engine::promise::OutcomeEntry;
use holdfast_engine::record::{Author, LastChange, Record};
use holdfast_engine::step::{Effect, Keeps, Step, StepContext, StepError, StepSpec};
use holdfast_tests::desk::ask;
use holdfast_tests::memory::Received;
use holdfast_tests::world::{Behaviour, Functions, Probe, Story, World, load};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, json};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Input {
    #[expect(dead_code, reason = "only definitions look at it")]
    to: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Output {
    id: String,
}

/// A step that calls somebody.
struct CallDesk(Probe);

impl Step for CallDesk {
    const SPEC: StepSpec = StepSpec {
        name: "call-desk",
        description: "Calls a desk.",
        effect: Effect::Keyed,
        timeout: Duration::from_secs(10),
        concurrency: 1,
        connections: &[ConnectionKind::Http],
        keeps: Keeps::All,
    };
    type Input = Input;
    type Output = Output;

    async fn perform(&self, ctx: &StepContext<'_>, _: Input) -> Result<Output, StepError> {
        self.0.effects.arrive("desk", ctx.key, None);
        let id = ctx.key.to_owned();
        Ok(Output { id })
    }
}

/// An execution of workflow `w` on the deal `1`.
pub(crate) struct Promised {
    pub(crate) story: Story,
    pack: Arc<Pack>,
}

fn pack(promise: &str, steps: &str) -> Arc<Pack> {
    let steps = steps.replace('\n', "\n  ");
    let files = [
        (
            "pack.yaml",
            "pack: t\nconfig: { tz: { type: timezone, default: UTC } }\n\
             hours: { noon: { tz: UTC, open: { mon-sun: \"12:00-13:00\" } } }\n"
                .to_owned(),
        ),
        (
            "desk.connection.yaml",
            "connection: desk\nkind: http\nurl: https://desk.example\nhours: noon\n\
             idempotency: { header: Idempotency-Key, window: 30d }\n"
                .to_owned(),
        ),
        (
            "deal.record.yaml",
            "record: deal\nkey: [name]\nfields: { name: { type: string } }\nstates: [new, won]\n\
             initial: new\ntransitions: [ { from: [new], to: won, by: person } ]\n"
                .to_owned(),
        ),
        (
            "mail.source.yaml",
            "source: mail\nverify: { scheme: none }\nevent: \"'mail.' + body.name\"\nid: body.id\n\
             receipt: query.ref\n"
                .to_owned(),
        ),
        (
            "reader.workflow.yaml",
            "workflow: reader\ndescription: What a mail starts.\nowner: nobody\nseverity: P3\n\
             trigger: { event: mail.seen }\n\
             steps: [ { id: s, uses: keyed-effect, with: { to: a } } ]\n"
                .to_owned(),
        ),
        (
            "w.workflow.yaml",
            format!(
                "workflow: w\ndescription: What this test needs.\nowner: nobody\nseverity: P2\n\
                 trigger: {{ record: {{ type: deal, on: updated }} }}\n{promise}\nsteps:\n  {steps}\n"
            ),
        ),
    ];
    let files = files.map(|(path, text)| (path.to_owned(), text));
    load(&files.into(), &Functions::scripted().with::<CallDesk>())
}

impl Promised {
    /// A workflow that promises this and has these steps; its event is in its queue.
    pub(crate) fn of(promise: &str, steps: &str) -> Self {
        let pack = pack(promise, steps);
        let mut world = World::scripted(1, &pack);
        world.add(CallDesk(world.probe()));
        world.add_internal("route-event", |ports, delivery| async move {
            holdfast_route_event::handle(&ports, &delivery).await
        });
        world.add_internal("run-timers", |ports, delivery| async move {
            holdfast_run_timers::handle(ports.as_ref(), &delivery).await
        });
        let (home, workflow) = (World::home(), WorkflowName::new("w").unwrap());
        let execution = ExecutionRef {
            execution: ExecutionId::of(&home.tenant, &workflow, &started()),
            workflow,
            home,
        };
        let story = Story { world, execution };
        let promised = Self { story, pack };
        promised.keep("new", false);
        promised.send_start();
        promised
    }

    /// The same, routed: its first messages are in their queues.
    pub(crate) fn routed(promise: &str, steps: &str) -> Self {
        let promised = Self::of(promise, steps);
        assert_eq!(promised.story.deliver(), Verdict::Acknowledge);
        promised
    }

    /// Puts the event that starts it into its queue.
    pub(crate) fn send_start(&self) {
        let home = self.story.execution.home.clone();
        let on = RecordChange::Updated;
        let after = json!({ "id": "1", "name": "Ann", "status": "new", "version": 2 });
        let event = self.event(&started(), "record.updated", Some(after));
        let bulk = false;
        self.send(
            event,
            Origin::Record {
                record: home,
                on,
                bulk,
            },
        );
    }

    /// Routes a mail about this execution.
    pub(crate) fn mail(&self, name: &str) {
        let id = EventId::from_text(&format!("mail:{name}"));
        let origin = Origin::Source {
            source: "mail".parse().unwrap(),
            manifest: self.pack.manifest.clone(),
            records: Vec::new(),
            receipt: Some(format!("{}/s.1", self.story.execution)),
        };
        self.send(self.event(&id, &format!("mail.{name}"), None), origin);
    }

    fn event(&self, id: &EventId, name: &str, after: Option<serde_json::Value>) -> Event {
        Event {
            id: id.clone(),
            name: name.to_owned(),
            at: self.story.world.now(),
            data: Map::new(),
            before: after.clone(),
            after,
            asked: None,
            changed: Vec::new(),
        }
    }

    fn send(&self, event: Event, origin: Origin) {
        let message = EventMessage {
            tenant: self.story.execution.home.tenant.clone(),
            event,
            origin,
            lineage: Lineage::default(),
            resubmitted: None,
        };
        let body = serde_json::to_string(&message).unwrap();
        let world = &self.story.world;
        let queue = world.memory.queue();
        queue.resend(&QueueName::events(), body, world.now());
    }

    /// Keeps the record in this state.
    pub(crate) fn keep(&self, status: &str, deleted: bool) {
        let (home, now) = (&self.story.execution.home, self.story.world.now());
        let by = LastChange {
            by: Author::Person("Ann".to_owned()),
            event: EventId::from_text("s:0"),
            step: None,
            version: None,
            lineage: Lineage::default(),
            bulk: false,
        };
        let record = Record {
            record_type: home.record_type.clone(),
            id: home.record.clone(),
            status: status.to_owned(),
            version: 2,
            fields: Map::new(),
            created_at: now,
            updated_at: now,
            last_change: by,
            deleted,
        };
        let body = serde_json::to_string(&record).unwrap();
        let journal = self.story.world.memory.journal();
        journal.seed(key::record(home), body);
    }

    /// Loses the visible message, and returns it.
    pub(crate) fn lose(&self) -> Received {
        let flight = self.story.world.take(0).expect("a visible message");
        let queue = self.story.world.memory.queue();
        queue.settle(flight.receipt(), Verdict::Acknowledge);
        flight.received().clone()
    }

    /// Adds what the next attempts of the step `s` do.
    pub(crate) fn plays(self, behaviours: impl IntoIterator<Item = Behaviour>) -> Self {
        self.story.world.script.add("s.1", behaviours);
        self
    }

    /// Sends the message of an error record again.
    pub(crate) fn redrive(&self, error: &ErrorRecord) {
        let queue = QueueName::of(&error.function);
        let created = error.created.expect("a stamp");
        let memory = &self.story.world.memory;
        memory
            .queue()
            .resend(&queue, error.envelope.clone(), created);
    }

    /// The only error record of this code.
    pub(crate) fn error(&self, code: &str) -> ErrorRecord {
        let mut errors = self.story.seen().errors;
        errors.retain(|error| error.code == code);
        assert_eq!(errors.len(), 1, "{errors:#?}");
        errors.remove(0)
    }

    /// What became of the outcome, if it was looked for.
    pub(crate) fn outcome(&self) -> Option<OutcomeEntry> {
        let key = key::outcome(&self.story.execution);
        let item = self.story.world.memory.journal().item(&key)?;
        Some(serde_json::from_str(&item.body).unwrap())
    }

    /// Settles the only error record of this code, as a person does.
    pub(crate) fn resolve(&self, code: &str) -> ErrorRecord {
        let mut error = self.error(code);
        error.handling = error.handling.closed(self.story.world.now());
        let key = key::operation(&self.story.execution.home.tenant, ERROR, &error.id);
        let body = serde_json::to_string(&error).unwrap();
        self.story.world.memory.journal().seed(key, body);
        error
    }

    /// Runs it anew from a step on, as a person does.
    pub(crate) fn rerun(&self, from: &str) {
        let request = Rerun {
            execution: self.story.execution.clone(),
            from: from.parse().unwrap(),
            version: None,
            again: true,
            seen: None,
            by: "ann".to_owned(),
            reason: "it came to nothing".to_owned(),
        };
        ask(&self.story.world, Operate::Rerun(request)).unwrap();
    }

    /// Delivers what is there and what comes back within this time.
    pub(crate) fn pass(&self, time: Duration) {
        self.story.world.run_for(time);
    }
}

/// The event that starts it.
fn started() -> EventId {
    EventId::from_text("deal/1@2")
}
