//! `holdfast review`: what waits for a person, and what a person decides.

use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use holdfast_embedded::clock::SystemClock;
use holdfast_engine::name::{RecordId, TenantName};
use holdfast_engine::operate::{Operate, Ruling};
use holdfast_engine::operation::{Operation, ReviewKind};
use holdfast_engine::port::Clock;
use serde::Serialize;
use serde_json::Value as Json;

use super::errors::{Listing, Show, Words};
use crate::deciding::{FirmReason, Reason, Subject, Whose};
use crate::editing;
use crate::failure::{Exit, Failure};
use crate::items;
use crate::output::Output;
use crate::output::style::{PLAIN, YELLOW};
use crate::place::{Place, at};

/// What to do with items.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show what waits for a person, newest first: review items, and steps that failed for good
    List {
        /// Only this kind: invalid-input, failed-step, unknown-outcome, ambiguous-record,
        /// probable-duplicate
        #[arg(long, value_parser = kind)]
        kind: Option<ReviewKind>,
        /// Only this tenant
        #[arg(long)]
        tenant: Option<TenantName>,
        /// Only what should be decided by now
        #[arg(long)]
        overdue: bool,
        #[command(flatten)]
        listing: Listing,
    },
    /// Show one item: what happened, how it was handled, what to do
    Show(Show),
    /// Take an item, so that others leave it alone
    Claim {
        #[command(flatten)]
        whose: Whose,
        /// Take it from another person
        #[arg(long)]
        take_over: bool,
    },
    /// Send the input through its door as it is; of an ambiguous event, for one of the candidates
    Approve {
        #[command(flatten)]
        whose: Whose,
        /// The record that an ambiguous event is about
        #[arg(long, value_name = "ID")]
        record: Option<RecordId>,
        #[command(flatten)]
        reason: Reason,
    },
    /// Correct the input and send it through its door, under the same event id
    Edit {
        #[command(flatten)]
        whose: Whose,
        /// A file with the corrected input, `-`: standard input; else an editor opens
        #[arg(long, value_name = "FILE")]
        body: Option<PathBuf>,
        /// Only print the input as it is to be edited, personal values too; nothing is decided
        #[arg(long, conflicts_with = "body")]
        print: bool,
        #[command(flatten)]
        reason: Reason,
    },
    /// Decide that it is not to be done
    Reject {
        #[command(flatten)]
        whose: Whose,
        #[command(flatten)]
        reason: FirmReason,
    },
    /// Try the step again; an unknown effect may then happen twice
    Retry {
        #[command(flatten)]
        whose: Whose,
        /// The effect may happen twice
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        reason: Reason,
    },
    /// Say that the step was done, by whatever means: what follows goes on
    Done {
        #[command(flatten)]
        whose: Whose,
        /// The step's result as JSON, where later steps read it
        #[arg(long, value_name = "JSON", value_parser = json)]
        output: Option<Json>,
        #[command(flatten)]
        reason: FirmReason,
    },
}

fn kind(text: &str) -> Result<ReviewKind, String> {
    let wrong = "write invalid-input, failed-step, unknown-outcome, ambiguous-record or \
                 probable-duplicate";
    serde_json::from_value(Json::from(text)).map_err(|_| wrong.to_owned())
}

fn json(text: &str) -> Result<Json, String> {
    serde_json::from_str(text).map_err(|error| format!("it is no JSON: {error}"))
}

/// Shows and decides.
pub(crate) async fn run(arguments: Arguments, output: Output) -> Result<Exit, Failure> {
    match arguments.action {
        Action::List {
            kind,
            tenant,
            overdue,
            listing,
        } => list(kind, tenant.as_ref(), overdue, &listing, output).await,
        Action::Show(show) => show.show(output).await,
        Action::Claim { whose, take_over } => claim(&whose, take_over, output).await,
        Action::Approve {
            whose,
            record,
            reason,
        } => decide(&whose, Ruling::Approve { record }, &reason, output).await,
        Action::Edit {
            whose, print: true, ..
        } => print(&whose, output).await,
        Action::Edit {
            whose,
            body,
            reason,
            ..
        } => edit(&whose, body, &reason, output).await,
        Action::Reject { whose, reason } => {
            decide(&whose, Ruling::Reject, &reason.into(), output).await
        }
        Action::Retry { whose, yes, reason } => retry(&whose, yes, &reason, output).await,
        Action::Done {
            whose,
            output: result,
            reason,
        } => {
            let ruling = Ruling::Done { output: result };
            decide(&whose, ruling, &reason.into(), output).await
        }
    }
}

