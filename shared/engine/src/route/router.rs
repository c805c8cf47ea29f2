//! Routing one event: replay what was decided, or decide, write, and only then dispatch.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use super::canary::versions as versions_for;
use super::candidate::{Candidate, candidates};
use super::decide::Decider;
use super::entry::{Decision, EventEntry, Outcome, snapshot_name};
use super::receipt::receipted;
use super::resolve::{Resolved, Trouble, resolve_all};
use super::write::{decode, drop_known, entry_key, question, writes};
use crate::contract::messages;
use crate::definition::model::Pack;
use crate::event::{EventMessage, Origin};
use crate::id::RecordRef;
use crate::port::{
    Clock, CommitError, Conflict, Definitions, Delivery, Item, Journal, Key, Outgoing, PortError,
    Ports, Queue, Verdict, Write,
};
use crate::record::find_record;

/// How often an event is decided again because its conditional put lost a race.
const MAX_LOOKS: u32 = 10;

/// Routes events.
#[derive(Debug)]
pub struct Router<P> {
    pub(super) ports: Arc<P>,
}

/// What was decided about an event, and by which versions.
struct Decided {
    entry: EventEntry,
    packs: Arc<[Arc<Pack>]>,
}

impl<P: Ports> Router<P> {
    /// A router on these ports.
    #[must_use]
    pub fn new(ports: Arc<P>) -> Self {
        Self { ports }
    }

    /// Handles one delivered event.
    ///
    /// # Errors
    /// [`Trouble`] when it has to be delivered again.
    pub async fn route(
        &self,
        message: &EventMessage,
        delivery: &Delivery,
    ) -> Result<Verdict, Trouble> {
        let key = entry_key(message);
        if let Some(item) = self.decided(&key, delivery).await? {
            return self.dispatch(&decode(&item)?).await;
        }
        let decided = match self.decide(message).await {
            Ok(Some(decided)) => decided,
            Ok(None) => return Ok(Verdict::Acknowledge),
            Err(trouble @ (Trouble::Ambiguous { .. } | Trouble::Invalid { .. })) => {
                self.ask(message, delivery, &trouble).await?;
                return Ok(Verdict::Acknowledge);
            }
            Err(trouble) => return Err(trouble),
        };
        let Decided { entry, packs } = decided;
        let writes = writes(&key, message, delivery, &entry, &packs)?;
        self.settle(writes, &entry).await
    }

    /// Decides everything about an event; `None`: a record event that no trigger wants.
    async fn decide(&self, message: &EventMessage) -> Result<Option<Decided>, Trouble> {
        let definitions = self.ports.definitions();
        let live = definitions.live(&message.tenant).await?.unwrap_or_default();
        let (resolved, home) = self.records(message, &live).await?;
        let canaries = definitions.canaries(&message.tenant).await?;
        let packs = versions_for(&live, &canaries, &home);
        let now = self.ports.clock().now();
        let candidates = candidates(message, &packs, &resolved, &home);
        if candidates.is_empty() && !matches!(message.origin, Origin::Source { .. }) {
            return Ok(None);
        }
        let mut entry = EventEntry {
            event: message.event.clone(),
            lineage: message.lineage.clone(),
            home,
            decided_at: now,
            records: resolved.records,
            snapshots: BTreeMap::new(),
            config: BTreeMap::new(),
            decisions: Vec::new(),
        };
        for candidate in candidates {
            let decision = self.decide_one(&mut entry, candidate, now).await?;
            entry.decisions.push(decision);
        }
        Ok(Some(Decided { entry, packs }))
    }

    async fn decide_one(
        &self,
        entry: &mut EventEntry,
        candidate: Candidate<'_>,
        now: Timestamp,
    ) -> Result<Decision, Trouble> {
        let Candidate {
            pack,
            workflow,
            home,
        } = candidate;
        let mut decision = Decision {
            workflow: workflow.name.clone(),
            manifest: pack.manifest.clone(),
            home: home.clone().unwrap_or_else(|| entry.home.clone()),
            outcome: Outcome::Skipped {
                reason: "the event has no such record".to_owned(),
            },
        };
        let Some(home) = home else {
            return Ok(decision);
        };
        self.take_snapshot(entry, &home).await?;
        let name = &pack.manifest.pack;
        let config = self.ports.definitions().config(&home.tenant, name);
        let config = with_defaults(pack, (*config.await?).clone());
        entry.config.insert(name.to_string(), config);
        decision.home = home.clone();
        let context = entry.context(&decision);
        let journal = self.ports.journal();
        let decider = Decider {
            journal,
            workflow,
            manifest: &pack.manifest,
            home: &home,
            now,
        };
        Ok(decider.decide(context).await?)
    }

    /// Reads the record that decisions are based on; a record event has its own snapshot.
    async fn take_snapshot(
        &self,
        entry: &mut EventEntry,
        home: &RecordRef,
    ) -> Result<(), PortError> {
        let name = snapshot_name(home);
        if entry.event.after.is_some()
            || entry.event.before.is_some()
            || entry.snapshots.contains_key(&name)
        {
            return Ok(());
        }
        if let Some((record, _)) = find_record(self.ports.journal(), home).await? {
            entry.snapshots.insert(name, record.snapshot());
        }
        Ok(())
    }

