//! People who ask not to be written to: heard at the door, obeyed by every step that sends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use holdfast_engine::definition::Files;
use holdfast_engine::definition::model::{ConnectionKind, Pack};
use holdfast_engine::event::EventMessage;
use holdfast_engine::id::ExecutionRef;
use holdfast_engine::name::TenantName;
use holdfast_engine::operate::{
    Deed, Operate, OperateError, Operator, Outcome, Suppress, suppressed_by_hand,
};
use holdfast_engine::port::{Ports as _, Table};
use holdfast_engine::step::{Effect, Keeps, Step, StepContext, StepError, StepSpec};
use holdfast_engine::suppression::{Addressed, Channel, Heard, Wish, hear, listed};
use holdfast_receive_webhook::{Answer, Request, WebhookDoor, handle};
use holdfast_tests::faulty::When;
use holdfast_tests::ready::ready;
use holdfast_tests::world::{Functions, Probe, Witness, World, load};
use http::{HeaderMap, HeaderValue, Method};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);

const ANN: &str = "+12025550142";

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

const REPLIES: &str = "\
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

const BOUNCES: &str = "\
source: bounces
verify: none
event: \"'mail.' + body.type\"
id: body.id
opt_out: { channel: email, address: body.email, stop: body.type == 'unsubscribed', start: body.type == 'subscribed' }
";

const SEND: &str = "- { id: s, uses: send-text, via: sms, with: { to: \"+12025550142\" } }\n\
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
struct Shop {
    world: World,
    down: Arc<AtomicBool>,
}

impl Shop {
    fn of(steps: &str, sources: &[(&str, &str)]) -> Self {
        let mut world = World::scripted(1, &pack(steps, sources));
        let down = Arc::default();
        world.add(SendText(world.probe(), Arc::clone(&down)));
        world.add(SendMail(world.probe()));
        Self { world, down }
    }

    fn open() -> Self {
        Self::of(SEND, &[("replies", REPLIES), ("bounces", BOUNCES)])
    }

