//! Serves webhooks on a free port until it is killed, or kills itself: the victim of the tests of
//! kills, power cuts and full disks. It also ends when its input does, so that none is left behind.
//!
//! `victim <argument>…`, as a `Plan` writes them. Prints its address, and answers each line of
//! its input: `quiet` once nothing is under way, `limit <bytes>` and `unlimit` at once.

use std::error::Error;
use std::io::{BufRead as _, Write as _};
use std::sync::Arc;

use holdfast_embedded::definitions::LoadedPack;
use holdfast_embedded::door;
use holdfast_embedded::inject::Faults;
use holdfast_embedded::store::{Durability, Options};
use holdfast_embedded::system::{Settings, System};
use holdfast_engine::name::TenantName;
use holdfast_tests::bench;
use holdfast_tests::victim::{Death, Disk, Keys, Plan, SkippingClock, until_quiet};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

type Outcome<T> = Result<T, Box<dyn Error>>;

#[tokio::main(worker_threads = 2)]
async fn main() -> Outcome<()> {
    let plan = Plan::read(std::env::args().skip(1))?;
    let clock = SkippingClock::default();
    let system = Arc::new(System::start(settings(&plan, clock.clone())?).await?);
    system.sandbox().behave(plan.behaviour());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    say(&listener.local_addr()?.to_string())?;
    let routes = door::routes(Arc::clone(&system), true);
    let mut server = JoinSet::new();
    server.spawn(async move { axum::serve(listener, routes).await });
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        match line.split_once(' ') {
            Some(("limit", bytes)) => limit(Some(bytes.parse()?))?,
            None if line == "unlimit" => limit(None)?,
            None if line == "quiet" => until_quiet(&system, &clock).await?,
            _ => return Err(format!("no victim knows `{line}`").into()),
        }
        say(&line)?;
    }
    Ok(())
}

fn settings(plan: &Plan, clock: SkippingClock) -> Outcome<Settings<SkippingClock>> {
    Ok(Settings {
        data: plan.data.clone(),
        development: true,
        tenants: vec![TenantName::new("demo")?],
        packs: vec![pack(plan)],
        secrets: std::collections::BTreeMap::new(),
        public_url: None,
        clock,
        seed: None,
        extension: None,
        store: options(plan),
        faults: Faults::default(),
    })
}

/// The pack, whose connections say whether they honour keys.
fn pack(plan: &Plan) -> LoadedPack {
    bench::pack_with(&plan.pack, |text| match plan.keys {
        Keys::Honoured | Keys::Pretended => text,
        Keys::Ignored => text.replace("idempotent: true", "idempotent: false"),
    })
}

fn options(plan: &Plan) -> Options {
    let vfs = (plan.disk != Disk::Cached).then(|| "power-loss".to_owned());
    if let Some(vfs) = &vfs {
        holdfast_power_loss::register(vfs, None);
    }
    Options {
        durability: match plan.disk {
            Disk::Cached | Disk::Volatile => Durability::Full,
            Disk::VolatileUnsynced => Durability::ProcessOnly,
        },
        vfs,
        observer: plan.death.map(Death::observer).unwrap_or_default(),
        unruly: None,
    }
}

/// The file-size limit stands for a full disk.
fn limit(bytes: Option<u64>) -> Outcome<()> {
    let limits = Rlimit {
        current: bytes,
        ..getrlimit(Resource::Fsize)
    };
    Ok(setrlimit(Resource::Fsize, limits)?)
}

fn say(line: &str) -> Outcome<()> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{line}")?;
    Ok(output.flush()?)
}
