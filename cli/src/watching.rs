//! `--watch`: what an editor saves is published; what is broken is shown, and the live version
//! stays.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use holdfast_embedded::clock::SystemClock;
use holdfast_embedded::definitions::LoadedPack;
use holdfast_embedded::system::System;
use holdfast_engine::definition::model::ManifestId;
use holdfast_engine::name::TenantName;
use notify::{Event, RecursiveMode, Watcher};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::failure::Failure;
use crate::output::Output;
use crate::output::style::{GREEN, PLAIN};
use crate::packs::{self, FolderPack};

/// Editors write a file in several moves: what comes this close together is one change.
const CALM: Duration = Duration::from_millis(150);

/// Watches the folders of packs.
pub(crate) struct Watch {
    folders: Vec<PathBuf>,
    tenants: Vec<TenantName>,
    live: Vec<ManifestId>,
    output: Output,
    changes: UnboundedReceiver<()>,
    _watcher: notify::RecommendedWatcher,
}

impl Watch {
    /// Begins to watch.
    ///
    /// # Errors
    /// [`Failure`] when the operating system does not watch the folders.
    pub(crate) fn begin(
        packs: &[FolderPack],
        tenants: &[TenantName],
        output: Output,
    ) -> Result<Self, Failure> {
        let refused = |error: notify::Error| {
            Failure::unreachable("WatchRefused", format!("--watch is not possible: {error}"))
        };
        let (sender, changes) = unbounded_channel();
        let tell = move |event: notify::Result<Event>| {
            if event.is_ok_and(|event| !event.kind.is_access()) {
                // Nobody listens any more: the process ends.
                let _ = sender.send(());
            }
        };
        let mut watcher = notify::recommended_watcher(tell).map_err(refused)?;
        for pack in packs {
            watcher
                .watch(&pack.folder, RecursiveMode::Recursive)
                .map_err(refused)?;
        }
        Ok(Self {
            folders: packs.iter().map(|pack| pack.folder.clone()).collect(),
            tenants: tenants.to_vec(),
            live: manifests(packs),
            output,
            changes,
            _watcher: watcher,
        })
    }

    /// Publishes every change that compiles.
    pub(crate) async fn run(mut self, system: Arc<System<SystemClock>>) {
        while self.changes.recv().await.is_some() {
            while tokio::time::timeout(CALM, self.changes.recv())
                .await
                .is_ok_and(|change| change.is_some())
            {}
            if let Err(failure) = self.publish(&system).await {
                self.output.failure(failure.code(), &failure.to_string());
                self.output.note("the live version stays");
            }
        }
    }

    async fn publish(&mut self, system: &System<SystemClock>) -> Result<(), Failure> {
        let packs = packs::load(&self.folders)?.into_packs()?;
        let manifests = manifests(&packs);
        if manifests == self.live {
            return Ok(());
        }
        let loaded: Vec<LoadedPack> = packs.iter().map(FolderPack::loaded).collect();
        let missing = system.missing_secrets(&self.tenants, &loaded);
        if !missing.is_empty() {
            let message = format!("secrets are not set: {}", missing.join("; "));
            return Err(Failure::wrong("SecretsMissing", message));
        }
        system.publish(&self.tenants, &loaded).await?;
        for manifest in manifests.iter().filter(|new| !self.live.contains(new)) {
            self.output
                .note(format!("{GREEN}published{PLAIN} {manifest}"));
        }
        self.live = manifests;
        Ok(())
    }
}

fn manifests(packs: &[FolderPack]) -> Vec<ManifestId> {
    packs
        .iter()
        .map(|pack| pack.pack.manifest.clone())
        .collect()
}
