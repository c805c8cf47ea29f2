//! What is published to the stack under test.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_ssm::types::ParameterType;
use holdfast_aws::definitions::{Published, Rollout};
use holdfast_embedded::clock::SystemClock;
use holdfast_embedded::registry::catalog;
use holdfast_embedded::secrets::DEVELOPMENT_SECRET;
use holdfast_engine::definition::model::Pack;
use holdfast_engine::definition::{self, Files};
use holdfast_engine::name::TenantName;
use holdfast_engine::port::{Clock, Definitions, Ports};
use tokio::sync::OnceCell;

use crate::{Stack, tenant};

/// The tenants of the stories, each with the folder of its pack.
const PACKS: [(&str, &str); 8] = [
    ("demo", "workflows/dental"),
    ("north", "tests/stack/packs/shop"),
    ("south", "tests/stack/packs/shop"),
    ("east", "tests/stack/packs/shop"),
    ("west", "tests/stack/packs/shop"),
    ("centre", "tests/stack/packs/shop"),
    ("lake", "tests/stack/packs/shop"),
    ("hill", "tests/stack/packs/slow"),
];

/// How long functions may not see a new version.
pub const UNSEEN: Duration = Duration::from_secs(30);

impl Stack {
    /// Publishes every story's pack, once a process, and waits until each function sees them.
    pub(crate) async fn publish_all(&self) {
        static DONE: OnceCell<()> = OnceCell::const_new();
        DONE.get_or_init(async || {
            let mut changed = false;
            for (of, folder) in PACKS {
                let (_, published) = self.publish_files(&tenant(of), &read(&file(folder))).await;
                changed |= published.before.as_ref() != Some(&published.live);
            }
            if changed {
                tokio::time::sleep(UNSEEN).await;
            }
        })
        .await;
    }

    /// The pack of a tenant that has one.
    pub async fn pack(&self, tenant: &TenantName) -> Arc<Pack> {
        let live = self.ports.definitions().live(tenant).await.unwrap();
        Arc::clone(&live.unwrap()[0])
    }

    /// Publishes these texts, with the well-known secret for everything that they name.
    pub async fn publish_files(
        &self,
        tenant: &TenantName,
        files: &Files,
    ) -> (Arc<Pack>, Published) {
        let catalog = catalog::<SystemClock>();
        let (pack, _) = definition::load(files, &catalog).expect("the pack compiles");
        for name in pack.secret_names() {
            self.keep_secret(tenant, name).await;
        }
        let definitions = self.ports.definitions();
        let by = ("tests", SystemClock.now());
        let published = definitions
            .publish(tenant, (&pack.manifest, files, &catalog), Rollout::All, by)
            .await
            .unwrap();
        (
            definitions.version(&pack.manifest).await.unwrap(),
            published,
        )
    }

    async fn keep_secret(&self, tenant: &TenantName, name: &str) {
        let prefix = &self.ports.config().secrets_prefix;
        let put = self.sdk.ssm.put_parameter();
        put.name(format!("{prefix}/{tenant}/{name}"))
            .r#type(ParameterType::SecureString)
            .value(DEVELOPMENT_SECRET)
            .overwrite(true)
            .send()
            .await
            .unwrap();
    }
}

/// A file of the project.
pub fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

/// The texts of a pack's folder by their paths.
pub fn read(root: &Path) -> Files {
    fn walk(root: &Path, folder: &Path, files: &mut BTreeMap<String, String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(root, &path, files);
            } else {
                let name = path.strip_prefix(root).unwrap().to_string_lossy();
                files.insert(name.into_owned(), std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    let mut files = BTreeMap::new();
    walk(root, root, &mut files);
    files
}
