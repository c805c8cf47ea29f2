//! What a system is asked to do: packs, and requests in stages. Within a stage the order of things
//! makes no difference to the end.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use holdfast_embedded::clock::VirtualClock;
use holdfast_embedded::registry::catalog;
use holdfast_engine::definition::model::Pack;
use holdfast_engine::definition::{self, Files};
use holdfast_engine::port::Ports as _;
use holdfast_receive_webhook::Request;
use http::{HeaderMap, HeaderValue, Method, header::CONTENT_TYPE};
use serde_json::{Map, Value as Json, json};

use super::System;
use super::system::PUBLIC_URL;
use crate::memory::Condition;

/// How much of an end is the same whatever came first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// All of it.
    Everything,
    /// Not what an update made of a sum that others add to: only that it did.
    NotSums,
}

/// The requests of a stage, which starts when the stages before it are at rest.
#[derive(Debug)]
pub enum Stage {
    /// These.
    Requests(Vec<Request>),
    /// What follows from what the stages before came to.
    Following(fn(&System) -> Vec<Request>),
}

impl Stage {
    /// The requests.
    #[must_use]
    pub fn requests(&self, system: &System) -> Vec<Request> {
        match self {
            Self::Requests(requests) => requests.clone(),
            Self::Following(requests) => requests(system),
        }
    }
}

/// What a system is asked to do.
#[derive(Debug)]
pub struct Scenario {
    /// The definitions.
    pub pack: Arc<Pack>,
    /// The settings of every tenant.
    pub config: Map<String, Json>,
    /// What is compared.
    pub detail: Detail,
    /// The stages.
    pub stages: Vec<Stage>,
    /// Conditions that the journal leaves out of every write.
    pub ignored: Vec<Condition>,
}

impl Scenario {
    /// A day of the dental practice: bookings with and without a phone, one whose data is wrong,
    /// then a payment, a cancellation, and the delivery reports of what was sent.
    #[must_use]
    pub fn dental() -> Self {
        Self {
            pack: pack(&root().join("workflows/dental")),
            config: Map::new(),
            detail: Detail::Everything,
            ignored: Vec::new(),
            stages: vec![
                samples(&["booking", "without-phone", "without-time"]),
                samples(&["invoice-paid"]),
                Stage::Following(reports),
            ],
        }
        .configured()
    }

    /// A cancellation of a dental booking that is at rest.
    #[must_use]
    pub fn cancelled() -> Self {
        Self {
            stages: vec![samples(&["booking"]), samples(&["cancellation"])],
            ..Self::dental()
        }
    }

    /// Orders of two customers at once, in a pack that uses every kind of step.
    #[must_use]
    pub fn orders() -> Self {
        Self {
            pack: pack(&root().join("tests/packs/whole")),
            config: Map::new(),
            detail: Detail::NotSums,
            ignored: Vec::new(),
            stages: vec![Stage::Requests(vec![
                order("o1", "ann@example.com", Some("+12025550173")),
                order("o2", "ann@example.com", Some("+12025550173")),
                order("o3", "bob@example.com", None),
            ])],
        }
        .configured()
    }

    /// An order whose payment and announcement are refused for good, so that what was done is
    /// taken back, in the same pack.
    #[must_use]
    pub fn refused() -> Self {
        let request = refusal("r1", "ann@example.com");
        Self {
            stages: vec![Stage::Requests(vec![request])],
            ..Self::orders()
        }
    }

    /// The same; then there is somebody to hear the announcement, and what failed is redriven.
    #[must_use]
    pub fn mended() -> Self {
        let mut mended = Self::refused();
        mended.stages.push(Stage::Following(mend));
        mended
    }

    /// A party of three, whose guests are seated and invited each by itself.
    #[must_use]
    pub fn party() -> Self {
        let guests = ["ann@example.com", "bob@example.com", "cid@example.com"];
        let body = json!({ "id": "p1", "guests": guests });
        let path = "/hooks/demo/parties".to_owned();
        let request = request(path, "application/json", body.to_string());
        Self {
            pack: pack(&root().join("tests/packs/each")),
            config: Map::new(),
            detail: Detail::Everything,
            ignored: Vec::new(),
            stages: vec![Stage::Requests(vec![request])],
        }
        .configured()
    }

    /// The same, on a journal that leaves a condition out of every write, as a mistake would.
    #[must_use]
    pub fn without(self, condition: Condition) -> Self {
        let ignored = vec![condition];
        Self { ignored, ..self }
    }

    /// The same, with the defaults of the pack's settings.
    fn configured(mut self) -> Self {
        let defaults = self.pack.config.iter();
        let defaults = defaults.filter_map(|(name, field)| {
            let value = field.default.as_ref()?;
            Some((name.clone(), value.clone()))
        });
        self.config = defaults.collect();
        self
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn pack(folder: &Path) -> Arc<Pack> {
    let mut files = Files::new();
    collect(folder, folder, &mut files);
    match definition::load(&files, &catalog::<VirtualClock>()) {
        Ok((pack, _)) => Arc::new(pack),
        Err(mistakes) => panic!("{mistakes:#?}"),
    }
}

fn collect(root: &Path, folder: &Path, files: &mut Files) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(root, &path, files);
        } else {
            let name = path.strip_prefix(root).expect("a path below the root");
            let text = std::fs::read_to_string(&path).expect("a text");
            files.insert(name.to_string_lossy().into_owned(), text);
        }
    }
}

fn samples(names: &[&str]) -> Stage {
    Stage::Requests(names.iter().map(|name| sample(name)).collect())
}

fn sample(name: &str) -> Request {
    let path = root().join(format!("events/receive-webhook.{name}.json"));
    let text = std::fs::read_to_string(path).expect("a sample");
    let sample: Json = serde_json::from_str(&text).expect("JSON");
    let member = |name: &str| sample[name].as_str().expect("a text").to_owned();
    request(member("rawPath"), "application/json", member("body"))
}

fn order(id: &str, email: &str, phone: Option<&str>) -> Request {
    let body = json!({ "id": id, "email": email, "phone": phone, "amount": 10 });
    let path = "/hooks/demo/orders".to_owned();
    request(path, "application/json", body.to_string())
}

fn refusal(id: &str, email: &str) -> Request {
    let body = json!({ "id": id, "email": email, "amount": 10 });
    let path = "/hooks/demo/refusals".to_owned();
    request(path, "application/json", body.to_string())
}

/// Mends what can be mended; somebody redrives what failed a minute later.
fn mend(system: &System) -> Vec<Request> {
    system.outside.mend();
    system.memory.clock().advance(Duration::from_mins(1));
    system.redrive();
    Vec::new()
}

/// The delivery reports of the messages that arrived, each by the step that sent it.
fn reports(system: &System) -> Vec<Request> {
    let arrived = system.outside.arrived();
    let callbacks = arrived.iter().filter_map(|one| one.callback.as_deref());
    let report = |callback: &str| {
        let path = callback.strip_prefix(PUBLIC_URL).expect("our address");
        let step = path.rsplit('/').take(2).collect::<Vec<_>>().join("-");
        let body = format!("MessageSid=SM-{step}&MessageStatus=delivered&To=%2B12025550173");
        let kind = "application/x-www-form-urlencoded";
        request(path.to_owned(), kind, body)
    };
    callbacks.map(report).collect()
}

fn request(path_and_query: String, kind: &'static str, body: String) -> Request {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    Request {
        method: Method::POST,
        path_and_query,
        headers,
        body: body.into_bytes(),
    }
}
