//! What benches drive: the bench pack, its step, and a client that speaks HTTP on a socket.

mod machine;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use holdfast_embedded::clock::SystemClock;
use holdfast_embedded::definitions::LoadedPack;
use holdfast_embedded::registry::{Extension, Registry, catalog, insert};
use holdfast_embedded::secrets::DEVELOPMENT_SECRET;
use holdfast_engine::definition::{self, Files};
use holdfast_engine::step::{Effect, Keeps, Step, StepContext, StepError, StepSpec};
use holdfast_engine::verify::{Request, Scheme, Secret, sign};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

pub use machine::{import, machine, run};

/// A step whose only effect is its durable entry.
#[derive(Debug, Clone, Copy)]
pub struct Note;

/// What the step takes and gives.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Text {
    /// Any text.
    pub text: String,
}

impl Step for Note {
    const SPEC: StepSpec = StepSpec {
        name: "note",
        description: "Keeps a text in the journal.",
        effect: Effect::Keyed,
        timeout: Duration::from_secs(5),
        concurrency: 64,
        connections: &[],
        keeps: Keeps::All,
    };
    type Input = Text;
    type Output = Text;

    async fn perform(&self, _ctx: &StepContext<'_>, input: Text) -> Result<Text, StepError> {
        Ok(input)
    }
}

/// The extension that adds [`Note`].
pub const EXTENSION: Extension<SystemClock> = Extension {
    catalog: insert::<Note>,
    registry: |registry: &mut Registry<SystemClock>| registry.add(Note),
};

/// Loads a pack folder of the tests with the step [`Note`].
#[must_use]
pub fn pack(folder: &Path) -> LoadedPack {
    pack_with(folder, |text| text)
}

/// Loads a pack folder of the tests, each file as `edit` leaves it.
#[must_use]
pub fn pack_with(folder: &Path, edit: impl Fn(String) -> String) -> LoadedPack {
    let mut catalog = catalog::<SystemClock>();
    insert::<Note>(&mut catalog);
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let files: Files = entries
        .filter_map(|entry| {
            let text = std::fs::read_to_string(entry.path()).ok()?;
            Some((entry.file_name().to_string_lossy().into_owned(), edit(text)))
        })
        .collect();
    match definition::load(&files, &catalog) {
        Ok((pack, _)) => LoadedPack {
            pack: Arc::new(pack),
            files,
        },
        Err(mistakes) => panic!("{mistakes:#?}"),
    }
}

/// A signed request for the source `form` of tenant `demo`, ready for a socket.
#[must_use]
pub fn signed_request(id: &str, now: Timestamp) -> Vec<u8> {
    let body = format!(r#"{{"id":"{id}","email":"{id}@example.com"}}"#);
    let headers = http::HeaderMap::new();
    let request = Request {
        method: "POST",
        url: "/hooks/demo/form",
        headers: &headers,
        body: body.as_bytes(),
    };
    let secret = Secret::new(DEVELOPMENT_SECRET).expect("a secret");
    let signature =
        sign(Scheme::StandardWebhooks, &secret, &request, id, now).expect("a secret that signs");
    let mut text = format!(
        "POST /hooks/demo/form HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in signature {
        text.extend([
            name.as_str(),
            ": ",
            value.to_str().unwrap_or_default(),
            "
",
        ]);
    }
    text.push_str("\r\n");
    text.push_str(&body);
    text.into_bytes()
}

/// One kept-alive connection.
#[derive(Debug)]
pub struct Client(BufReader<TcpStream>);

impl Client {
    /// Connects.
    ///
    /// # Errors
    /// When nothing listens there.
    pub async fn connect(address: std::net::SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self(BufReader::new(stream)))
    }

    /// Sends a request and reads the answer whole; returns its status.
    ///
    /// # Errors
    /// When the connection breaks or the answer is not HTTP.
    pub async fn exchange(&mut self, request: &[u8]) -> io::Result<u16> {
        self.0.get_mut().write_all(request).await?;
        let (mut status, mut length, mut line) = (0, 0, String::new());
        loop {
            line.clear();
            if self.0.read_line(&mut line).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let text = line.trim_end().to_ascii_lowercase();
            if let Some(rest) = text.strip_prefix("http/1.1 ") {
                status = rest
                    .split(' ')
                    .next()
                    .and_then(|code| code.parse().ok())
                    .unwrap_or(0);
            } else if let Some(rest) = text.strip_prefix("content-length:") {
                length = rest.trim().parse().unwrap_or(0);
            } else if text.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).await?;
        Ok(status)
    }
}