    /// The records of an event, and the one in whose timeline it lies.
    async fn records(
        &self,
        message: &EventMessage,
        packs: &[Arc<Pack>],
    ) -> Result<(Resolved, RecordRef), Trouble> {
        let (source, manifest, records, receipt) = match &message.origin {
            Origin::Record { record: home, .. } | Origin::Batch { home, .. } => {
                return Ok((Resolved::default(), home.clone()));
            }
            Origin::Source {
                source,
                manifest,
                records,
                receipt,
            } => (source, manifest, records, receipt),
        };
        let live = packs
            .iter()
            .find(|pack| pack.manifest == *manifest)
            .cloned();
        let pack = match live {
            Some(pack) => pack,
            None => self.ports.definitions().version(manifest).await?,
        };
        let fallback = RecordRef::of_source(&message.tenant, source)
            .map_err(|error| PortError::Unavailable(error.to_string()))?;
        let Some(definition) = pack.sources.get(source) else {
            return Ok((Resolved::default(), fallback));
        };
        let resolved =
            resolve_all(self.ports.as_ref(), &pack, definition, records, message).await?;
        let receipted = receipted(self.ports.journal(), receipt.as_deref(), message).await?;
        let home = receipted
            .or_else(|| resolved.owner.clone())
            .unwrap_or(fallback);
        Ok((resolved, home))
    }

    /// Writes the decisions at once, then dispatches; if another invocation was first, its
    /// decisions hold.
    async fn settle(&self, mut writes: Vec<Write>, entry: &EventEntry) -> Result<Verdict, Trouble> {
        let messages = self.messages(entry).await?;
        for _ in 0..MAX_LOOKS {
            let committed = self.ports.commit_and_send(writes.clone(), messages.clone());
            match committed.await {
                Ok(()) => {
                    self.arm(entry).await?;
                    return Ok(Verdict::Acknowledge);
                }
                Err(CommitError::Port(error)) => return Err(error.into()),
                Err(CommitError::Conflict(conflicts)) => {
                    match conflicts.iter().find(|conflict| conflict.index == 0) {
                        Some(Conflict {
                            found: Some(item), ..
                        }) => {
                            return self.dispatch(&decode(item)?).await;
                        }
                        Some(_) => return Err(Trouble::Contended),
                        None => drop_known(&mut writes, &conflicts),
                    }
                }
            }
        }
        Err(Trouble::Contended)
    }

    /// Sends the first messages of every execution that was started, byte for byte the same on
    /// every replay.
    async fn dispatch(&self, entry: &EventEntry) -> Result<Verdict, Trouble> {
        let messages = self.messages(entry).await?;
        if !messages.is_empty() {
            self.ports.queue().send(messages).await?;
        }
        self.arm(entry).await?;
        Ok(Verdict::Acknowledge)
    }

    async fn messages(&self, entry: &EventEntry) -> Result<Vec<Outgoing>, Trouble> {
        let created = self.ports.clock().now();
        let mut all = Vec::new();
        for decision in &entry.decisions {
            if let (Some(execution), Outcome::Started { dispatch, .. }) =
                (EventEntry::execution(decision), &decision.outcome)
            {
                let pack = self.ports.definitions().version(&decision.manifest).await?;
                let context = entry.context(decision);
                all.extend(messages(&pack, &execution, 1, &context, dispatch, created)?);
            }
        }
        Ok(all)
    }

    /// Leaves an event to a person; the whole event waits. A repeated question is one.
    async fn ask(
        &self,
        message: &EventMessage,
        delivery: &Delivery,
        trouble: &Trouble,
    ) -> Result<(), Trouble> {
        let now = self.ports.clock().now();
        let mut found: Option<Item> = None;
        for _ in 0..MAX_LOOKS {
            let Some(write) = question(message, delivery, trouble, found.as_ref(), now)? else {
                return Ok(());
            };
            match self.ports.journal().commit(vec![write]).await {
                Ok(()) => return Ok(()),
                Err(CommitError::Port(error)) => return Err(error.into()),
                Err(CommitError::Conflict(conflicts)) => {
                    found = conflicts.into_iter().find_map(|conflict| conflict.found);
                }
            }
        }
        Err(Trouble::Contended)
    }

    /// The entry of an event that was decided. A first delivery may miss one that was written a
    /// moment ago, as if both were decided at once: the conditional put tells.
    async fn decided(&self, key: &Key, delivery: &Delivery) -> Result<Option<Item>, PortError> {
        let (journal, key) = (self.ports.journal(), std::slice::from_ref(key));
        let found = if delivery.receive_count == 1 {
            journal.read_lately(key).await?
        } else {
            journal.read(key).await?
        };
        Ok(found.into_iter().flatten().next())
    }
}

/// A tenant's settings with the defaults of what only a canary has.
fn with_defaults(pack: &Pack, mut config: Map<String, Json>) -> Map<String, Json> {
    for (name, field) in &pack.config {
        if let (Some(default), false) = (&field.default, config.contains_key(name)) {
            config.insert(name.clone(), default.clone());
        }
    }
    config
}
