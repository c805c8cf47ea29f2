//! What is left after a restart, a crash or a full disk.

use super::*;

#[tokio::test]
async fn a_reopened_sandbox_knows_everything() {
    let setup = Setup::new();
    let sandbox = setup.open();
    setup.text(&sandbox, "a").await.unwrap();
    setup.text(&sandbox, "a").await.unwrap();
    let before = sandbox.deliveries().unwrap();
    drop(sandbox);
    let sandbox = setup.open();
    assert_eq!(sandbox.deliveries().unwrap(), before);
    assert_eq!(setup.text(&sandbox, "b").await.unwrap().id, "sandbox-2");
    assert_eq!(setup.text(&sandbox, "a").await.unwrap().id, "sandbox-1");
    assert_eq!(repeats(&sandbox), counted(&[("a", 2), ("b", 0)]));
}

#[tokio::test]
async fn a_torn_last_line_is_cut_off() {
    let torn: [&[u8]; 4] = [
        b"{",
        b"{\"delivery\":{\"id\":\"sandbox-2\"",
        b"\n",
        b"\0\0\n\0",
    ];
    for torn in torn {
        let setup = Setup::new();
        setup.text(&setup.open(), "a").await.unwrap();
        setup.append(torn);
        let sandbox = setup.open();
        assert_eq!(repeats(&sandbox), counted(&[("a", 0)]), "{torn:?}");
        setup.text(&sandbox, "b").await.unwrap();
        drop(sandbox);
        assert_eq!(repeats(&setup.open()), counted(&[("a", 0), ("b", 0)]));
    }
}

#[tokio::test]
async fn a_damaged_line_before_others_is_named() {
    let setup = Setup::new();
    setup.text(&setup.open(), "a").await.unwrap();
    let path = setup.folder.path().join(FILE);
    let good = std::fs::read(&path).unwrap();
    setup.append(b"damage\n");
    setup.append(&good);
    let error = Sandbox::open(setup.folder.path(), Frozen).unwrap_err();
    assert!(matches!(error, SandboxError::Damaged { line: 2, .. }));
}

#[tokio::test]
async fn calls_at_once_share_a_sync() {
    let setup = Arc::new(Setup::new());
    let sandbox = Arc::new(setup.open());
    let mut calls = tokio::task::JoinSet::new();
    for n in 0..500 {
        let (setup, sandbox) = (Arc::clone(&setup), Arc::clone(&sandbox));
        calls.spawn(async move { setup.text(&sandbox, &n.to_string()).await });
    }
    let receipts = calls.join_all().await;
    assert!(receipts.iter().all(Result::is_ok));
    assert_eq!(sandbox.deliveries().unwrap().len(), 500);
    assert!(sandbox.syncs() < 250, "{} syncs", sandbox.syncs());
}

/// A disk that is full while `full` is set, after half of what it is given.
struct Disk {
    bytes: Arc<Mutex<Vec<u8>>>,
    full: Arc<AtomicBool>,
}

impl Medium for Disk {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let full = self.full.load(Ordering::SeqCst);
        let len = if full { bytes.len() / 2 } else { bytes.len() };
        self.bytes.lock().unwrap().extend_from_slice(&bytes[..len]);
        if full {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn cut(&mut self, len: u64) -> io::Result<()> {
        let len = usize::try_from(len).unwrap();
        self.bytes.lock().unwrap().truncate(len);
        Ok(())
    }
}

#[tokio::test]
async fn a_full_disk_accepts_nothing_and_recovers_by_itself() {
    let (bytes, full) = (Arc::default(), Arc::new(AtomicBool::new(false)));
    let disk = Disk {
        bytes: Arc::clone(&bytes),
        full: Arc::clone(&full),
    };
    let setup = Setup::new();
    let mut sandbox = setup.open();
    let progress = Arc::new(Progress::at(0));
    sandbox.writer = Writer::start(Log::new(disk, 0), Ledger::default(), progress).unwrap();
    setup.text(&sandbox, "a").await.unwrap();
    full.store(true, Ordering::SeqCst);
    for _ in 0..2 {
        let error = setup.text(&sandbox, "b").await.unwrap_err();
        assert!(matches!(error, CallError::NotSent { .. }));
    }
    full.store(false, Ordering::SeqCst);
    assert_eq!(setup.text(&sandbox, "b").await.unwrap().id, "sandbox-2");
    let written = bytes.lock().unwrap().clone();
    let mut deliveries = Vec::new();
    let scanned = log::scan(Path::new("disk"), &written[..], |line| {
        delivery::fold(&mut deliveries, line);
    });
    assert_eq!(scanned.unwrap(), written.len() as u64);
    let keys: Vec<&str> = deliveries.iter().map(|d| &*d.idempotency_key).collect();
    assert_eq!(keys, ["a", "b"]);
}
