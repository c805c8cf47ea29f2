//! One test from its beginning to its end.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use holdfast_embedded::clock::VirtualClock;
use holdfast_embedded::control;
use holdfast_embedded::inject::Faults;
use holdfast_embedded::registry::{Extension, Registry};
use holdfast_embedded::sandbox;
use holdfast_embedded::store::Options;
use holdfast_embedded::system::{Settings, System};
use holdfast_engine::definition::test_file::{Reply, TestAction, TestDefinition};
use holdfast_engine::name::TenantName;
use holdfast_engine::port::{Clock, Ports};
use holdfast_engine::timeline::{Glossary, of_record};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::expect::{Mismatch, check};
use super::given::prepare;
use crate::data::DEVELOPMENT_TENANT;
use crate::event_file::{EventFile, development_secret};
use crate::failure::Failure;
use crate::packs::FolderPack;
use crate::trace_text;

/// When a test begins that does not say so.
const BEGINNING: i64 = 1_795_168_800;

/// The address under which the tested system is reached, which some providers sign.
const PUBLIC_URL: &str = "http://127.0.0.1:8080";

/// How long handling may take, in real time, before something is wrong.
const PATIENCE: Duration = Duration::from_secs(30);

/// Who waits on the spot for the turn of a rate, waits no longer than this.
const ON_THE_SPOT: Duration = Duration::from_millis(100);

/// How long, in real time, nothing settles before somebody may wait on the spot.
const PAUSE: Duration = Duration::from_millis(20);

/// Virtual time passes in this many steps, or in seconds, and stops whenever something falls due:
/// it happens at its time, and in its order.
const STEPS: i64 = 1000;

/// What came of a test.
#[derive(Debug, Serialize)]
pub(crate) struct Outcome {
    /// The name of its file.
    pub(crate) name: String,
    /// What it says.
    pub(crate) sentence: String,
    /// Where what happened is not what was expected; none: it passed.
    pub(crate) mismatches: Vec<Mismatch>,
    /// What happened, for a test that did not pass.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) trace: String,
}

/// Performs a test.
///
/// # Errors
/// [`Failure`] when it cannot be performed: a missing event file, records that are none.
pub(crate) async fn perform(pack: &FolderPack, test: &TestDefinition) -> Result<Outcome, Failure> {
    let folder = tempfile::tempdir()
        .map_err(|error| Failure::unreachable("DataFolderUnusable", error.to_string()))?;
    let tenant =
        TenantName::new(DEVELOPMENT_TENANT).map_err(|error| Failure::Usage(error.to_string()))?;
    let beginning = Timestamp::from_second(BEGINNING).unwrap_or(Timestamp::UNIX_EPOCH);
    let clock = VirtualClock::new(test.now.unwrap_or(beginning));
    prepare(folder.path(), &tenant, &pack.pack, test, &clock).await?;
    let system = System::start(settings(folder.path(), pack, &tenant, &clock)).await?;
    let scenario = Scenario {
        pack,
        tenant,
        clock,
        system,
    };
    let mismatches = scenario.play(test).await?;
    let trace = if mismatches.is_empty() {
        String::new()
    } else {
        scenario.trace().await?
    };
    scenario.system.stop().await;
    Ok(Outcome {
        name: test.name.clone(),
        sentence: test.sentence.clone(),
        mismatches,
        trace,
    })
}

fn settings(
    folder: &Path,
    pack: &FolderPack,
    tenant: &TenantName,
    clock: &VirtualClock,
) -> Settings<VirtualClock> {
    Settings {
        data: folder.to_owned(),
        development: true,
        tenants: vec![tenant.clone()],
        packs: vec![pack.loaded()],
        secrets: std::collections::BTreeMap::new(),
        public_url: Some(PUBLIC_URL.to_owned()),
        clock: clock.clone(),
        seed: Some(1),
        // Replies are taken in the order in which calls come, which must be the same every time.
        extension: Some(Extension {
            catalog: |_| {},
            registry: Registry::one_by_one,
        }),
        store: Options::default(),
        faults: Faults::default(),
    }
}

/// A test under way.
pub(super) struct Scenario<'a> {
    pub(super) pack: &'a FolderPack,
    pub(super) tenant: TenantName,
    pub(super) clock: VirtualClock,
    pub(super) system: System<VirtualClock>,
}

