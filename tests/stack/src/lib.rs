//! A deployed stack under test: publishing to it, posting to it, and waiting for what follows.
//!
//! `make e2e` starts the local stack and says where it is by the environment; against AWS the same
//! tests run with `make e2e STAGE=dev`.

mod events;
mod waiting;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_sdk_ssm::types::ParameterType;
use holdfast_aws::definitions::Rollout;
use holdfast_aws::{AwsPorts, Sdk};
use holdfast_embedded::clock::SystemClock;
use holdfast_embedded::registry::catalog;
use holdfast_embedded::secrets::DEVELOPMENT_SECRET;
use holdfast_engine::definition::model::Pack;
use holdfast_engine::definition::{self, Files};
use holdfast_engine::id::EventId;
use holdfast_engine::name::TenantName;
use holdfast_engine::operation::Operation;
use holdfast_engine::port::{Clock, Definitions, OperationList, Ports, Which};
use holdfast_engine::timeline::{self, Glossary, Timeline};
use serde_json::Value as Json;

pub use waiting::eventually;

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
}

/// What the environment says.
pub fn variable(name: &str) -> Option<String> {
    std::env::var_os(name)?.into_string().ok()
}

impl Stack {
    /// The stack that the environment names.
    ///
    /// # Panics
    /// When it names none, or that one cannot be reached: `make e2e` sets what is needed.
    pub async fn open() -> Self {
        let name = variable("HOLDFAST_STACK_NAME").expect("HOLDFAST_STACK_NAME: run `make e2e`");
        let ports = AwsPorts::of_stack(&name).await.unwrap();
        // Installs the process's TLS provider, which any client needs.
        drop(holdfast_providers::Client::new().unwrap());
        let url = variable("HOLDFAST_API_URL").or_else(|| ports.config().public_url.clone());
        Self {
            ports,
            sdk: Sdk::from_environment().await,
            http: reqwest::Client::new(),
            url: url.expect("the stack has no address"),
            host: variable("HOLDFAST_API_HOST"),
        }
    }

    /// Publishes a pack that comes with Holdfast, with the well-known secret for everything that
    /// it names.
    pub async fn publish(&self, tenant: &TenantName, folder: &str) -> Arc<Pack> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../..")
            .join(folder);
        self.publish_files(tenant, &read(&root), Rollout::All).await
    }

    /// Publishes these texts.
    pub async fn publish_files(
        &self,
        tenant: &TenantName,
        files: &Files,
        rollout: Rollout,
    ) -> Arc<Pack> {
        let catalog = catalog::<SystemClock>();
        let (pack, _) = definition::load(files, &catalog).expect("the pack compiles");
        for name in pack.secret_names() {
            self.keep_secret(tenant, name).await;
        }
        let definitions = self.ports.definitions();
        let by = ("tests", SystemClock.now());
        definitions
            .publish(tenant, (&pack.manifest, files, &catalog), rollout, by)
            .await
            .unwrap();
        definitions.version(&pack.manifest).await.unwrap()
    }

    async fn keep_secret(&self, tenant: &TenantName, name: &str) {
        let prefix = &self.ports.config().secrets_prefix;
        let put = self.sdk.ssm.put_parameter();
        put.name(format!("{prefix}/{tenant}/{name}"))
            .r#type(ParameterType::SecureString)
            .value(DEVELOPMENT_SECRET)
            .overwrite(true)
            .send()
            .await
            .unwrap();
    }

    /// Posts a webhook; the answer's status and body.
    pub async fn post(&self, request: &holdfast_receive_webhook::Request) -> (u16, Json) {
        let url = format!("{}{}", self.url, request.path_and_query);
        let mut post = self.http.post(url).headers(request.headers.clone());
        if let Some(host) = &self.host {
            post = post.header("host", host);
        }
        let answer = post.body(request.body.clone()).send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or(Json::Null))
    }

    /// What the sandbox received for a tenant, oldest first.
    pub async fn deliveries(&self, tenant: &TenantName) -> Vec<Json> {
        let url = self.ports.config().sandbox_url.as_ref();
        let url = url.expect("the stack under test is answered by a sandbox");
        let answer = self.http.get(format!("{url}/sandbox/deliveries")).send();
        let all: Vec<Json> = answer.await.unwrap().json().await.unwrap();
        let theirs = all.into_iter();
        theirs
            .filter(|delivery| delivery["tenant"] == tenant.as_str())
            .collect()
    }

    /// The timeline of an event, with every value shown.
    pub async fn timeline(&self, tenant: &TenantName, event: &EventId) -> Option<Timeline> {
        let packs = self.ports.definitions().live(tenant).await.unwrap();
        let glossary = Glossary::open(packs.unwrap_or_default().to_vec());
        timeline::of_event(self.ports.journal(), tenant, event, &glossary)
            .await
            .unwrap()
    }

    /// What needs somebody, of a tenant.
    pub async fn open_operations(&self, tenant: &TenantName) -> Vec<Operation> {
        let (mut found, mut after) = (Vec::new(), None::<String>);
        loop {
            let list = self.ports.operations();
            let mut page = list.list(Which::Open, after.as_deref(), 100).await.unwrap();
            after = page.next.take();
            found.extend(page.into_operations());
            if after.is_none() {
                found.retain(|operation| operation.tenant() == Some(tenant));
                return found;
            }
        }
    }
}

/// A tenant of the local stack.
pub fn tenant(name: &str) -> TenantName {
    TenantName::new(name).unwrap()
}

/// A file of the project.
pub fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

/// The texts of a pack's folder by their paths.
pub fn read(root: &Path) -> Files {
    fn walk(root: &Path, folder: &Path, files: &mut BTreeMap<String, String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(root, &path, files);
            } else {
                let name = path.strip_prefix(root).unwrap().to_string_lossy();
                files.insert(name.into_owned(), std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    let mut files = BTreeMap::new();
    walk(root, root, &mut files);
    files
}
