//! The sandbox over a temporary folder.

mod answers;
mod durability;

use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use holdfast_engine::definition::model::{Connection, ConnectionKind, SandboxReply};
use holdfast_engine::name::TenantName;
use holdfast_engine::port::{
    Call, CallError, Chat, ChatMessage, Email, EmailMessage, Http, HttpRequest, Receipt, Sms,
    SmsMessage,
};
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use super::log::{Log, Medium};
use super::*;

#[derive(Debug)]
struct Frozen;

impl Clock for Frozen {
    fn now(&self) -> Timestamp {
        "2026-11-20T10:00:00Z".parse().unwrap()
    }

    async fn sleep(&self, _duration: Duration) {}
}

struct Setup {
    folder: TempDir,
    connection: Connection,
    tenant: TenantName,
}

impl Setup {
    fn new() -> Self {
        let name = ConnectionName::new("sms").unwrap();
        Self {
            folder: TempDir::new().unwrap(),
            connection: Connection::new(name, ConnectionKind::Sandbox),
            tenant: TenantName::new("demo").unwrap(),
        }
    }

    fn replying(status: u16, body: Json, idempotent: bool) -> Self {
        let mut setup = Self::new();
        setup.connection.sandbox = Some(SandboxReply {
            status,
            body,
            idempotent,
        });
        setup
    }

    fn open(&self) -> Sandbox<Frozen> {
        Sandbox::open(self.folder.path(), Frozen).unwrap()
    }

    fn call<'a>(&'a self, key: &'a str) -> Call<'a> {
        Call {
            connection: &self.connection,
            config: &Json::Null,
            tenant: &self.tenant,
            key,
            now: Timestamp::UNIX_EPOCH,
            timeout: Duration::from_secs(1),
            callback: None,
        }
    }

    async fn text(&self, sandbox: &Sandbox<Frozen>, key: &str) -> Result<Receipt, CallError> {
        let message = SmsMessage {
            to: "+15550100".to_owned(),
            body: "Hello".to_owned(),
        };
        Sms::send(sandbox, &self.call(key), message).await
    }

    fn append(&self, bytes: &[u8]) {
        let path = self.folder.path().join(FILE);
        let mut file = File::options().append(true).open(path).unwrap();
        file.write_all(bytes).unwrap();
    }
}

fn repeats(sandbox: &Sandbox<Frozen>) -> Vec<(String, u64)> {
    let deliveries = sandbox.deliveries().unwrap().into_iter();
    deliveries
        .map(|delivery| (delivery.idempotency_key, delivery.repeats))
        .collect()
}

fn counted(pairs: &[(&str, u64)]) -> Vec<(String, u64)> {
    let pairs = pairs.iter();
    pairs.map(|(key, n)| ((*key).to_owned(), *n)).collect()
}