impl Scenario<'_> {
    async fn play(&self, test: &TestDefinition) -> Result<Vec<Mismatch>, Failure> {
        for (connection, replies) in &test.replies {
            let replies = replies.iter().map(reply);
            self.system.sandbox().answer_next(connection, replies);
        }
        let mut mismatches = Vec::new();
        for action in &test.actions {
            match action {
                TestAction::Event { file } => mismatches.extend(self.event(file).await?),
                TestAction::Advance(span) => {
                    let target = span.add_to(self.clock.now(), &TimeZone::UTC);
                    let target =
                        target.map_err(|error| Failure::wrong("InvalidTest", error.to_string()))?;
                    self.advance(target).await?;
                }
            }
            self.settle().await?;
        }
        mismatches.extend(check(self, test).await?);
        Ok(mismatches)
    }

    /// Delivers an event file; a refusal is not what a test expects.
    async fn event(&self, file: &str) -> Result<Option<Mismatch>, Failure> {
        let event = EventFile::read(&self.locate(file)?)?;
        let source = event
            .endpoint()
            .and_then(|(_, name)| self.pack.pack.sources.get(&name));
        let source = source.ok_or_else(|| {
            Failure::wrong(
                "UnknownSource",
                format!("{file} is for no source of the pack"),
            )
        })?;
        let (secret, now) = (development_secret()?, self.clock.now());
        let request = event.signed(&self.tenant, source, &secret, PUBLIC_URL, now)?;
        let answer = self.system.receive(&request).await;
        Ok((answer.status >= 300).then(|| Mismatch {
            expectation: format!("event {file}"),
            expected: "an answer of 202".to_owned(),
            actual: format!("{} {}", answer.status, answer.body),
        }))
    }

    /// An event file: by its path from the pack's folder, from here, or from a folder above the
    /// pack.
    fn locate(&self, file: &str) -> Result<PathBuf, Failure> {
        let folder = self.pack.folder.canonicalize();
        let folder = folder.unwrap_or_else(|_| self.pack.folder.clone());
        let above = folder.ancestors().map(|folder| folder.join(file));
        let mut places = above.chain([PathBuf::from(file)]);
        places.find(|place| place.is_file()).ok_or_else(|| {
            let shown = folder.display();
            Failure::wrong(
                "NoEventFile",
                format!("there is no event file {file} at {shown}"),
            )
        })
    }

    async fn advance(&self, target: Timestamp) -> Result<(), Failure> {
        let whole = target.duration_since(self.clock.now());
        let step =
            (whole / i32::try_from(STEPS).unwrap_or(i32::MAX)).max(SignedDuration::from_secs(1));
        while self.clock.now() < target {
            let now = self.clock.now();
            let next = now.checked_add(step).unwrap_or(target).min(target);
            let due = self.system.next_due().filter(|due| *due > now);
            self.clock.advance_to(due.map_or(next, |due| due.min(next)));
            self.settle().await?;
        }
        Ok(())
    }

    async fn settle(&self) -> Result<(), Failure> {
        let began = tokio::time::Instant::now();
        while began.elapsed() < PATIENCE {
            let settled = tokio::time::timeout(PAUSE, self.system.until_settled());
            if settled.await.is_ok() {
                return Ok(());
            }
            self.end_waits();
        }
        let seconds = PATIENCE.as_secs();
        Err(Failure::wrong(
            "NotSettled",
            format!("messages are handled for over {seconds} s"),
        ))
    }

    /// Lets so much time pass that whoever waits on the spot goes on: nothing else would move.
    fn end_waits(&self) {
        let soon = self.clock.now().saturating_add(ON_THE_SPOT);
        let due = self.clock.next_due();
        if let Some(due) = due.filter(|due| soon.is_ok_and(|soon| *due <= soon)) {
            self.clock.advance_to(due);
        }
    }

    /// The timelines of all records that events concern.
    async fn trace(&self) -> Result<String, Failure> {
        let events = control::events(self.system.store(), &self.tenant)?;
        let mut homes: Vec<_> = events.into_iter().map(|entry| entry.home).collect();
        homes.sort();
        homes.dedup();
        let glossary = Glossary::open(vec![Arc::clone(&self.pack.pack)]);
        let mut text = String::new();
        for home in homes {
            let timeline = of_record(self.system.ports().journal(), &home, &glossary).await?;
            text.push_str(&trace_text::text(&timeline));
            text.push('\n');
        }
        Ok(text)
    }
}

fn reply(reply: &Reply) -> sandbox::Reply {
    match reply {
        Reply::Answer {
            status,
            headers,
            body,
        } => sandbox::Reply::Respond {
            status: *status,
            headers: headers
                .iter()
                .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()))
                .collect(),
            body: body.clone(),
        },
        Reply::Timeout => sandbox::Reply::Timeout,
        Reply::Reset => sandbox::Reply::Reset,
        Reply::Drop => sandbox::Reply::Drop,
    }
}
