use std::cell::RefCell;
use std::collections::BTreeMap;

use super::*;
use crate::packs;
use crate::place::Webhook;

/// A stack that remembers.
#[derive(Default)]
struct Memory {
    live: RefCell<BTreeMap<TenantName, Vec<Live>>>,
    texts: RefCell<BTreeMap<ManifestId, Files>>,
    writes: RefCell<usize>,
}

impl Stack for Memory {
    fn tenants(&self) -> Vec<TenantName> {
        vec![tenant("north"), tenant("south")]
    }

    async fn live(&self, tenant: &TenantName) -> Result<Vec<Live>, Failure> {
        let live = self.live.borrow();
        let history = live.get(tenant).map(Vec::as_slice).unwrap_or_default();
        Ok(history.last().cloned().into_iter().collect())
    }

    async fn texts(&self, version: &ManifestId) -> Result<Files, Failure> {
        Ok(self.texts.borrow()[version].clone())
    }

    async fn publish(
        &self,
        tenant: &TenantName,
        pack: &FolderPack,
        canary: Option<u8>,
        by: &str,
    ) -> Result<(), Failure> {
        assert_eq!(by, "ada");
        let version = pack.pack.manifest.clone();
        let texts = (version.clone(), pack.files.clone());
        self.texts.borrow_mut().extend([texts]);
        let mut live = self.live.borrow_mut();
        let history = live.entry(tenant.clone()).or_default();
        let next = match (canary, history.last()) {
            (Some(percent), Some(last)) => Live {
                stable: last.stable.clone(),
                canary: Some(Share { version, percent }),
            },
            _ => Live {
                stable: version,
                canary: None,
            },
        };
        history.push(next);
        *self.writes.borrow_mut() += 1;
        Ok(())
    }

    async fn rollback(&self, tenant: &TenantName, _: &PackName, by: &str) -> Result<Live, Failure> {
        assert_eq!(by, "ada");
        let mut live = self.live.borrow_mut();
        let history = live.get_mut(tenant).unwrap();
        history.pop();
        Ok(history.last().unwrap().clone())
    }

    async fn keep_development_secret(
        &self,
        _tenant: &TenantName,
        _name: &str,
    ) -> Result<bool, Failure> {
        Ok(false)
    }

    async fn webhook(&self) -> Result<Webhook, Failure> {
        Err(Failure::wrong("NotAsked", "there is no door"))
    }
}

fn tenant(name: &str) -> TenantName {
    TenantName::new(name).unwrap()
}

/// A pack with these files beside its `pack.yaml`.
fn pack(files: &[(&str, &str)]) -> FolderPack {
    let folder = tempfile::tempdir().unwrap();
    for (file, text) in [("pack.yaml", "pack: shop\n")].iter().chain(files) {
        std::fs::write(folder.path().join(file), text).unwrap();
    }
    let found = packs::load(&[folder.path().to_owned()]).unwrap();
    found.into_packs().unwrap().remove(0)
}

async fn publish_north(stack: &Memory, pack: &FolderPack, canary: Option<u8>) -> Published {
    publish(stack, &tenant("north"), pack, canary, "ada")
        .await
        .unwrap()
}

fn changes(published: &Published) -> Vec<(&str, &str)> {
    let files = published.files.iter();
    files.map(|it| (it.change, it.file.as_str())).collect()
}

#[tokio::test]
async fn what_changed_is_told_against_the_stable_version() {
    let stack = Memory::default();
    let old = pack(&[("a.txt", "1"), ("b.txt", "1"), ("c.txt", "1")]);
    let first = publish_north(&stack, &old, None).await;
    assert_eq!(first.outcome, Outcome::Published);
    assert_eq!((first.before, first.files), (None, Vec::new()));
    let new = pack(&[("a.txt", "1"), ("b.txt", "2"), ("d.txt", "1")]);
    let second = publish_north(&stack, &new, None).await;
    assert_eq!(
        changes(&second),
        [
            ("changed", "b.txt"),
            ("added", "d.txt"),
            ("removed", "c.txt")
        ]
    );
    assert_eq!(second.before, Some(old.pack.manifest.to_string()));
    assert_eq!(second.live, new.pack.manifest.to_string());
}

