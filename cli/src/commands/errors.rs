//! `holdfast errors`: what failed, who knows of it, and how soon it is mended.

use clap::{Args, Subcommand};
use holdfast_embedded::clock::SystemClock;
use holdfast_engine::alert;
use holdfast_engine::definition::model::Severity;
use holdfast_engine::name::TenantName;
use holdfast_engine::operate::{Figures, Operate, Ruling, Stats, Times, stats};
use holdfast_engine::operation::Operation;
use holdfast_engine::port::{Clock, Ports, Which};
use jiff::SignedDuration;

use super::selection::{Selection, severity};
use crate::age::{Since, short};
use crate::deciding::{FirmReason, Subject, Whose};
use crate::failure::{Exit, Failure};
use crate::items::{self, Mask, Row};
use crate::output::{Output, counted};
use crate::place::{At, Place, at};
use crate::table::table;

/// What to do with failures.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show failures that need someone, newest first
    List {
        #[command(flatten)]
        selection: Selection,
        /// Only this severity: P1, P2, P3
        #[arg(long, value_parser = severity)]
        severity: Option<Severity>,
        #[command(flatten)]
        listing: Listing,
    },
    /// Show one item: what happened, how it was handled, what to do
    Show(Show),
    /// Say that you know of it: nobody else is called
    Ack {
        #[command(flatten)]
        whose: Whose,
    },
    /// Close a failure that needs nobody any more; nothing is sent
    Resolve {
        #[command(flatten)]
        whose: Whose,
        #[command(flatten)]
        reason: FirmReason,
    },
    /// Show how soon failures were detected, answered and mended
    Stats {
        /// Only this tenant
        #[arg(long)]
        tenant: Option<TenantName>,
        /// Only what opened since: 24h, 7d, or a time
        #[arg(long)]
        since: Option<Since>,
        #[command(flatten)]
        at: At,
    },
}

/// How a list is shown.
#[derive(Debug, Args)]
pub(super) struct Listing {
    /// Settled ones too
    #[arg(long)]
    pub(super) all: bool,
    /// How many are shown
    #[arg(long, default_value_t = 50, value_name = "N")]
    pub(super) limit: usize,
    /// Show personal values
    #[arg(long)]
    pub(super) show_pii: bool,
    #[command(flatten)]
    pub(super) at: At,
}

impl Listing {
    /// Shows what fits, newest first.
    pub(super) async fn show(
        &self,
        fits: impl Fn(&Operation) -> bool,
        words: Words,
        output: Output,
    ) -> Result<Exit, Failure> {
        at!(self.at, |place| {
            let ports = place.ports();
            self.list(ports, fits, words, output).await
        })
    }

    async fn list(
        &self,
        ports: &impl Ports,
        fits: impl Fn(&Operation) -> bool,
        words: Words,
        output: Output,
    ) -> Result<Exit, Failure> {
        let which = if self.all { Which::All } else { Which::Open };
        let mut found = items::all(ports, which).await?;
        found.retain(|operation| fits(operation));
        let (total, now) = (found.len(), SystemClock.now());
        found.truncate(self.limit);
        let mask = Mask::of(ports, self.show_pii).await;
        let row = |operation| Row::of(operation, &mask, now);
        let rows: Vec<Row> = found.iter().map(row).collect();
        output.result(&rows, |rows| {
            if rows.is_empty() {
                return words.none.to_owned();
            }
            let shown = if rows.len() < total {
                format!("the newest {} of ", rows.len())
            } else {
                String::new()
            };
            let count = counted(total, words.one);
            format!(
                "{}\n\n{shown}{count} · {}",
                items::list(rows, now),
                words.next
            )
        });
        Ok(Exit::Done)
    }
}

/// What is said around a list.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words {
    pub(super) one: &'static str,
    pub(super) none: &'static str,
    pub(super) next: &'static str,
}

/// What to show of one item.
#[derive(Debug, Args)]
pub(super) struct Show {
    /// The item's id, or how it begins
    id: String,
    /// Show personal values, and the message or request as it was received
    #[arg(long = "show-pii")]
    open: bool,
    #[command(flatten)]
    at: At,
}

impl Show {
    /// Shows it.
    pub(super) async fn show(&self, output: Output) -> Result<Exit, Failure> {
        at!(self.at, |place| self.of(place.ports(), output).await)
    }

