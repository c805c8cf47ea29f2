//! Answering on the control socket.

use std::fs::{self, Permissions};
use std::future::poll_fn;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use holdfast_engine::port::{Clock, Definitions, Ports};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::time::timeout;

use super::faults;
use super::{
    Answer, Command, ConfigError, Desk, Hold, Refused, SOCKET, SetConfig, UNKNOWN_COMMAND,
    set_config,
};
use crate::system::System;

/// How long the other side may take to ask, and to hear the answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The longest line, in bytes: the largest request that can be edited, as a JSON text.
const MAX_LINE: u64 = 8 * 1024 * 1024;

/// Conversations at the same time; more wait to be accepted.
const CONVERSATIONS: usize = 32;

/// How long to rest after the operating system refused a connection.
const REST: Duration = Duration::from_millis(100);

/// The control socket of a data folder; it goes with this value.
#[derive(Debug)]
pub struct Listener {
    socket: UnixListener,
    path: PathBuf,
}

impl Listener {
    /// Listens in a data folder, for this user alone. Whoever calls holds the folder's lock, so a
    /// socket that is already there belongs to nobody.
    ///
    /// # Errors
    /// When the socket cannot be made, such as in a folder with a path over 100 bytes.
    pub fn bind(folder: &Path) -> io::Result<Self> {
        let path = folder.join(SOCKET);
        // Nobody can connect before the permissions are set: the socket gets its name last.
        let unnamed = folder.join("control.new");
        remove(&unnamed)?;
        let socket = UnixListener::bind(&unnamed)?;
        fs::set_permissions(&unnamed, Permissions::from_mode(0o600))?;
        fs::rename(&unnamed, &path)?;
        Ok(Self { socket, path })
    }

    /// Answers commands until it is dropped; a long one holds up no other.
    pub async fn serve<C: Clock + Clone + 'static>(&self, system: &System<C>) {
        let mut conversations = Vec::new();
        poll_fn(|context| {
            self.poll(&mut conversations, system, context);
            Poll::<()>::Pending
        })
        .await;
    }

    fn poll<'a, C: Clock + Clone + 'static>(
        &'a self,
        conversations: &mut Vec<Conversation<'a>>,
        system: &'a System<C>,
        context: &mut Context<'_>,
    ) {
        loop {
            let accepted = self.accept(conversations, system, context);
            let before = conversations.len();
            conversations.retain_mut(|one| one.as_mut().poll(context).is_pending());
            // Where all seats were taken and one is free now, somebody may wait for it.
            if !accepted && (before < CONVERSATIONS || conversations.len() == before) {
                return;
            }
        }
    }

    /// Accepts whoever waits; `false`: nobody does.
    fn accept<'a, C: Clock + Clone + 'static>(
        &'a self,
        conversations: &mut Vec<Conversation<'a>>,
        system: &'a System<C>,
        context: &mut Context<'_>,
    ) -> bool {
        if conversations.len() >= CONVERSATIONS {
            return false;
        }
        match self.socket.poll_accept(context) {
            Poll::Pending => return false,
            Poll::Ready(Ok((stream, _))) => conversations.push(Box::pin(converse(stream, system))),
            Poll::Ready(Err(error)) => {
                tracing::error!(error = %error, "the control socket accepts nobody");
                conversations.push(Box::pin(tokio::time::sleep(REST)));
                return false;
            }
        }
        true
    }
}

/// One command and its answer.
type Conversation<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = remove(&self.path);
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

async fn converse<C: Clock + Clone + 'static>(stream: UnixStream, system: &System<C>) {
    if let Err(error) = talk(stream, system).await {
        tracing::warn!(error = %error, "a control command is not answered");
    }
}

/// What was begun is ended, whether or not the other side still listens.
async fn talk<C: Clock + Clone + 'static>(
    stream: UnixStream,
    system: &System<C>,
) -> io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let (mut line, mut reader) = (String::new(), BufReader::new(reader.take(MAX_LINE)));
    timeout(PATIENCE, reader.read_line(&mut line)).await??;
    let answer = match serde_json::from_str(&line) {
        Ok(command) => answer(system, command).await,
        Err(error) => Answer::Refused(Refused::new(UNKNOWN_COMMAND, error.to_string())),
    };
    let mut text = serde_json::to_string(&answer)?;
    text.push('\n');
    timeout(PATIENCE, writer.write_all(text.as_bytes())).await?
}

async fn answer<C: Clock + Clone + 'static>(system: &System<C>, command: Command) -> Answer {
    match command {
        Command::Operate { requests } => Answer::Operated {
            answers: Desk::of(system.ports()).operate(requests).await,
        },
        Command::Import(batch) => match Desk::of(system.ports()).import(&batch).await {
            Ok(outcomes) => Answer::Imported { outcomes },
            Err(error) => Answer::Refused(error.into()),
        },
        Command::Hold(request) => hold(system, &request).await,
        Command::Depths => Answer::Depths {
            queues: system.depths().into_iter().map(Into::into).collect(),
        },
        Command::Faults => Answer::Faults(faults::injected(system)),
        Command::SetFaults { faults } => match faults::set(system, &faults).await {
            Ok(()) => Answer::Faults(faults::injected(system)),
            Err(error) => Answer::Refused(Refused::new(error.code(), error.to_string())),
        },
        Command::SetConfig(request) => match set(system, &request).await {
            Ok(setting) => Answer::Set(setting),
            Err(error) => Answer::Refused(Refused::new(error.code(), error.to_string())),
        },
    }
}

async fn hold<C: Clock + Clone + 'static>(system: &System<C>, request: &Hold) -> Answer {
    match Desk::of(system.ports()).hold(request).await {
        Ok(changed) => changed.into(),
        Err(refusal) => Answer::Refused(refusal.into()),
    }
}

async fn set<C: Clock + Clone + 'static>(
    system: &System<C>,
    request: &SetConfig,
) -> Result<super::SettingChange, ConfigError> {
    let ports = system.ports();
    let live = ports.definitions().live(&request.tenant).await?;
    let packs = live.unwrap_or_default();
    let change = set_config(system.store(), &packs, request, ports.clock().now()).await?;
    ports.definitions().forget_settings();
    Ok(change)
}
