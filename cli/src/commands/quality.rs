//! `holdfast quality`: how good the data is that came in.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use clap::Args;
use holdfast_embedded::clock::SystemClock;
use holdfast_engine::id::IMPORT_TYPE;
use holdfast_engine::name::{SourceName, TenantName};
use holdfast_engine::port::{Clock, Definitions, Ports};
use holdfast_engine::quality::{Counts, HourOfSource, since};
use jiff::Timestamp;
use serde::Serialize;

use crate::age::Since;
use crate::failure::{Exit, Failure};
use crate::output::style::{BOLD, PLAIN};
use crate::output::{Output, counted};
use crate::place::{At, Place, at};
use crate::table::table;

/// Which figures to show.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Only this source
    #[arg(long)]
    source: Option<SourceName>,
    /// Only this tenant
    #[arg(long)]
    tenant: Option<TenantName>,
    /// From the hour on in which this was: 24h, 7d, or a time
    #[arg(long, default_value = "24h")]
    since: Since,
    #[command(flatten)]
    at: At,
}

/// The figures of a source.
#[derive(Debug, Serialize)]
struct Figures {
    tenant: TenantName,
    source: SourceName,
    since: Timestamp,
    /// The share of events that passed, from 0 to 1.
    passing: Option<f64>,
    /// The share of events in which each field was set and passed, from 0 to 1.
    complete: BTreeMap<String, f64>,
    total: Counts,
    hours: Vec<HourOfSource>,
}

/// Shows the figures.
pub(crate) async fn run(arguments: &Arguments, output: Output) -> Result<Exit, Failure> {
    at!(arguments.at, |place| {
        let from = arguments.since.before(SystemClock.now());
        let figures = figures(place.ports(), arguments, from).await?;
        output.result(&figures, |figures| text(figures));
        Ok(Exit::Done)
    })
}

async fn figures(
    ports: &impl Ports,
    arguments: &Arguments,
    from: Timestamp,
) -> Result<Vec<Figures>, Failure> {
    let mut figures = Vec::new();
    let wanted = |tenant: &TenantName| arguments.tenant.as_ref().is_none_or(|it| it == tenant);
    for tenant in ports
        .definitions()
        .tenants()
        .await?
        .iter()
        .filter(|it| wanted(it))
    {
        let mut of_source = BTreeMap::<SourceName, Vec<HourOfSource>>::new();
        for hour in since(ports, tenant, from).await? {
            of_source.entry(hour.source.clone()).or_default().push(hour);
        }
        if let Some(source) = &arguments.source {
            of_source.retain(|name, _| name == source);
        }
        let each = of_source.into_iter();
        figures.extend(each.map(|(source, hours)| Figures::of(tenant, source, from, hours)));
    }
    Ok(figures)
}

impl Figures {
    fn of(
        tenant: &TenantName,
        source: SourceName,
        since: Timestamp,
        hours: Vec<HourOfSource>,
    ) -> Self {
        let mut total = Counts::default();
        for hour in &hours {
            total.add(&hour.counts);
        }
        let fields = total.fields.iter();
        let complete = fields.filter_map(|(name, field)| Some((name.clone(), field.complete()?)));
        Self {
            tenant: tenant.clone(),
            passing: total.passing(),
            complete: complete.collect(),
            source,
            since,
            total,
            hours,
        }
    }
}

fn text(figures: &[Figures]) -> String {
    if figures.is_empty() {
        return "no event came in, so there are no figures".to_owned();
    }
    let sources: Vec<String> = figures.iter().map(of_source).collect();
    sources.join("\n\n")
}

fn of_source(figures: &Figures) -> String {
    let total = &figures.total;
    let is_import = figures.source.as_str() == IMPORT_TYPE;
    let events = counted(
        usize::try_from(total.events()).unwrap_or(usize::MAX),
        if is_import { "row" } else { "event" },
    );
    let mut text = format!(
        "{BOLD}{} of {}{PLAIN}, since {:.0}: {events}, {} passing, {} for review, {} not accepted",
        figures.source,
        figures.tenant,
        figures.since,
        percent(figures.passing),
        total.review,
        total.ignored
    );
    if !total.fields.is_empty() {
        let _ = write!(text, "\n\n{}", fields(total));
    }
    if !total.records.is_empty() {
        let _ = write!(text, "\n\n{}", records(total));
    }
    text
}

fn fields(total: &Counts) -> String {
    let row = |(name, field): (&String, &holdfast_engine::quality::FieldCounts)| {
        [
            name.clone(),
            percent(field.complete()),
            field.set.to_string(),
            field.unset.to_string(),
            field.wrong.to_string(),
        ]
    };
    let rows: Vec<_> = total.fields.iter().map(row).collect();
    table(["FIELD", "COMPLETE", "SET", "UNSET", "WRONG"], &rows)
}

fn records(total: &Counts) -> String {
    let rows: Vec<_> = total
        .records
        .iter()
        .map(|(name, records)| {
            [
                name.to_string(),
                records.created.to_string(),
                records.duplicates.to_string(),
            ]
        })
        .collect();
    table(["RECORD", "CREATED", "PROBABLE DUPLICATES"], &rows)
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "-".to_owned(), |share| format!("{:.1}%", share * 100.0))
}

#[cfg(test)]
mod tests {
    use holdfast_engine::quality::{FieldCounts, RecordCounts};

    use super::*;

    #[test]
    fn the_figures_of_a_source_are_a_sentence_and_two_tables() {
        let (set, unset, wrong) = (7, 2, 1);
        let (created, duplicates) = (4, 1);
        let counts = Counts {
            passed: 9,
            review: 1,
            ignored: 3,
            fields: [("lead.phone".to_owned(), FieldCounts { set, unset, wrong })].into(),
            records: [(
                "lead".parse().unwrap(),
                RecordCounts {
                    created,
                    duplicates,
                },
            )]
            .into(),
        };
        let hour = HourOfSource {
            hour: Timestamp::UNIX_EPOCH,
            source: "form".parse().unwrap(),
            counts,
        };
        let (tenant, source) = ("demo".parse().unwrap(), "form".parse().unwrap());
        let hours = vec![hour.clone(), hour];
        let figures = Figures::of(&tenant, source, Timestamp::UNIX_EPOCH, hours);
        let shown = text(&[figures]).replace(BOLD, "").replace(PLAIN, "");
        assert_eq!(
            shown,
            "form of demo, since 1970-01-01T00:00:00Z: 20 events, 90.0% passing, 2 for review, 6 not accepted\n\n\
             FIELD       COMPLETE  SET  UNSET  WRONG\nlead.phone  70.0%     14   4      2\n\n\
             RECORD  CREATED  PROBABLE DUPLICATES\nlead    8        2"
        );
    }
}