#[tokio::test]
async fn publishing_what_is_live_writes_nothing() {
    let stack = Memory::default();
    let (old, new) = (pack(&[]), pack(&[("a.txt", "1")]));
    publish_north(&stack, &old, None).await;
    let again = publish_north(&stack, &old, None).await;
    assert_eq!(
        (again.outcome, *stack.writes.borrow()),
        (Outcome::Unchanged, 1)
    );
    publish_north(&stack, &new, Some(10)).await;
    let again = publish_north(&stack, &new, Some(10)).await;
    assert_eq!(
        (again.outcome, *stack.writes.borrow()),
        (Outcome::Unchanged, 2)
    );
}

#[tokio::test]
async fn a_canary_grows_and_becomes_the_version_of_every_record() {
    let stack = Memory::default();
    let (old, new) = (pack(&[]), pack(&[("a.txt", "1")]));
    publish_north(&stack, &old, None).await;
    for percent in [10, 50] {
        let share = publish_north(&stack, &new, Some(percent)).await;
        assert_eq!(share.outcome, Outcome::Canary);
        let (old, new) = (&old.pack.manifest, &new.pack.manifest);
        assert_eq!(share.live, format!("{old} (canary {new} of {percent}%)"));
        assert_eq!(changes(&share), [("added", "a.txt")]);
    }
    let all = publish_north(&stack, &new, None).await;
    assert_eq!(all.outcome, Outcome::Published);
    assert_eq!(all.live, new.pack.manifest.to_string());
}

#[tokio::test]
async fn a_canary_needs_another_version_beside_it() {
    let (stack, north, old) = (Memory::default(), tenant("north"), pack(&[]));
    let alone = publish(&stack, &north, &old, Some(10), "ada").await;
    assert_eq!(alone.unwrap_err().code(), "NothingStable");
    publish_north(&stack, &old, None).await;
    let same = publish(&stack, &north, &old, Some(10), "ada").await;
    assert_eq!(same.unwrap_err().code(), "AlreadyLive");
    assert_eq!(*stack.writes.borrow(), 1);
}

#[tokio::test]
async fn a_rollback_ends_the_canary_first_and_says_what_is_live_then() {
    let stack = Memory::default();
    let [one, two, three] = ["1", "2", "3"].map(|text| pack(&[("a.txt", text)]));
    publish_north(&stack, &one, None).await;
    publish_north(&stack, &two, None).await;
    publish_north(&stack, &three, Some(10)).await;
    let name = PackName::new("shop").unwrap();
    let back = async || {
        roll_back(&stack, &tenant("north"), &name, "ada")
            .await
            .unwrap()
    };
    let ended = back().await.unwrap();
    assert_eq!(ended.outcome, Outcome::CanaryEnded);
    assert_eq!(ended.live, two.pack.manifest.to_string());
    let before = back().await.unwrap();
    assert_eq!(before.outcome, Outcome::RolledBack);
    assert_eq!(before.live, one.pack.manifest.to_string());
    let other = roll_back(&stack, &tenant("south"), &name, "ada")
        .await
        .unwrap();
    assert_eq!(other, None);
}

#[test]
fn a_tenant_that_the_stack_does_not_serve_is_refused() {
    let stack = Memory::default();
    assert_eq!(tenants(&stack, None).unwrap().len(), 2);
    let south = tenant("south");
    assert_eq!(tenants(&stack, Some(&south)).unwrap(), [south]);
    let refused = tenants(&stack, Some(&tenant("west"))).unwrap_err();
    assert!(refused.to_string().contains("north, south"), "{refused}");
}
