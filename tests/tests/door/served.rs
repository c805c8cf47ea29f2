//! The door of a running system, over a socket of this machine.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use holdfast_embedded::clock::SystemClock;
use holdfast_embedded::definitions::LoadedPack;
use holdfast_embedded::door;
use holdfast_embedded::inject::Faults;
use holdfast_embedded::registry::catalog;
use holdfast_embedded::store::Options;
use holdfast_embedded::system::{Settings, System};
use holdfast_engine::definition::{self, Files};
use holdfast_engine::name::TenantName;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// A system that serves its door.
pub(crate) struct Served {
    address: SocketAddr,
    server: JoinSet<std::io::Result<()>>,
    _folder: TempDir,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Served {
    /// Serves a pack to the tenant `demo`.
    pub(crate) async fn open(files: Files) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings {
            data: folder.path().to_owned(),
            development: true,
            tenants: vec![TenantName::new("demo").unwrap()],
            packs: vec![loaded(files)],
            secrets: BTreeMap::new(),
            public_url: None,
            clock: SystemClock,
            seed: Some(1),
            faults: Faults::default(),
            extension: None,
            store: Options::default(),
        };
        let system = Arc::new(System::start(settings).await.unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let routes = door::routes(system, false);
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, routes).await });
        Self {
            address,
            server,
            _folder: folder,
        }
    }

    /// Whether it still serves.
    pub(crate) async fn is_healthy(&mut self) -> bool {
        let health = self.get("/healthz").await;
        health.status == 200 && self.server.try_join_next().is_none()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        let request = format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
        self.exchange(request.as_bytes()).await
    }

    /// Sends bytes and reads what comes back; a socket that is closed in the middle of a body has
    /// answered before.
    pub(crate) async fn exchange(&self, bytes: &[u8]) -> Answer {
        let mut socket = TcpStream::connect(self.address).await.unwrap();
        let (mut reading, mut writing) = socket.split();
        let mut answer = Vec::new();
        let write = async {
            let _closed = writing.write_all(bytes).await;
        };
        let read = async {
            let _reset = reading.read_to_end(&mut answer).await;
        };
        let both = async { tokio::join!(write, read) };
        let ended = tokio::time::timeout(Duration::from_secs(20), both).await;
        assert!(ended.is_ok(), "no answer");
        let text = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        Answer {
            status: status.unwrap_or(0),
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }
}

fn loaded(files: Files) -> LoadedPack {
    match definition::load(&files, &catalog::<SystemClock>()) {
        Ok((pack, _)) => LoadedPack {
            pack: Arc::new(pack),
            files,
        },
        Err(mistakes) => panic!("{mistakes:#?}"),
    }
}
