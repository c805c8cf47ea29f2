//! A mail server on loopback that plays a script.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// What the server does instead of its usual answer.
#[derive(Debug, Clone, Copy)]
pub(super) enum Deed {
    Answer(&'static str),
    Close,
    Hang,
}

/// When it does it: at a command's first word, or at the end of the message.
pub(super) type Script = Option<(&'static str, Deed)>;

/// The end of the message, as a script names it.
pub(super) const END: &str = ".";

/// A running mail server; `heard` has every line of the client.
pub(super) struct Stub {
    pub(super) url: String,
    heard: Arc<Mutex<Vec<String>>>,
    _serving: JoinSet<()>,
}

impl Stub {
    pub(super) async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}?tls=none", listener.local_addr().unwrap());
        let heard: Arc<Mutex<Vec<String>>> = Arc::default();
        let lines = Arc::clone(&heard);
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                Session::new(stream, script, Arc::clone(&lines))
                    .serve()
                    .await;
            }
        });
        Self {
            url,
            heard,
            _serving: serving,
        }
    }

    pub(super) fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

struct Session {
    lines: Lines<BufReader<OwnedReadHalf>>,
    to: OwnedWriteHalf,
    script: Script,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Session {
    fn new(stream: TcpStream, script: Script, heard: Arc<Mutex<Vec<String>>>) -> Self {
        let (from, to) = stream.into_split();
        Self {
            lines: BufReader::new(from).lines(),
            to,
            script,
            heard,
        }
    }

    async fn serve(mut self) {
        let mut in_message = false;
        if !self.answer("greeting", "220 stub").await {
            return;
        }
        while let Ok(Some(line)) = self.lines.next_line().await {
            self.heard.lock().unwrap().push(line.clone());
            let usual = usual(&line, in_message);
            in_message = usual.starts_with("354") || (in_message && line != END);
            let word = line.split_whitespace().next().unwrap_or_default();
            if !usual.is_empty() && !self.answer(word, usual).await {
                return;
            }
        }
    }

    /// Answers; false: the connection is to be closed.
    async fn answer(&mut self, word: &str, usual: &str) -> bool {
        let deed = self.script.filter(|(at, _)| *at == word);
        let text = match deed {
            Some((_, Deed::Close)) => return false,
            Some((_, Deed::Hang)) => std::future::pending().await,
            Some((_, Deed::Answer(text))) => text,
            None => usual,
        };
        let written = self.to.write_all(format!("{text}\r\n").as_bytes()).await;
        written.is_ok()
    }
}

fn usual(line: &str, in_message: bool) -> &'static str {
    match (in_message, line.split_whitespace().next()) {
        (true, Some(END)) => "250 accepted",
        (true, _) => "",
        (false, Some("EHLO")) => "250-stub\r\n250-AUTH PLAIN\r\n250 8BITMIME",
        (false, Some("AUTH")) => "235 welcome",
        (false, Some("DATA")) => "354 go on",
        (false, Some("QUIT")) => "221 bye",
        (false, _) => "250 ok",
    }
}
