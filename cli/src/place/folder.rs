//! A data folder: read beside the process that serves it, changed through that process, or alone
//! while none does.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use holdfast_embedded::clock::SystemClock;
use holdfast_embedded::control::{
    self, Answer, AskError, Command, Desk, Hold, Operated, QueueDepth, Refused, SetConfig,
    SettingChange,
};
use holdfast_embedded::ports::EmbeddedPorts;
use holdfast_embedded::store::{SqliteDefinitions, SqliteQueue, SqliteSettings, Store};
use holdfast_engine::import::{self, Batch};
use holdfast_engine::name::{PackName, TenantName};
use holdfast_engine::operate::Operate;
use holdfast_engine::port::{Clock as _, Definitions as _, Ports as _};

use super::{Breaker, Overview, Place, Process};
use crate::failure::Failure;

type Local = EmbeddedPorts<SystemClock>;

/// A data folder. One that was taken stays taken until this value goes.
pub(crate) struct Folder {
    path: PathBuf,
    store: Store,
    looking: Desk<Local>,
    alone: Option<Desk<Local>>,
}

impl Folder {
    /// Opens a folder to look into.
    ///
    /// # Errors
    /// [`Failure::Unreachable`] when there is none, or it is unusable.
    pub(crate) fn open(folder: &Path) -> Result<Self, Failure> {
        let store = read(folder)?;
        Ok(Self {
            path: folder.to_owned(),
            looking: Desk::looking(folder, &store, SystemClock)?,
            store,
            alone: None,
        })
    }

    fn ask(&self, command: &Command) -> Result<Option<Answer>, Failure> {
        if self.alone.is_some() {
            return Ok(None);
        }
        Ok(control::ask(&self.path, command)?)
    }

    fn take(&mut self) -> Result<&Desk<Local>, Failure> {
        let desk = match self.alone.take() {
            Some(desk) => desk,
            None => Desk::alone(&self.path, SystemClock)?,
        };
        Ok(self.alone.insert(desk))
    }

    /// Whether a process serves, and how full it says the queues are.
    fn process(&self) -> Result<(Process, Option<Vec<QueueDepth>>), Failure> {
        let no_answer = |code: &str, message: String| Process::NoAnswer {
            code: code.to_owned(),
            message,
        };
        Ok(match control::ask(&self.path, &Command::Depths) {
            Ok(Some(Answer::Depths { queues })) => (Process::Serving, Some(queues)),
            Ok(Some(Answer::Refused(refused))) => (no_answer(&refused.code, refused.message), None),
            Ok(Some(_)) => {
                let message = "`serve` answered something else".to_owned();
                (no_answer("ControlVersion", message), None)
            }
            Ok(None) => (Process::None, None),
            Err(error @ AskError::Denied) => return Err(error.into()),
            Err(error) => (no_answer(error.code(), error.to_string()), None),
        })
    }

    fn stored_depths(&self) -> Vec<QueueDepth> {
        let queue = SqliteQueue::new(self.store.clone(), SystemClock);
        queue.depths().into_iter().map(Into::into).collect()
    }

    fn packs(&self) -> Result<BTreeMap<String, Vec<String>>, Failure> {
        let definitions = SqliteDefinitions::new(self.store.clone());
        let mut packs = BTreeMap::new();
        for tenant in definitions.tenants()? {
            let live = definitions.live(&tenant)?;
            let versions = live.iter().map(|live| live.manifest.to_string());
            packs.insert(tenant.to_string(), versions.collect());
        }
        Ok(packs)
    }

    /// Sets while no process serves.
    async fn set_alone(&self, request: &SetConfig) -> Result<SettingChange, Failure> {
        let live = self.looking.ports().definitions().live(&request.tenant);
        let packs = live.await?.unwrap_or_default();
        let store = Store::open(&self.path)?;
        Ok(control::set_config(&store, &packs, request, SystemClock.now()).await?)
    }
}

impl Place for Folder {
    type Ports = Local;

    fn desk(&self) -> &Desk<Local> {
        &self.looking
    }

    async fn overview(&self) -> Result<Overview, Failure> {
        let (process, queues) = self.process()?;
        Ok(Overview {
            process,
            queues: queues.unwrap_or_else(|| self.stored_depths()),
            packs: self.packs()?,
            timers: control::timers(&self.store)?,
            texting: None,
        })
    }

    async fn all(&mut self, requests: Vec<Operate>) -> Result<Vec<Operated>, Failure> {
        let asked = Command::Operate { requests };
        match self.ask(&asked)? {
            Some(Answer::Operated { answers }) => Ok(answers),
            Some(other) => Err(unexpected(other)),
            None => {
                let Command::Operate { requests } = asked else {
                    return Ok(Vec::new());
                };
                Ok(self.take()?.operate(requests).await)
            }
        }
    }

    async fn import(&mut self, batch: Batch) -> Result<Vec<import::Outcome>, Failure> {
        let asked = Command::Import(batch);
        match self.ask(&asked)? {
            Some(Answer::Imported { outcomes }) => Ok(outcomes),
            Some(other) => Err(unexpected(other)),
            None => {
                let Command::Import(batch) = asked else {
                    return Ok(Vec::new());
                };
                Ok(self.take()?.import(&batch).await.map_err(Refused::from)?)
            }
        }
    }

    async fn hold(&mut self, request: &Hold) -> Result<Breaker, Failure> {
        let answer = match self.ask(&Command::Hold(request.clone()))? {
            Some(answer) => answer,
            None => match self.take()?.hold(request).await {
                Ok(changed) => changed.into(),
                Err(refusal) => Answer::Refused(refusal.into()),
            },
        };
        match answer {
            Answer::Held {
                subject,
                before,
                after,
            } => Ok(Breaker {
                subject,
                before,
                after,
            }),
            other => Err(unexpected(other)),
        }
    }

    async fn set(&mut self, request: &SetConfig) -> Result<SettingChange, Failure> {
        match self.ask(&Command::SetConfig(request.clone()))? {
            Some(Answer::Set(change)) => Ok(change),
            Some(Answer::Refused(refused)) => {
                Err(Failure::wrong("SettingRefused", refused.message))
            }
            Some(other) => Err(unexpected(other)),
            None => self.set_alone(request).await,
        }
    }

    async fn history(
        &self,
        tenant: &TenantName,
        pack: &PackName,
    ) -> Result<Vec<SettingChange>, Failure> {
        let history = SqliteSettings::new(self.store.clone()).history(tenant, pack)?;
        Ok(history.into_iter().map(Into::into).collect())
    }

    fn waits(&self) -> Option<&'static str> {
        let note =
            "no process serves this folder: what was sent waits until `holdfast serve` starts";
        self.alone.as_ref().map(|_| note)
    }
}

/// Opens the store for reading, beside a process that serves.
fn read(folder: &Path) -> Result<Store, Failure> {
    let denied = |error: &std::io::Error| error.kind() == ErrorKind::PermissionDenied;
    if std::fs::read_dir(folder).is_err_and(|error| denied(&error)) {
        let message = format!(
            "this user may not read {}: run the command as the one who started `serve`",
            folder.display()
        );
        return Err(Failure::unreachable("DataFolderDenied", message));
    }
    Ok(Store::open_read_only(folder)?)
}

fn unexpected(answer: Answer) -> Failure {
    match answer {
        Answer::Refused(refused) => refused.into(),
        _ => Failure::unreachable("ControlVersion", "`serve` answered something else"),
    }
}