    fn post(&self, path: &str, body: &Json) -> Answer {
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
    fn reply(&self, id: &str, text: &str) -> Answer {
        self.world.memory.clock().advance(Duration::from_secs(1));
        let body = json!({ "type": "sms", "id": id, "from": "+1 (202) 555-0142", "text": text });
        self.post("/hooks/t/replies", &body)
    }

    /// The states of both steps of an execution that begins now.
    fn send(&self, event: &str) -> [&'static str; 2] {
        let execution = self.world.start(event);
        self.world.run_for(HOUR);
        self.states(&execution)
    }

    fn states(&self, execution: &ExecutionRef) -> [&'static str; 2] {
        let seen = Witness::of(&self.world);
        ["s.1", "z.1"].map(|step| seen.state(execution, step))
    }

    fn reason(&self, execution: &ExecutionRef, step: &str) -> Option<String> {
        let seen = Witness::of(&self.world);
        seen.entry(execution, step)?.reason.clone()
    }

    fn events(&self) -> Vec<EventMessage> {
        let bodies = self.world.memory.queue().bodies("route-event");
        let events = bodies.iter().map(|body| serde_json::from_str(body));
        events.collect::<Result<_, _>>().unwrap()
    }

    fn wishes(&self) -> Vec<Wish> {
        let tenant = World::home().tenant;
        let list = ready(listed(self.world.memory.journal(), &tenant)).unwrap();
        list.into_iter().map(|one| one.known.wish).collect()
    }
}

const SENT: [&str; 2] = ["succeeded", "succeeded"];
const SKIPPED: [&str; 2] = ["skipped", "succeeded"];

#[test]
fn whoever_says_stop_is_written_to_no_more_and_the_execution_goes_on() {
    let shop = Shop::open();
    assert_eq!(shop.send("sent:1"), SENT);
    assert_eq!(shop.reply("1", "stop").status, 202);
    let execution = shop.world.start("sent:2");
    shop.world.run_for(HOUR);
    assert_eq!(shop.states(&execution), SKIPPED);
    let reason = shop.reason(&execution, "s.1");
    assert_eq!(reason.as_deref(), Some("opted out of sms"));
    assert_eq!(shop.world.effects.raw("sms"), 1);
    let seen = Witness::of(&shop.world);
    assert_eq!((seen.errors.len(), seen.reviews.len()), (0, 0));
    assert_eq!(shop.reply("2", "Start").status, 202);
    assert_eq!(shop.send("sent:3"), SENT);
}

#[test]
fn what_was_answered_holds_before_anything_else_is_done() {
    let shop = Shop::open();
    shop.reply("1", "STOP");
    assert_eq!(shop.wishes(), [Wish::Stop], "no event was routed yet");
    let asked = shop.events()[0].event.asked.unwrap();
    assert_eq!((asked.channel, asked.wish), (Channel::Sms, Wish::Stop));
    shop.reply("2", "hello");
    assert_eq!(shop.events()[1].event.asked, None);
}

#[test]
fn a_wish_holds_whatever_becomes_of_its_event() {
    let shop = Shop::open();
    let noise = json!({ "type": "noise", "id": "1", "from": ANN, "text": "stop" });
    shop.post("/hooks/t/replies", &noise);
    assert_eq!((shop.wishes(), shop.events().len()), (vec![Wish::Stop], 0));
    let shop = Shop::open();
    let wrong = json!({ "type": "sms", "id": "", "from": ANN, "text": "UNSUBSCRIBE" });
    shop.post("/hooks/t/replies", &wrong);
    assert_eq!((shop.wishes(), shop.events().len()), (vec![Wish::Stop], 0));
    assert_eq!(Witness::of(&shop.world).reviews.len(), 1);
}

#[test]
fn a_wish_of_nobody_is_left_to_a_person() {
    let shop = Shop::open();
    let wrong = json!({ "type": "noise", "id": "1", "from": "Ann", "text": "stop" });
    assert_eq!(shop.post("/hooks/t/replies", &wrong).status, 202);
    let reviews = Witness::of(&shop.world).reviews;
    assert_eq!(reviews[0].report["fields"][0]["path"], "opt_out.address");
    assert_eq!(shop.wishes(), []);
}

#[test]
fn a_repeated_event_takes_nothing_back() {
    let shop = Shop::open();
    shop.reply("1", "stop");
    shop.reply("2", "start");
    shop.world.memory.clock().advance(24 * HOUR);
    shop.reply("1", "stop");
    assert_eq!(shop.send("sent:1"), SENT);
    shop.reply("3", "stop");
    shop.reply("2", "start");
    assert_eq!(shop.send("sent:2"), SKIPPED);
}

#[test]
fn what_was_said_earlier_and_comes_later_takes_nothing_back() {
    let shop = Shop::open();
    let said = |id: &str, text: &str, at: &str| {
        let body = json!({ "type": "sms", "id": id, "from": ANN, "text": text, "at": at });
        shop.post("/hooks/t/replies", &body);
    };
    said("1", "stop", "2027-01-15T07:00:00Z");
    said("2", "start", "2027-01-15T06:59:59Z");
    assert_eq!(shop.wishes(), [Wish::Stop]);
    said("3", "start", "2099-01-01T00:00:00Z");
    assert_eq!(shop.wishes(), [Wish::Start]);
    shop.world.memory.clock().advance(MINUTE);
    shop.reply("4", "stop");
    assert_eq!(shop.wishes(), [Wish::Stop], "nobody speaks from the future");
}

#[test]
fn a_wish_that_comes_while_a_message_waits_is_obeyed() {
    let steps = "- { id: s, uses: send-text, via: sms, retry: [20m], once: \"'k'\", with: { to: \"+12025550142\" } }\n\
                 - { id: z, uses: send-mail, via: mail, with: { to: ann@example.com } }";
    let shop = Shop::of(steps, &[("replies", REPLIES)]);
    shop.down.store(true, Ordering::Relaxed);
    let execution = shop.world.start("sent:1");
    while shop.world.deliver().is_some() {}
    assert_eq!(shop.states(&execution), ["retrying", "none"]);
    shop.down.store(false, Ordering::Relaxed);
    shop.reply("1", "stop");
    shop.world.run_for(HOUR);
    assert_eq!(shop.states(&execution), SKIPPED);
    shop.reply("2", "start");
    assert_eq!(shop.send("sent:2"), SENT, "the key is free");
}

#[test]
fn no_fallback_goes_around_a_wish() {
    let steps = "- id: s\n  uses: send-text\n  via: sms\n  with: { to: \"+12025550142\" }\n  \
                 fallback: [ { uses: send-mail, via: mail, with: { to: ann@example.com } } ]";
    let shop = Shop::of(steps, &[("replies", REPLIES)]);
    shop.reply("1", "stop");
    assert_eq!(shop.send("sent:1"), ["skipped", "none"]);
    assert_eq!(shop.world.effects.raw("mail"), 0);
}

#[test]
fn mail_that_was_asked_for_passes_and_text_never_does() {
    let send = "- { id: s, uses: send-mail, via: mail, with: { to: Ann@Example.com } }\n\
                - { id: z, uses: send-mail, via: mail, with: { to: ann@example.com, kind: transactional } }";
    let shop = Shop::of(send, &[("bounces", BOUNCES)]);
    let body = json!({ "type": "unsubscribed", "id": "1", "email": "ANN@example.COM" });
    shop.post("/hooks/t/bounces", &body);
    assert_eq!(shop.send("sent:1"), SKIPPED);
    let send = "- { id: s, uses: send-text, via: sms, with: { to: \"+12025550142\", kind: transactional } }";
    let shop = Shop::of(send, &[("replies", REPLIES)]);
    shop.reply("1", "stop");
    assert_eq!(shop.send("sent:1")[0], "skipped");
}

#[test]
fn a_list_is_its_tenants_and_its_channels_and_shows_no_address() {
    let shop = Shop::open();
    let body = json!({ "type": "sms", "id": "1", "from": ANN, "text": "stop" });
    shop.post("/hooks/u/replies", &body);
    assert_eq!(shop.send("sent:1"), SENT);
    let items = shop
        .world
        .memory
        .journal()
        .items(Table::Claims, "u#suppressed");
    assert_eq!(items.len(), 1);
    assert!(!format!("{items:?}").contains("2025550142"), "{items:?}");
    assert!(items[0].0.sort.starts_with("sms#"));
}

#[test]
fn where_no_source_lets_people_opt_out_nobody_looks() {
    let shop = Shop::of(SEND, &[("bounces", BOUNCES)]);
    let tenant: TenantName = World::home().tenant;
    let at = shop.world.now();
    let said = Heard {
        wish: Wish::Stop,
        at,
        by: "e:1",
    };
    let heard = hear(
        shop.world.memory.as_ref(),
        &tenant,
        (Channel::Sms, ANN),
        &said,
    );
    assert!(ready(heard).unwrap());
    assert_eq!(shop.send("sent:1"), SENT);
}

/// Does by hand what a person asks for.
fn by_hand(shop: &Shop, wish: Wish, address: &str) -> Result<Outcome, OperateError> {
    let operator = Operator::new(Arc::clone(&shop.world.memory), WebhookDoor);
    let request = Operate::Suppress(Suppress {
        tenant: World::home().tenant,
        channel: Channel::Sms,
        address: address.to_owned(),
        wish,
        by: "ada".to_owned(),
        reason: "asked on the phone".to_owned(),
    });
    ready(operator.operate(request))
}

/// Whether it changed anything.
fn changed(outcome: &Result<Outcome, OperateError>) -> bool {
    match outcome {
        Ok(Outcome::Suppressed { changed, .. }) => *changed,
        other => panic!("{other:?}"),
    }
}

#[test]
fn whoever_a_person_puts_on_the_list_is_not_written_to_until_a_person_says_so() {
    let shop = Shop::open();
    assert!(changed(&by_hand(&shop, Wish::Stop, "+1 (202) 555-0142")));
    assert!(
        !changed(&by_hand(&shop, Wish::Stop, ANN)),
        "the same once more"
    );
    assert_eq!(shop.send("sent:1"), SKIPPED);
    shop.world.run_for(MINUTE);
    assert!(changed(&by_hand(&shop, Wish::Start, ANN)));
    assert!(
        !changed(&by_hand(&shop, Wish::Start, ANN)),
        "the same once more"
    );
    assert_eq!(shop.send("sent:2"), SENT);
    shop.reply("1", "stop");
    assert_eq!(shop.send("sent:3"), SKIPPED);
    let memory = shop.world.memory.as_ref();
    let tenant = World::home().tenant;
    let told = suppressed_by_hand(memory, &tenant, (Channel::Sms, ANN));
    let told = ready(told).unwrap();
    let deeds: Vec<_> = told
        .iter()
        .map(|line| (line.what, line.by.as_str()))
        .collect();
    assert_eq!(deeds, [(Deed::Suppress, "ada"), (Deed::Unsuppress, "ada")]);
    assert_eq!(told[0].reason.as_deref(), Some("asked on the phone"));
    let lines = memory
        .journal()
        .items(Table::Journal, "t#source#suppressed");
    assert_eq!(lines.len(), 2);
    assert!(!format!("{lines:?}").contains("2025550142"), "{lines:?}");
}

#[test]
fn nobody_is_put_on_a_list_at_which_no_step_looks() {
    let shop = Shop::of(SEND, &[("bounces", BOUNCES)]);
    let refused = by_hand(&shop, Wish::Stop, ANN).unwrap_err();
    assert_eq!(refused.code(), "NobodyLooks");
    let shop = Shop::open();
    let refused = by_hand(&shop, Wish::Stop, "202 555 0142").unwrap_err();
    assert_eq!(refused.code(), "InvalidAddress");
    assert_eq!(shop.wishes(), []);
}
