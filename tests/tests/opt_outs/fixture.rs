//! A shop that sends, and a door at which people answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use holdfast_engine::definition::Files;
use holdfast_engine::definition::model::{ConnectionKind, Pack};
use holdfast_engine::event::EventMessage;
use holdfast_engine::id::ExecutionRef;
use holdfast_engine::port::Ports as _;
use holdfast_engine::step::{Effect, Keeps, Step, StepContext, StepError, StepSpec};
use holdfast_engine::suppression::{Addressed, Channel, Wish, listed};
use holdfast_receive_webhook::{Answer, Request, handle};
use holdfast_tests::faulty::When;
use holdfast_tests::ready::ready;
use holdfast_tests::world::{Functions, Probe, Witness, World, load};
use http::{HeaderMap, HeaderValue, Method};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

pub(crate) const MINUTE: Duration = Duration::from_mins(1);
pub(crate) const HOUR: Duration = Duration::from_hours(1);

pub(crate) const ANN: &str = "+12025550142";

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Input {
    #[expect(dead_code, reason = "the engine reads it before the step does")]
    to: String,
    #[serde(default)]
    #[expect(dead_code, reason = "the engine reads it before the step does")]
    kind: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Output {
    id: String,
}

/// Sends a text, unless its provider is down.
struct SendText(Probe, Arc<AtomicBool>);

/// Sends a mail, which may be one that the recipient has asked for.
struct SendMail(Probe);

async fn sent(probe: &Probe, ctx: &StepContext<'_>) -> Result<Output, StepError> {
    let connection = ctx.connected()?.connection.name.to_string();
    let call = async { probe.effects.arrive(&connection, ctx.key, None) };
    match probe.faults.around(call).await {
        Ok(()) => Ok(Output {
            id: ctx.key.to_owned(),
        }),
        Err(interrupted) if interrupted.when == When::Before => {
            Err(StepError::transient("NotSent", "nothing was sent"))
        }
        Err(_) => Err(StepError::transient("NotSent", "the answer is lost")),
    }
}

const fn spec(name: &'static str) -> StepSpec {
    StepSpec {
        name,
        description: "Sends.",
        effect: Effect::Keyed,
        timeout: Duration::from_secs(10),
        concurrency: 1,
        connections: &[ConnectionKind::Http],
        keeps: Keeps::All,
    }
}

impl Step for SendText {
    const SPEC: StepSpec = spec("send-text");
    const ADDRESSED: Option<Addressed> = Some(Addressed {
        channel: Channel::Sms,
        member: "to",
        exempt: None,
    });
    type Input = Input;
    type Output = Output;

    async fn perform(&self, ctx: &StepContext<'_>, _: Input) -> Result<Output, StepError> {
        let Self(probe, down) = self;
        if down.load(Ordering::Relaxed) {
            return Err(StepError::transient("NotSent", "connection refused"));
        }
        sent(probe, ctx).await
    }
}

impl Step for SendMail {
    const SPEC: StepSpec = spec("send-mail");
    const ADDRESSED: Option<Addressed> = Some(Addressed {
        channel: Channel::Email,
        member: "to",
        exempt: Some(("kind", "transactional")),
    });
    type Input = Input;
    type Output = Output;

    async fn perform(&self, ctx: &StepContext<'_>, _: Input) -> Result<Output, StepError> {
        sent(&self.0, ctx).await
    }
}

pub(crate) const REPLIES: &str = "\
source: replies
verify: none
event: \"'reply.' + body.type\"
id: body.id
accept: body.type != 'noise'
data: { text: { type: string, max: 20, required: true, from: body.text } }
opt_out:
  channel: sms
  address: body.from
  stop: upper(body.text) in ['STOP', 'UNSUBSCRIBE']
  start: upper(body.text) == 'START'
  at: \"has(body.at) ? timestamp(body.at) : now\"
";

pub(crate) const BOUNCES: &str = "\
source: bounces
verify: none
event: \"'mail.' + body.type\"
id: body.id
opt_out: { channel: email, address: body.email, stop: body.type == 'unsubscribed', start: body.type == 'subscribed' }
";

pub(crate) const SEND: &str = "- { id: s, uses: send-text, via: sms, with: { to: \"+12025550142\" } }\n\
                    - { id: z, uses: send-mail, via: mail, with: { to: ann@example.com } }";

fn pack(steps: &str, sources: &[(&str, &str)]) -> Arc<Pack> {
    let keys = "idempotency: { header: Idempotency-Key, window: 30d }\n";
    let connection = |name: &str| {
        let text = format!("connection: {name}\nkind: http\nurl: https://{name}.example\n{keys}");
        (format!("{name}.connection.yaml"), text)
    };
    let workflow = format!(
        "workflow: w\ndescription: Sends.\nowner: nobody\nseverity: P3\n\
         trigger: {{ record: {{ type: deal, on: updated }} }}\nsteps:\n  {}\n",
        steps.replace('\n', "\n  ")
    );
    let deal = "record: deal\nkey: [name]\nfields:\n  name: { type: string, required: true }\n\
                states: [new]\ninitial: new\ntransitions: []\n";
    let mut files: Files = [
        ("pack.yaml".to_owned(), "pack: shop\n".to_owned()),
        ("deal.record.yaml".to_owned(), deal.to_owned()),
        ("w.workflow.yaml".to_owned(), workflow),
        connection("sms"),
        connection("mail"),
    ]
    .into();
    let sources = sources.iter();
    files.extend(sources.map(|(name, text)| (format!("{name}.source.yaml"), (*text).to_owned())));
    let functions = Functions::scripted().with::<SendText>().with::<SendMail>();
    load(&files, &functions)
}

/// A shop that sends, and a door at which people answer.
pub(crate) struct Shop {
    pub(crate) world: World,
    pub(crate) down: Arc<AtomicBool>,
}

impl Shop {
    pub(crate) fn of(steps: &str, sources: &[(&str, &str)]) -> Self {
        let mut world = World::scripted(1, &pack(steps, sources));
        let down = Arc::default();
        world.add(SendText(world.probe(), Arc::clone(&down)));
        world.add(SendMail(world.probe()));
        Self { world, down }
    }

    pub(crate) fn open() -> Self {
        Self::of(SEND, &[("replies", REPLIES), ("bounces", BOUNCES)])
    }

    pub(crate) fn post(&self, path: &str, body: &Json) -> Answer {
        let json = HeaderValue::from_static("application/json");
        let request = Request {
            method: Method::POST,
            path_and_query: path.to_owned(),
            headers: HeaderMap::from_iter([(http::header::CONTENT_TYPE, json)]),
            body: body.to_string().into_bytes(),
        };
        ready(handle(self.world.memory.as_ref(), &request))
    }

    /// Ann's phone says something, a second after anything else.
    pub(crate) fn reply(&self, id: &str, text: &str) -> Answer {
        self.world.memory.clock().advance(Duration::from_secs(1));
        let body = json!({ "type": "sms", "id": id, "from": "+1 (202) 555-0142", "text": text });
        self.post("/hooks/t/replies", &body)
    }

    /// The states of both steps of an execution that begins now.
    pub(crate) fn send(&self, event: &str) -> [&'static str; 2] {
        let execution = self.world.start(event);
        self.world.run_for(HOUR);
        self.states(&execution)
    }

    pub(crate) fn states(&self, execution: &ExecutionRef) -> [&'static str; 2] {
        let seen = Witness::of(&self.world);
        ["s.1", "z.1"].map(|step| seen.state(execution, step))
    }

    pub(crate) fn reason(&self, execution: &ExecutionRef, step: &str) -> Option<String> {
        let seen = Witness::of(&self.world);
        seen.entry(execution, step)?.reason.clone()
    }

    pub(crate) fn events(&self) -> Vec<EventMessage> {
        let bodies = self.world.memory.queue().bodies("route-event");
        let events = bodies.iter().map(|body| serde_json::from_str(body));
        events.collect::<Result<_, _>>().unwrap()
    }

    pub(crate) fn wishes(&self) -> Vec<Wish> {
        let tenant = World::home().tenant;
        let list = ready(listed(self.world.memory.journal(), &tenant)).unwrap();
        list.into_iter().map(|one| one.known.wish).collect()
    }
}

pub(crate) const SENT: [&str; 2] = ["succeeded", "succeeded"];
pub(crate) const SKIPPED: [&str; 2] = ["skipped", "succeeded"];
