//! Sending what people ask for to the process that serves, or doing it alone when none does.

use std::path::Path;

use holdfast_embedded::clock::SystemClock;
use holdfast_embedded::control::{self, Answer, Command, Hold, Operated};
use holdfast_engine::operate::{Operate, Outcome};

use crate::data::DataFolder;
use crate::failure::Failure;

/// Where what people ask for is done. A folder that was taken stays taken until this value goes.
#[derive(Debug)]
pub(crate) struct Desk<'a> {
    folder: &'a Path,
    alone: Option<control::Desk<SystemClock>>,
}

impl<'a> Desk<'a> {
    /// The desk of a data folder.
    pub(crate) fn of(data: &'a DataFolder) -> Self {
        Self {
            folder: data.path(),
            alone: None,
        }
    }

    /// Does what is asked for; the answers have the order of the requests.
    ///
    /// # Errors
    /// [`Failure::Unreachable`] when the folder cannot be had, or the process that has it does not
    /// answer.
    pub(crate) async fn all(&mut self, requests: Vec<Operate>) -> Result<Vec<Operated>, Failure> {
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

    /// Does one thing.
    ///
    /// # Errors
    /// As [`Desk::all`], and [`Failure::Wrong`] when it is refused.
    pub(crate) async fn one(&mut self, request: Operate) -> Result<Outcome, Failure> {
        let answer = self.all(vec![request]).await?.into_iter().next();
        match answer {
            Some(Operated::Done(outcome)) => Ok(*outcome),
            Some(Operated::Refused(refused)) => Err(refused.into()),
            None => Err(Failure::unreachable("ControlVersion", "there is no answer")),
        }
    }

    /// Stops or starts a workflow; says what it guards, and the states before and after.
    ///
    /// # Errors
    /// As [`Desk::one`].
    pub(crate) async fn hold(&mut self, request: &Hold) -> Result<Answer, Failure> {
        match self.ask(&Command::Hold(request.clone()))? {
            Some(held @ Answer::Held { .. }) => Ok(held),
            Some(other) => Err(unexpected(other)),
            None => match self.take()?.hold(request).await {
                Ok(changed) => Ok(changed.into()),
                Err(refusal) => Err(control::Refused::from(refusal).into()),
            },
        }
    }

    /// What to say where nobody works on what was sent; `None`: a process does.
    pub(crate) fn waits(&self) -> Option<&'static str> {
        let note =
            "no process serves this folder: what was sent waits until `holdfast serve` starts";
        self.alone.as_ref().map(|_| note)
    }

    fn ask(&self, command: &Command) -> Result<Option<Answer>, Failure> {
        if self.alone.is_some() {
            return Ok(None);
        }
        Ok(control::ask(self.folder, command)?)
    }

    fn take(&mut self) -> Result<&control::Desk<SystemClock>, Failure> {
        let desk = match self.alone.take() {
            Some(desk) => desk,
            None => control::Desk::alone(self.folder, SystemClock)?,
        };
        Ok(self.alone.insert(desk))
    }
}

fn unexpected(answer: Answer) -> Failure {
    match answer {
        Answer::Refused(refused) => refused.into(),
        _ => Failure::unreachable("ControlVersion", "`serve` answered something else"),
    }
}
