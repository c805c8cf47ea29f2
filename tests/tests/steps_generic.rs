//! The sentences that every step must pass, for each step function that comes with Holdfast, with
//! a receiver that honours keys and, where there can be one, with one that does not.

use std::sync::Arc;

use holdfast_call_http::CallHttp;
use holdfast_engine::definition::Files;
use holdfast_engine::definition::model::Pack;
use holdfast_engine::event::Lineage;
use holdfast_engine::id::EventId;
use holdfast_engine::name::{RecordType, SourceName};
use holdfast_engine::port::{
    Call, CallError, Chat, ChatMessage, Email, EmailMessage, Http, HttpRequest, HttpResponse,
    Receipt, Sms, SmsMessage,
};
use holdfast_engine::record::{self, Author, LastChange, Record};
use holdfast_engine::step::Step;
use holdfast_post_chat::PostChat;
use holdfast_send_email::SendEmail;
use holdfast_send_sms::SendSms;
use holdfast_tests::faulty::{Faulty, When};
use holdfast_tests::memory::Memory;
use holdfast_tests::world::{
    Case, Functions, Probe, World, load, succeeds_when_delivered_twice,
    survives_a_crash_at_every_port_call,
};
use holdfast_update_record::UpdateRecord;
use serde_json::json;

/// A provider that accepts every call, unless the process dies around it.
#[derive(Debug, Clone)]
struct Receiver {
    probe: Probe,
    function: &'static str,
}

impl Receiver {
    async fn accept(&self, call: &Call<'_>) -> Result<Receipt, CallError> {
        let arrival = async { self.probe.effects.arrive(self.function, call.key, None) };
        match self.probe.faults.around(arrival).await {
            Ok(()) => Ok(Receipt {
                id: call.key.to_owned(),
            }),
            Err(interrupted) => Err(failed(interrupted.when)),
        }
    }
}

fn failed(when: When) -> CallError {
    let (message, retry_after) = ("on purpose".to_owned(), None);
    match when {
        When::Before => CallError::NotSent {
            message,
            retry_after,
        },
        When::After => CallError::Maybe {
            message,
            retry_after,
        },
    }
}

impl Http for Receiver {
    async fn send(&self, call: &Call<'_>, _: HttpRequest) -> Result<HttpResponse, CallError> {
        self.accept(call).await?;
        Ok(HttpResponse {
            status: 200,
            headers: std::collections::BTreeMap::new(),
            body: json!({}),
        })
    }
}

impl Sms for Receiver {
    async fn send(&self, call: &Call<'_>, _: SmsMessage) -> Result<Receipt, CallError> {
        self.accept(call).await
    }
}

impl Email for Receiver {
    async fn send(&self, call: &Call<'_>, _: EmailMessage) -> Result<Receipt, CallError> {
        self.accept(call).await
    }
}

impl Chat for Receiver {
    async fn post(&self, call: &Call<'_>, _: ChatMessage) -> Result<Receipt, CallError> {
        self.accept(call).await
    }
}

const PACK: &str = "pack: t\n";

const DEAL: &str = "record: deal\nkey: [name]\nfields:\n  name: { type: string, required: true }\n  \
                    sum: { type: integer }\nstates: [new, won]\ninitial: new\n\
                    transitions: [ { from: [new], to: won, by: w } ]\n";

/// A workflow whose one step is the one under test, and the connection that it uses.
fn pack<S: Step>(step: &str, honours_keys: bool) -> Arc<Pack> {
    let workflow = format!(
        "workflow: w\ndescription: The step under test.\nowner: tests\nseverity: P2\n\
         trigger: {{ record: {{ type: deal, on: updated }} }}\nsteps:\n  - {{ id: act, uses: {}, {step} }}\n",
        S::SPEC.name
    );
    let connection = format!(
        "connection: out\nkind: sandbox\nsandbox: {{ status: 200, body: {{}}, idempotent: {honours_keys} }}\n"
    );
    let files = [
        ("pack.yaml", PACK.to_owned()),
        ("deal.record.yaml", DEAL.to_owned()),
        ("w.workflow.yaml", workflow),
        ("out.connection.yaml", connection),
    ];
    let files: Files = files.map(|(path, text)| (path.to_owned(), text)).into();
    load(&files, &Functions::default().with::<S>())
}

fn passes<S: Step, B: Fn(&Probe) -> S>(case: &Case<B>) {
    succeeds_when_delivered_twice(case);
    survives_a_crash_at_every_port_call(case);
}

/// Checks a step that calls a receiver, of both kinds.
fn passes_with_either_receiver<S: Step>(step: &str, build: fn(Receiver) -> S) {
    for honours_keys in [true, false] {
        let build = |probe: &Probe| {
            build(Receiver {
                probe: probe.clone(),
                function: S::SPEC.name,
            })
        };
        passes(&Case::new(&pack::<S>(step, honours_keys), build));
    }
}

#[test]
fn call_http_passes() {
    let post = "via: out, with: { method: POST, path: /notes, json: { text: hello } }";
    passes_with_either_receiver(post, CallHttp::new);
}

#[test]
fn call_http_passes_when_it_only_reads() {
    passes_with_either_receiver("via: out, with: { path: /notes }", CallHttp::new);
}

#[test]
fn send_sms_passes() {
    let sms = r#"via: out, with: { to: "+12125550100", body: hello }"#;
    passes_with_either_receiver(sms, SendSms::new);
}

#[test]
fn send_email_passes() {
    let email = "via: out, with: { to: ann@example.com, subject: Hello, body: hello }";
    passes_with_either_receiver(email, SendEmail::new);
}

#[test]
fn post_chat_passes() {
    passes_with_either_receiver("via: out, with: { body: hello }", PostChat::new);
}

type Update = UpdateRecord<Faulty<Memory>>;

/// The deal that the world's executions belong to.
fn deal(pack: &Pack) -> Record {
    let definition = &pack.records[&RecordType::new("deal").unwrap()];
    let fields = json!({ "name": "Ann", "sum": 1 });
    let by = LastChange {
        by: Author::Source(SourceName::new("form").unwrap()),
        event: EventId::from_text("form:0"),
        step: None,
        version: None,
        lineage: Lineage::default(),
        bulk: false,
    };
    let id = World::home().record;
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    record::create(definition, id, fields.as_object().unwrap(), by, now).unwrap()
}

fn update_passes(with: &str) {
    let pack = pack::<Update>(with, true);
    let build = |probe: &Probe| UpdateRecord::new(Arc::clone(&probe.ports));
    let record = Some(deal(&pack));
    passes(&Case {
        record,
        ..Case::new(&pack, build)
    });
}

#[test]
fn update_record_passes() {
    update_passes(r#"with: { status: won, set: { sum: "=record.sum + 1" } }"#);
}

#[test]
fn update_record_passes_when_it_changes_nothing() {
    update_passes("with: { set: { sum: 1 } }");
}

#[test]
fn update_record_passes_when_it_is_refused() {
    update_passes("with: { status: won, guard: record.sum > 5 }, refused: continue");
}

#[test]
fn update_record_passes_when_it_creates_another_record() {
    update_passes("with: { record: { type: deal, key: [Bob], create: true }, set: { sum: 2 } }");
}
