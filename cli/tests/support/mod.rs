//! A `holdfast` that serves as long as a test holds it, and the sample pack's webhooks.

#![expect(
    dead_code,
    unreachable_pub,
    reason = "each test binary uses a part of what they share"
)]

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use holdfast_engine::verify::{self, Scheme, Secret};
use http::{HeaderMap, HeaderValue};
use serde_json::Value as Json;
use tempfile::TempDir;

/// The secret of `--dev`.
pub const SECRET: &str = holdfast_embedded::secrets::DEVELOPMENT_SECRET;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(30);

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

pub fn dental() -> String {
    root().join("workflows/dental").display().to_string()
}

pub fn event(name: &str) -> String {
    let file = format!("events/receive-webhook.{name}.json");
    root().join(file).display().to_string()
}

pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_holdfast"));
    command.args(arguments);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("HOLDFAST_") {
            command.env_remove(name);
        }
    }
    command
}

/// Runs a command to its end.
pub fn holdfast(arguments: &[&str]) -> Output {
    command(arguments).output().unwrap()
}

pub fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

pub fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

pub fn json(output: &Output) -> Json {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}{}", out(output), err(output)))
}

/// Asks until the answer is there.
pub fn until<T>(mut ask: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(begin.elapsed() < PATIENCE, "it did not happen in time");
        std::thread::yield_now();
    }
}

/// A process that serves; it ends with this value.
pub struct Serving {
    child: Running,
    pub url: String,
    pub data: TempDir,
}