async fn list(
    kind: Option<ReviewKind>,
    tenant: Option<&TenantName>,
    overdue: bool,
    listing: &Listing,
    output: Output,
) -> Result<Exit, Failure> {
    let now = SystemClock.now();
    let fits = |operation: &Operation| {
        let handling = operation.handling();
        let is_overdue = handling.needs_someone() && handling.due < now;
        kind.is_none_or(|kind| operation.kind() == kind)
            && (tenant.is_none() || operation.tenant() == tenant)
            && (is_overdue || !overdue)
    };
    let words = Words {
        one: "item",
        none: "nothing waits for anyone",
        next: "holdfast review show <id>",
    };
    listing.show(fits, words, output).await
}

async fn decide(
    whose: &Whose,
    ruling: Ruling,
    reason: &Reason,
    output: Output,
) -> Result<Exit, Failure> {
    at!(whose.at, |place| {
        let subject = Subject::find(place, whose).await?;
        subject.decide(place, whose, ruling, reason, output).await
    })
}

async fn claim(whose: &Whose, take_over: bool, output: Output) -> Result<Exit, Failure> {
    at!(whose.at, |place| {
        let subject = Subject::find(place, whose).await?;
        let request = Operate::Claim {
            item: items::reference(&subject.operation),
            by: whose.person.name(),
            take_over,
        };
        subject.ask(place, whose, request, output).await
    })
}

/// What `edit` takes, for whoever corrects it somewhere else.
#[derive(Debug, Serialize)]
struct Editable {
    id: String,
    body: String,
}

async fn print(whose: &Whose, output: Output) -> Result<Exit, Failure> {
    let subject = at!(whose.at, |place| Subject::find(place, whose).await)?;
    let editable = Editable {
        id: subject.operation.id().to_owned(),
        body: editing::input(&subject.operation)?,
    };
    output.result(&editable, |editable| editable.body.trim_end().to_owned());
    Ok(Exit::Done)
}

async fn edit(
    whose: &Whose,
    body: Option<PathBuf>,
    reason: &Reason,
    output: Output,
) -> Result<Exit, Failure> {
    at!(whose.at, |place| {
        let subject = Subject::find(place, whose).await?;
        edit_one(place, &subject, whose, body, reason, output).await
    })
}

async fn edit_one(
    place: &mut impl Place,
    subject: &Subject,
    whose: &Whose,
    body: Option<PathBuf>,
    reason: &Reason,
    output: Output,
) -> Result<Exit, Failure> {
    let Some(file) = body else {
        let (body, kept) = editing::edit(&subject.operation)?;
        let ended = subject
            .decide(place, whose, Ruling::Edit { body }, reason, output)
            .await;
        if matches!(ended, Ok(Exit::Done)) {
            // It holds what a client sent: nobody needs it any more.
            let _ = std::fs::remove_file(&kept);
        } else {
            output.note(format!("your text is kept: --body {}", kept.display()));
        }
        return ended;
    };
    let body = editing::read(&file)?;
    subject
        .decide(place, whose, Ruling::Edit { body }, reason, output)
        .await
}

async fn retry(whose: &Whose, yes: bool, reason: &Reason, output: Output) -> Result<Exit, Failure> {
    at!(whose.at, |place| {
        let subject = Subject::find(place, whose).await?;
        if subject.operation.kind() == ReviewKind::UnknownOutcome && !yes && !confirmed() {
            let message =
                "the effect may have happened: it may happen twice; --yes tries again all the same";
            return Err(Failure::wrong("NotConfirmed", message));
        }
        subject
            .decide(place, whose, Ruling::Retry, reason, output)
            .await
    })
}

/// Whether a person at a terminal says yes.
fn confirmed() -> bool {
    let mut input = std::io::stdin().lock();
    if !input.is_terminal() {
        return false;
    }
    let mut stream = anstream::stderr();
    let question = "the effect may have happened, and may now happen twice. Try again? [y/N] ";
    let _ = write!(stream, "{YELLOW}{question}{PLAIN}");
    let mut answer = String::new();
    // Whoever cannot be asked has not agreed.
    input.read_line(&mut answer).is_ok() && matches!(answer.trim(), "y" | "Y" | "yes")
}
