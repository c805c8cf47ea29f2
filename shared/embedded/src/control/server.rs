//! Answering on the control socket.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use holdfast_engine::port::{Clock, Definitions, Ports};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::time::timeout;

use super::faults;
use super::{Answer, Command, ConfigError, SOCKET, SetConfig, set_config};
use crate::system::System;

/// How long one conversation may take: the next one waits for it.
const PATIENCE: Duration = Duration::from_secs(5);

/// The longest line, in bytes.
const MAX_LINE: u64 = 1024 * 1024;

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

    /// Answers commands, one after the other, until it is dropped.
    pub async fn serve<C: Clock + Clone + 'static>(&self, system: &System<C>) {
        loop {
            match self.socket.accept().await {
                Ok((stream, _)) => {
                    let conversation = timeout(PATIENCE, converse(stream, system)).await;
                    if let Ok(Err(error)) = conversation {
                        tracing::warn!(error = %error, "a control command is not answered");
                    }
                }
                Err(error) => {
                    tracing::error!(error = %error, "the control socket accepts nobody");
                    tokio::time::sleep(REST).await;
                }
            }
        }
    }
}

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

async fn converse<C: Clock + Clone + 'static>(
    stream: UnixStream,
    system: &System<C>,
) -> io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut line = String::new();
    BufReader::new(reader.take(MAX_LINE))
        .read_line(&mut line)
        .await?;
    let answer = match serde_json::from_str(&line) {
        Ok(command) => answer(system, command).await,
        Err(error) => Answer::Refused {
            code: "UnknownCommand".to_owned(),
            message: error.to_string(),
        },
    };
    let mut text = serde_json::to_string(&answer)?;
    text.push('\n');
    writer.write_all(text.as_bytes()).await
}

async fn answer<C: Clock + Clone + 'static>(system: &System<C>, command: Command) -> Answer {
    match command {
        Command::Depths => Answer::Depths {
            queues: system.depths().into_iter().map(Into::into).collect(),
        },
        Command::Faults => Answer::Faults(faults::injected(system)),
        Command::SetFaults { faults } => match faults::set(system, &faults).await {
            Ok(()) => Answer::Faults(faults::injected(system)),
            Err(error) => Answer::Refused {
                code: error.code().to_owned(),
                message: error.to_string(),
            },
        },
        Command::SetConfig(request) => match set(system, &request).await {
            Ok(setting) => Answer::Set(setting),
            Err(error) => Answer::Refused {
                code: error.code().to_owned(),
                message: error.to_string(),
            },
        },
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
