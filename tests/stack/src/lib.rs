//! A deployed stack under test: publishing to it, posting to it, and waiting for what follows.
//!
//! `make e2e` starts the local stack and says where it is by the environment; against AWS the same
//! tests run with `make e2e STAGE=dev`. Each story has a tenant for itself, and all run at once;
//! one that disturbs the others, because it kills processes, runs alone.

pub mod bare;
mod emulator;
mod events;
pub mod meter;
mod packs;
mod queues;
mod sandbox;
mod waiting;

use std::sync::Arc;

use holdfast_aws::{AwsPorts, Sdk};
use holdfast_engine::id::EventId;
use holdfast_engine::name::TenantName;
use holdfast_engine::operation::Operation;
use holdfast_engine::port::{Definitions, OperationList, Ports, Which};
use holdfast_engine::timeline::{self, Glossary, Timeline};
use serde_json::Value as Json;
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

pub use events::fresh;
pub use packs::{UNSEEN, file, read};
pub use queues::{Letter, Subscription};
pub use waiting::eventually;

/// Who is at work: many stories that leave each other alone, or one that does not.
static QUIET: RwLock<()> = RwLock::const_new(());

#[derive(Debug)]
enum Place {
    Shared(#[expect(dead_code, reason = "held until the story ends")] RwLockReadGuard<'static, ()>),
    Alone(#[expect(dead_code, reason = "held until the story ends")] RwLockWriteGuard<'static, ()>),
}

/// A deployed stack.
#[derive(Debug)]
pub struct Stack {
    /// Its ports, as the command line has them.
    pub ports: Arc<AwsPorts>,
    /// The clients behind them.
    pub sdk: Sdk,
    http: reqwest::Client,
    url: String,
    host: Option<String>,
    place: Place,
}

/// What the environment says.
pub fn variable(name: &str) -> Option<String> {
    std::env::var_os(name)?.into_string().ok()
}

/// A tenant of the local stack.
pub fn tenant(name: &str) -> TenantName {
    TenantName::new(name).unwrap()
}

impl Stack {
    /// The stack that the environment names, with every story's pack published.
    ///
    /// # Panics
    /// When it names none, or that one cannot be reached: `make e2e` sets what is needed.
    pub async fn open() -> Self {
        Self::at(Place::Shared(QUIET.read().await)).await
    }

    /// The same, while no other story runs.
    pub async fn alone() -> Self {
        Self::at(Place::Alone(QUIET.write().await)).await
    }

    async fn at(place: Place) -> Self {
        let name = variable("HOLDFAST_STACK_NAME").expect("HOLDFAST_STACK_NAME: run `make e2e`");
        let ports = AwsPorts::of_stack(&name).await.unwrap();
        let url = variable("HOLDFAST_API_URL").or_else(|| ports.config().public_url.clone());
        let stack = Self {
            ports,
            sdk: Sdk::of_person().await.unwrap(),
            http: reqwest::Client::new(),
            url: url.expect("the stack has no address"),
            host: variable("HOLDFAST_API_HOST"),
            place,
        };
        stack.publish_all().await;
        stack
    }

    /// Whether nothing else runs meanwhile.
    pub fn is_alone(&self) -> bool {
        matches!(self.place, Place::Alone(_))
    }

    /// Posts a webhook; the answer's status and body.
    pub async fn post(&self, request: &holdfast_receive_webhook::Request) -> (u16, Json) {
        let (status, body) = self.answer(request).await;
        (status, serde_json::from_str(&body).unwrap_or(Json::Null))
    }

    /// Posts a webhook; the answer's status, and its body as it came.
    pub async fn answer(&self, request: &holdfast_receive_webhook::Request) -> (u16, String) {
        let url = format!("{}{}", self.url, request.path_and_query);
        let mut post = self.http.post(url).headers(request.headers.clone());
        if let Some(host) = &self.host {
            post = post.header("host", host);
        }
        let answer = post.body(request.body.clone()).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// The timeline of an event, with every value shown.
    pub async fn timeline(&self, tenant: &TenantName, event: &EventId) -> Option<Timeline> {
        let packs = self.ports.definitions().live(tenant).await.unwrap();
        let glossary = Glossary::open(packs.unwrap_or_default().to_vec());
        timeline::of_event(self.ports.journal(), tenant, event, &glossary)
            .await
            .unwrap()
    }

    /// The lines of an event's timeline that have these members.
    pub async fn lines(&self, tenant: &TenantName, event: &EventId, of: &Json) -> Vec<Json> {
        let Some(timeline) = self.timeline(tenant, event).await else {
            return Vec::new();
        };
        let told = serde_json::to_value(timeline).unwrap();
        let lines = told["lines"].as_array().unwrap().iter();
        let wanted = of.as_object().unwrap();
        let fits = |line: &&Json| wanted.iter().all(|(name, value)| line[name] == *value);
        lines.filter(fits).cloned().collect()
    }

    /// Waits for a line of an event's timeline that has these members.
    pub async fn line(&self, tenant: &TenantName, event: &EventId, of: &Json) -> Json {
        eventually(&format!("{event} has a line with {of}"), async || {
            self.lines(tenant, event, of).await.pop()
        })
        .await
    }

    /// What needs somebody, of a tenant.
    pub async fn open_operations(&self, tenant: &TenantName) -> Vec<Operation> {
        let mut found = self.all_open_operations().await;
        found.retain(|operation| operation.tenant() == Some(tenant));
        found
    }

    /// What needs somebody, that of no tenant too.
    pub async fn all_open_operations(&self) -> Vec<Operation> {
        let (mut found, mut after) = (Vec::new(), None::<String>);
        loop {
            let list = self.ports.operations();
            let mut page = list.list(Which::Open, after.as_deref(), 100).await.unwrap();
            after = page.next.take();
            found.extend(page.into_operations());
            if after.is_none() {
                return found;
            }
        }
    }
}