/// A process that does not outlive the test.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Serving {
    /// Serves the sample pack for development.
    pub fn start() -> Self {
        Self::with(&["--dev", &dental()])
    }

    pub fn with(arguments: &[&str]) -> Self {
        Self::on_folder(tempfile::tempdir().unwrap(), arguments)
    }

    /// Serves a folder that was served before.
    pub fn on_folder(data: TempDir, arguments: &[&str]) -> Self {
        let folder = data.path().display().to_string();
        let fixed = [
            "--json",
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--data",
            &folder,
        ];
        let arguments = [&fixed[..], arguments].concat();
        let mut child = command(&arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        let started: Json = serde_json::from_str(&line)
            .unwrap_or_else(|error| panic!("serve did not start: {error} {line}"));
        let url = started["listening"].as_str().unwrap().to_owned();
        let child = Running(child);
        Self { child, url, data }
    }

    pub fn folder(&self) -> String {
        self.data.path().display().to_string()
    }

    /// Runs a command on the folder that is served.
    pub fn on(&self, arguments: &[&str]) -> Output {
        let folder = self.folder();
        holdfast(&[arguments, &["--data", &folder]].concat())
    }

    pub fn send(&self, name: &str) -> Output {
        holdfast(&[
            "--json",
            "send",
            &dental(),
            &event(name),
            "--url",
            &self.url,
        ])
    }

    /// Asks the process to end, and says whether it did so well.
    pub fn end(mut self) -> bool {
        self.terminate()
    }

    /// Asks the process to end, and keeps its folder.
    pub fn stop(mut self) -> TempDir {
        assert!(self.terminate());
        self.data
    }

    fn terminate(&mut self) -> bool {
        let child = &mut self.child.0;
        let pid = rustix::process::Pid::from_child(child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        child.wait().unwrap().success()
    }

    /// Runs a command on the folder that is served, with a text on its standard input.
    pub fn fed(&self, arguments: &[&str], input: &str) -> Output {
        let folder = self.folder();
        let mut child = command(&[arguments, &["--data", &folder]].concat())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(input.as_bytes())
            .unwrap();
        child.wait_with_output().unwrap()
    }

    /// Starts a command on the folder that is served.
    pub fn begin(&self, arguments: &[&str]) -> Running {
        let folder = self.folder();
        let mut command = command(&[arguments, &["--data", &folder]].concat());
        Running(
            command
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap(),
        )
    }

    pub async fn get(&self, path: &str) -> (u16, String) {
        let answer = client().get(format!("{}{path}", self.url)).send().await;
        let answer = answer.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// Posts to a path with the signature that a text has under a secret.
    pub async fn post(&self, path: &str, body: &str, secret: &str) -> (u16, String) {
        self.post_through(&client(), path, body, secret).await
    }

    /// The same through a client that is used again.
    pub async fn post_through(
        &self,
        client: &reqwest::Client,
        path: &str,
        body: &str,
        secret: &str,
    ) -> (u16, String) {
        let answer = client
            .post(format!("{}{path}", self.url))
            .headers(signed(body, secret))
            .body(body.to_owned())
            .send()
            .await
            .unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    pub async fn post_signed(&self, path: &str, body: &str) -> (u16, String) {
        self.post(path, body, SECRET).await
    }

    /// Posts the same body eight times, all under way before one is answered.
    pub async fn post_8_at_once(&self, path: &str, body: &str) -> Vec<(u16, String)> {
        let mut posts = [(); 8].map(|()| Box::pin(self.post_signed(path, body)));
        let mut answers: [Option<(u16, String)>; 8] = std::array::from_fn(|_| None);
        std::future::poll_fn(|context| {
            for (post, answer) in posts.iter_mut().zip(&mut answers) {
                if answer.is_none()
                    && let std::task::Poll::Ready(ready) = post.as_mut().poll(context)
                {
                    *answer = Some(ready);
                }
            }
            if answers.iter().all(Option::is_some) {
                return std::task::Poll::Ready(());
            }
            std::task::Poll::Pending
        })
        .await;
        answers.into_iter().flatten().collect()
    }

    pub async fn deliveries(&self) -> Vec<Json> {
        let (status, text) = self.get("/sandbox/deliveries").await;
        assert_eq!(status, 200);
        serde_json::from_str(&text).unwrap()
    }

    /// Waits until an appointment of the sample pack has come to a state.
    pub fn until_appointment(&self, uri: &str, status: &str) -> Json {
        let subject = format!("appointment/{uri}");
        until(|| {
            let output = self.on(&["--json", "trace", &subject]);
            let trace: Json = serde_json::from_slice(&output.stdout).ok()?;
            (trace["record"]["status"] == status).then_some(trace)
        })
    }

    /// Waits until no message is visible or in flight. Copies that found another's claim wait
    /// for its lease, and then find the step done.
    pub fn until_settled(&self) {
        until(|| {
            let status = json(&self.on(&["--json", "status"]));
            let queues = status["queues"].as_array().unwrap();
            let idle = |queue: &Json| queue["visible"] == 0 && queue["in_flight"] == 0;
            queues.iter().all(idle).then_some(())
        });
    }
}

/// The headers of a Calendly webhook with this body.
fn signed(body: &str, secret: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let json = HeaderValue::from_static("application/json");
    headers.insert(http::header::CONTENT_TYPE, json);
    let request = verify::Request {
        method: "POST",
        url: "",
        headers: &HeaderMap::new(),
        body: body.as_bytes(),
    };
    let secret = Secret::new(secret).unwrap();
    let now = holdfast_engine::port::Clock::now(&holdfast_embedded::clock::SystemClock);
    headers.extend(
        verify::sign(Scheme::Calendly, &secret, &request, "", now)
            .unwrap()
            .into_iter()
            .map(|(name, value)| (Some(name), value)),
    );
    headers
}

pub fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}

/// The body of the sample booking.
pub fn booking() -> String {
    let file = std::fs::read_to_string(event("booking")).unwrap();
    let event: Json = serde_json::from_str(&file).unwrap();
    event["body"].as_str().unwrap().to_owned()
}

/// The key of the sample booking's appointment.
pub const URI: &str = "https://api.calendly.com/scheduled_events/EVROSA1/invitees/INVROSA1";

/// A lead that is sent to the form of the pack `leads`.
pub fn lead(event: &str, id: &str, email: &str, name: &str) -> String {
    serde_json::json!({ "event": event, "id": id, "email": email, "name": name }).to_string()
}

/// The pack `leads`: a call that may fail, and a message that may be unknown.
pub fn leads() -> String {
    root().join("cli/tests/packs/leads").display().to_string()
}

/// Where leads are posted.
pub const FORM: &str = "/hooks/demo/form";

/// What differs from one run to the next.
pub const FILTERS: [(&str, &str); 6] = [
    (r"\b[a-z0-9]{26}\b", "[id]"),
    (r"@[0-9a-f]{8}", "@[version]"),
    (r"sandbox-\d+", "[receipt]"),
    (r"127\.0\.0\.1:\d+", "[address]"),
    (r"\d{2}:\d{2}:\d{2}\.\d{3}", "[time]       "),
    (r"(?m)^\d{4}-\d{2}-\d{2} \(UTC\)", "[day]"),
];