    async fn of(&self, ports: &impl Ports, output: Output) -> Result<Exit, Failure> {
        let mask = Mask::of(ports, self.open).await;
        let operation = items::find(ports, &self.id, &mask).await?;
        let now = SystemClock.now();
        let detail = items::Detail::of(&operation, &mask, now, self.open);
        output.result(&detail, items::text);
        Ok(Exit::Done)
    }
}

/// Shows, acknowledges, closes.
pub(crate) async fn run(arguments: Arguments, output: Output) -> Result<Exit, Failure> {
    match arguments.action {
        Action::List {
            selection,
            severity,
            listing,
        } => {
            let filter = selection.filter(SystemClock.now());
            let fits = |operation: &Operation| {
                filter.fits(operation) && severity.is_none_or(|it| operation.severity() == it)
            };
            let words = Words {
                one: "failure",
                none: "no failure needs anyone",
                next: "holdfast errors show <id>",
            };
            listing.show(fits, words, output).await
        }
        Action::Show(show) => show.show(output).await,
        Action::Ack { whose } => acknowledge(&whose, output).await,
        Action::Resolve { whose, reason } => {
            let reason = reason.into();
            at!(whose.at, |place| {
                let subject = Subject::find(place, &whose).await?;
                subject
                    .decide(place, &whose, Ruling::Resolve, &reason, output)
                    .await
            })
        }
        Action::Stats { tenant, since, at } => at!(at, |place| {
            figures(place.ports(), tenant.as_ref(), since, output).await
        }),
    }
}

async fn acknowledge(whose: &Whose, output: Output) -> Result<Exit, Failure> {
    at!(whose.at, |place| {
        let subject = Subject::find(place, whose).await?;
        let request = Operate::Acknowledge {
            item: items::reference(&subject.operation),
            by: whose.person.name(),
        };
        subject.ask(place, whose, request, output).await
    })
}

async fn figures(
    ports: &impl Ports,
    tenant: Option<&TenantName>,
    since: Option<Since>,
    output: Output,
) -> Result<Exit, Failure> {
    let since = since.map(|since| since.before(SystemClock.now()));
    let all = items::all(ports, Which::All).await?;
    let wanted = all.iter().filter(|operation| {
        // The path of alerts is tried every week: nothing failed by that.
        operation.code() != alert::CANARY
            && (tenant.is_none() || operation.tenant() == tenant)
            && since.is_none_or(|since| operation.handling().opened_at >= since)
    });
    output.result(&stats(wanted), stats_text);
    Ok(Exit::Done)
}

fn stats_text(stats: &Stats) -> String {
    if stats.total.count == 0 {
        return "nothing has failed, so there are no figures".to_owned();
    }
    let groups = stats.groups.iter();
    let mut rows: Vec<_> = groups
        .map(|group| row(format!("{:?}", group.severity), &group.code, &group.figures))
        .collect();
    rows.push(row("all".to_owned(), "", &stats.total));
    let heading = [
        "SEV", "WHAT", "COUNT", "OPEN", "DETECTED", "ANSWERED", "MENDED", "UNAIDED",
    ];
    format!(
        "{}\n\nmean (and what 95 of 100 did not exceed), from the opening until\n  \
         DETECTED  people were told (MTTD)\n  ANSWERED  a person did something\n  \
         MENDED    it was settled (MTTR)\nUNAIDED is the share of the settled ones that no person touched",
        table(heading, &rows)
    )
}

fn row(severity: String, code: &str, figures: &Figures) -> [String; 8] {
    let share = figures.without_human;
    [
        severity,
        code.to_owned(),
        figures.count.to_string(),
        figures.open.to_string(),
        times(&figures.to_detect),
        times(&figures.to_human),
        times(&figures.to_resolve),
        share.map_or_else(|| "-".to_owned(), |share| format!("{:.0}%", share * 100.0)),
    ]
}

fn times(times: &Times) -> String {
    let length = |seconds: f64| {
        let length = SignedDuration::try_from_secs_f64(seconds);
        length.map_or_else(|_| "?".to_owned(), short)
    };
    match (times.mean_seconds, times.p95_seconds) {
        (Some(mean), Some(most)) => format!("{} ({})", length(mean), length(most)),
        _ => "-".to_owned(),
    }
}
