//! Where a command looks and acts: a data folder, or a stage on AWS.
//!
//! Commands are written once, against [`Place`] and the ports behind it; [`at!`] compiles them for
//! each kind of place.

mod folder;
mod stack;
#[cfg(feature = "aws")]
mod stage;
#[cfg(not(feature = "aws"))]
#[path = "no_stage.rs"]
mod stage;

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use holdfast_embedded::control::{
    Desk, Hold, Operated, QueueDepth, SetConfig, SettingChange, TimerCount,
};
use holdfast_engine::breaker::State;
use holdfast_engine::import::{self, Batch};
use holdfast_engine::name::{PackName, TenantName};
use holdfast_engine::operate::{Operate, Outcome};
use holdfast_engine::port::Ports;
use serde::Serialize;

use crate::data::FOLDER;
use crate::failure::Failure;

pub(crate) use folder::Folder;
pub(crate) use stack::{Live, MaybeStage, OnStage, Share, Stack, StackName, Webhook};
pub(crate) use stage::Stage;

/// Where to look and act.
#[derive(Debug, Clone, Args)]
pub(crate) struct At {
    /// The data folder of `holdfast serve`
    #[arg(long, value_name = "FOLDER", default_value = FOLDER, conflicts_with = "stage")]
    data: PathBuf,
    #[command(flatten)]
    stage: MaybeStage,
}

impl At {
    /// Opens it.
    ///
    /// # Errors
    /// [`Failure`] when it cannot be reached, or is none.
    pub(crate) async fn open(&self) -> Result<Opened, Failure> {
        Ok(match self.stage.stack() {
            None => Opened::Folder(Folder::open(&self.data)?),
            Some(stack) => Opened::Stage(Stage::open(&stack).await?),
        })
    }
}

/// A place of either kind.
pub(crate) enum Opened {
    /// A data folder.
    Folder(Folder),
    /// A stage.
    Stage(Stage),
}

/// Opens a place and does something there: `at!(&arguments.at, |place| …)`.
macro_rules! at {
    ($at:expr, |$place:ident| $work:expr) => {
        match $at.open().await? {
            $crate::place::Opened::Folder(mut opened) => {
                let $place = &mut opened;
                $work
            }
            $crate::place::Opened::Stage(mut opened) => {
                let $place = &mut opened;
                $work
            }
        }
    };
}
pub(crate) use at;

/// What every kind of place offers to those who look and act.
pub(crate) trait Place {
    /// Its ports.
    type Ports: Ports;

    /// A desk to look from.
    fn desk(&self) -> &Desk<Self::Ports>;

    /// The ports to read from; what writes goes through the methods below.
    fn ports(&self) -> &Self::Ports {
        self.desk().ports()
    }

    /// What no port tells.
    async fn overview(&self) -> Result<Overview, Failure>;

    /// Does what is asked for; the answers have the order of the requests.
    ///
    /// # Errors
    /// [`Failure::Unreachable`] when whoever has to do it cannot be had, or does not answer.
    async fn all(&mut self, requests: Vec<Operate>) -> Result<Vec<Operated>, Failure>;

    /// Does one thing.
    ///
    /// # Errors
    /// As [`Place::all`], and [`Failure::Wrong`] when it is refused.
    async fn one(&mut self, request: Operate) -> Result<Outcome, Failure> {
        let answer = self.all(vec![request]).await?.into_iter().next();
        match answer {
            Some(Operated::Done(outcome)) => Ok(*outcome),
            Some(Operated::Refused(refused)) => Err(refused.into()),
            None => Err(Failure::unreachable("ControlVersion", "there is no answer")),
        }
    }

    /// Applies a part of an import, and tells what became of each row.
    ///
    /// # Errors
    /// As [`Place::one`]; rows may have been applied. The same part once more ends it.
    async fn import(&mut self, batch: Batch) -> Result<Vec<import::Outcome>, Failure>;

    /// Stops or starts a workflow or connection.
    ///
    /// # Errors
    /// As [`Place::one`].
    async fn hold(&mut self, request: &Hold) -> Result<Breaker, Failure>;

    /// Sets a tenant's setting, or takes it back.
    ///
    /// # Errors
    /// As [`Place::one`].
    async fn set(&mut self, request: &SetConfig) -> Result<SettingChange, Failure>;

    /// Every change of a tenant's settings for a pack, oldest first.
    ///
    /// # Errors
    /// [`Failure`] when they cannot be read.
    async fn history(
        &self,
        tenant: &TenantName,
        pack: &PackName,
    ) -> Result<Vec<SettingChange>, Failure>;

    /// What to say where nobody works on what was sent; `None`: somebody does.
    fn waits(&self) -> Option<&'static str>;
}

/// A breaker that was stopped or started.
#[derive(Debug)]
pub(crate) struct Breaker {
    /// What it guards: `workflow pack/name`.
    pub(crate) subject: String,
    /// Its state before.
    pub(crate) before: State,
    /// Its state.
    pub(crate) after: State,
}

/// What no port tells of a place.
#[derive(Debug)]
pub(crate) struct Overview {
    /// Who works on what is sent.
    pub(crate) process: Process,
    /// The queues.
    pub(crate) queues: Vec<QueueDepth>,
    /// Live versions by tenant.
    pub(crate) packs: BTreeMap<String, Vec<String>>,
    /// The armed timers.
    pub(crate) timers: TimerCount,
    /// What the account may send as text messages, where it is AWS that sends them.
    pub(crate) texting: Option<Texting>,
}

/// Who works on what is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub(crate) enum Process {
    /// A process serves, and answers.
    Serving,
    /// There is none.
    None,
    /// There is one, and it does not answer.
    NoAnswer {
        /// Stable name of the reason.
        code: String,
        /// The reason.
        message: String,
    },
    /// The functions of a stack.
    Stack {
        /// Its name.
        name: String,
    },
}

impl From<&StackName> for Process {
    fn from(stack: &StackName) -> Self {
        Self::Stack {
            name: stack.to_string(),
        }
    }
}

impl Process {
    /// Whether somebody works on what is sent.
    pub(crate) fn works(&self) -> bool {
        matches!(self, Self::Serving | Self::Stack { .. })
    }
}

/// What an account may send as text messages. What AWS does not say is left out.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Texting {
    /// Whether it is in the sandbox: only verified numbers are reached.
    pub(crate) sandbox: Option<bool>,
    /// Dollars that may be spent in a month.
    pub(crate) monthly_limit: Option<String>,
    /// The numbers and names that it sends from.
    pub(crate) origination: Option<Vec<String>>,
}
