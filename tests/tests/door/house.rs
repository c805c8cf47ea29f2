//! A door with sources of several providers, over ports in memory.

use holdfast_engine::definition::Files;
use holdfast_engine::event::EventMessage;
use holdfast_engine::name::SourceName;
use holdfast_engine::operation::ReviewItem;
use holdfast_engine::port::{Clock as _, Deployment, Ports as _, Table};
use holdfast_engine::verify::{self, Secret};
use holdfast_receive_webhook::{Answer, Request, handle};
use holdfast_tests::memory::{Memory, MemorySecrets};
use holdfast_tests::ready::ready;
use holdfast_tests::world::{Functions, load};
use http::{HeaderMap, HeaderValue, Method};

/// The secret of every source.
pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Where providers reach the door.
const PUBLIC_URL: &str = "https://hooks.example";

/// A door.
pub(crate) struct House {
    pub(crate) memory: Memory,
}

/// The pack `t` with one source.
pub(crate) fn files(source: &str, text: &str) -> Files {
    let files = [
        (
            "pack.yaml",
            "pack: t\nconfig: { meta_token: { type: string, required: true } }\n",
        ),
        (&format!("{source}.source.yaml"), text),
    ];
    files
        .map(|(path, text)| (path.to_owned(), text.to_owned()))
        .into()
}

impl House {
    /// Opens with one source.
    pub(crate) fn open(source: &str, text: &str) -> Self {
        Self::of(&files(source, text))
    }

    /// Opens with the source of a pack.
    pub(crate) fn of(files: &Files) -> Self {
        let pack = load(files, &Functions::scripted());
        let secret = Secret::new(SECRET).unwrap();
        let names = ["key".to_owned()];
        let memory = Memory::new(1, [pack])
            .keeping(MemorySecrets::shared(names, &secret))
            .deployed(Deployment {
                public_url: Some(PUBLIC_URL.to_owned()),
                boot: None,
            });
        Self { memory }
    }

    /// A posted document, as the source's provider signs it now.
    pub(crate) fn signed(&self, path: &str, body: &str) -> Request {
        self.signed_as(path, "application/json", body)
    }

    /// The same of another media type.
    pub(crate) fn signed_as(&self, path: &str, media_type: &'static str, body: &str) -> Request {
        let mut request = posted(path, media_type, body);
        let name = path.split(['/', '?']).nth(3).unwrap();
        let packs = ready(async {
            let definitions = self.memory.definitions();
            holdfast_engine::port::Definitions::live(definitions, &tenant()).await
        });
        let packs = packs.unwrap().unwrap();
        let source = &packs[0].sources[&SourceName::new(name).unwrap()];
        let url = format!("{PUBLIC_URL}{path}");
        let unsigned = verify::Request {
            method: "POST",
            url: &url,
            headers: &request.headers,
            body: &request.body,
        };
        let secret = Secret::new(SECRET).unwrap();
        let now = self.memory.clock().now();
        let headers = verify::sign(source.verify.scheme, &secret, &unsigned, "msg", now);
        request.headers.extend(headers.unwrap());
        request
    }

    pub(crate) fn receive(&self, request: &Request) -> Answer {
        ready(handle(&self.memory, request))
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        let mut request = posted(path, "text/plain", "");
        request.method = Method::GET;
        self.receive(&request)
    }

    /// The events that are queued.
    pub(crate) fn events(&self) -> Vec<EventMessage> {
        let bodies = self.memory.queue().bodies("route-event");
        bodies
            .iter()
            .map(|body| serde_json::from_str(body).unwrap())
            .collect()
    }

    /// What somebody is asked about.
    pub(crate) fn reviews(&self) -> Vec<ReviewItem> {
        let items = self.memory.journal().items(Table::Operations, "");
        items
            .iter()
            .filter_map(|(_, item)| serde_json::from_str(&item.body).ok())
            .collect()
    }

    /// Whether nothing at all is stored or queued.
    pub(crate) fn is_empty(&self) -> bool {
        let tables = [Table::Journal, Table::Operations, Table::Claims];
        let journal = self.memory.journal();
        self.memory.queue().is_empty()
            && tables
                .into_iter()
                .all(|table| journal.items(table, "").is_empty())
    }
}

fn tenant() -> holdfast_engine::name::TenantName {
    holdfast_engine::name::TenantName::new("t").unwrap()
}

/// A request that nobody signed.
pub(crate) fn posted(path: &str, media_type: &'static str, body: &str) -> Request {
    let media_type = HeaderValue::from_static(media_type);
    Request {
        method: Method::POST,
        path_and_query: path.to_owned(),
        headers: HeaderMap::from_iter([(http::header::CONTENT_TYPE, media_type)]),
        body: body.as_bytes().to_vec(),
    }
}
