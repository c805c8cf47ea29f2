//! What people do about one item: who they are, why, and how what came of it is told.

use clap::Args;
use holdfast_engine::operate::{Decide, Operate, Outcome, Ruling};
use holdfast_engine::operation::{Operation, Status};
use serde::Serialize;
use serde_json::Value as Json;

use crate::environment;
use crate::failure::{Exit, Failure};
use crate::items::{self, Mask};
use crate::output::Output;
use crate::output::style::{BOLD, GREEN, PLAIN, YELLOW};
use crate::place::{At, Place};

/// Who does it.
#[derive(Debug, Clone, Args)]
pub(crate) struct Person {
    /// Who does it; the user of this machine where it is left out
    #[arg(long = "as", value_name = "PERSON")]
    by: Option<String>,
}

impl Person {
    /// The name that is recorded.
    pub(crate) fn name(&self) -> String {
        self.by.clone().unwrap_or_else(environment::user)
    }
}

/// Whose item, by whom, and where.
#[derive(Debug, Clone, Args)]
pub(crate) struct Whose {
    /// The item's id, or how it begins
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) person: Person,
    #[command(flatten)]
    pub(crate) at: At,
}

/// Why it is decided so, where it may be left out.
#[derive(Debug, Clone, Args)]
pub(crate) struct Reason {
    /// Why: it is kept with the decision
    #[arg(long)]
    pub(crate) reason: Option<String>,
    /// Decide although another person has taken it
    #[arg(long)]
    pub(crate) take_over: bool,
}

/// Why it is decided so.
#[derive(Debug, Clone, Args)]
pub(crate) struct FirmReason {
    /// Why: it is kept with the decision
    #[arg(long)]
    reason: String,
    /// Decide although another person has taken it
    #[arg(long)]
    take_over: bool,
}

impl From<FirmReason> for Reason {
    fn from(firm: FirmReason) -> Self {
        Self {
            reason: Some(firm.reason),
            take_over: firm.take_over,
        }
    }
}

/// What came of it, for programs: these members stay.
#[derive(Debug, Serialize)]
struct Told {
    outcome: &'static str,
    id: String,
    code: String,
    status: Status,
    by: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    choice: Option<&'static str>,
    /// The steps that were sent.
    steps: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    /// What is still wrong, field by field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<Json>,
    /// Whether what was sent waits until a process serves.
    waits: bool,
}

/// An item that somebody does something about.
#[derive(Debug)]
pub(crate) struct Subject {
    pub(crate) operation: Operation,
    mask: Mask,
}

impl Subject {
    /// Looks for an item by the beginning of its id.
    ///
    /// # Errors
    /// [`Failure`] when there is not exactly one.
    pub(crate) async fn find(place: &impl Place, whose: &Whose) -> Result<Self, Failure> {
        let mask = Mask::of(place.ports(), false).await;
        let operation = items::find(place.ports(), &whose.id, &mask).await?;
        Ok(Self { operation, mask })
    }

    /// Decides about it.
    ///
    /// # Errors
    /// [`Failure`] when it is refused, or nobody answers.
    pub(crate) async fn decide(
        &self,
        place: &mut impl Place,
        whose: &Whose,
        ruling: Ruling,
        reason: &Reason,
        output: Output,
    ) -> Result<Exit, Failure> {
        let request = Operate::Decide(Decide {
            item: items::reference(&self.operation),
            ruling,
            by: whose.person.name(),
            reason: reason.reason.clone(),
            take_over: reason.take_over,
        });
        self.ask(place, whose, request, output).await
    }

    /// Asks for something about it, and tells what came of it.
    ///
    /// # Errors
    /// [`Failure`] when it is refused, or nobody answers.
    pub(crate) async fn ask(
        &self,
        place: &mut impl Place,
        whose: &Whose,
        request: Operate,
        output: Output,
    ) -> Result<Exit, Failure> {
        let outcome = place.one(request).await?;
        let sends = matches!(&outcome, Outcome::Decided { steps, note, .. }
            if !steps.is_empty() || note.is_some());
        let waits = place.waits().filter(|_| sends);
        let told = self.told(outcome, whose.person.name(), waits.is_some())?;
        let exit = if told.fields.is_empty() {
            Exit::Done
        } else {
            Exit::Wrong
        };
        output.result(&told, text);
        if let Some(waits) = waits {
            output.note(format!("{YELLOW}note:{PLAIN} {waits}"));
        }
        Ok(exit)
    }

    fn told(&self, outcome: Outcome, by: String, waits: bool) -> Result<Told, Failure> {
        let told = |outcome, item: holdfast_engine::operate::Listed| Told {
            outcome,
            id: item.item.id,
            code: item.code,
            status: item.status,
            by,
            choice: None,
            steps: Vec::new(),
            note: None,
            fields: Vec::new(),
            waits,
        };
        Ok(match outcome {
            Outcome::Acknowledged { item } => told("acknowledged", item),
            Outcome::Claimed { item } => told("claimed", item),
            Outcome::Decided {
                item,
                choice,
                steps,
                note,
            } => Told {
                choice: Some(choice.name()),
                steps: steps.iter().map(ToString::to_string).collect(),
                note: note.map(|note| self.mask.text(&self.operation, &note)),
                ..told("decided", item)
            },
            Outcome::StillInvalid { item, fields } => Told {
                fields: fields.iter().map(|field| self.field(field)).collect(),
                ..told("still-invalid", item)
            },
            _ => {
                let message = "the answer is to something else";
                return Err(Failure::unreachable("ControlVersion", message));
            }
        })
    }

    /// What is wrong with a field, without what looks personal.
    fn field(&self, field: &impl Serialize) -> Json {
        let mut json = serde_json::to_value(field).unwrap_or_default();
        if let Some(Json::String(actual)) = json.get_mut("actual") {
            *actual = self.mask.text(&self.operation, actual);
        }
        json
    }
}

fn text(told: &Told) -> String {
    let (id, code, by) = (&told.id, &told.code, &told.by);
    let mut lines = match (told.outcome, told.choice) {
        ("acknowledged", _) => vec![format!("{GREEN}known{PLAIN} to {by}: {code} {id}")],
        ("claimed", _) => vec![format!("{GREEN}taken{PLAIN} by {by}: {code} {id}")],
        ("still-invalid", _) => vec![format!(
            "{YELLOW}still wrong{PLAIN}: it stays open, and nothing was sent"
        )],
        (_, Some(choice)) => vec![format!("{GREEN}{choice}{PLAIN} by {by}: {code} {id}")],
        _ => Vec::new(),
    };
    lines.extend(
        told.fields
            .iter()
            .map(|field| format!("  {}", items::violation(field))),
    );
    if !told.steps.is_empty() {
        lines.push(format!("  sent: {BOLD}{}{PLAIN}", told.steps.join(", ")));
    }
    lines.extend(told.note.iter().map(|note| format!("  {note}")));
    lines.join("\n")
}
