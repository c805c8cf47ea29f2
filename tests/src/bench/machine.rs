//! A whole machine of tenant `demo`, and files that are imported there.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use holdfast_embedded::clock::SystemClock;
use holdfast_embedded::control::Desk;
use holdfast_embedded::definitions::LoadedPack;
use holdfast_embedded::inject::Faults;
use holdfast_embedded::store::Options;
use holdfast_embedded::system::{Settings, System};
use holdfast_engine::import::{Asked, Import, columns, target};
use holdfast_engine::name::TenantName;
use holdfast_engine::port::{Ports as _, Secrets as _};
use holdfast_import::{Results, Source, Tally, survey};

use super::EXTENSION;

/// Runs a bench on two threads, which load and system share.
///
/// # Panics
/// When there is no runtime.
pub fn run(bench: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(bench);
}

fn tenant() -> TenantName {
    TenantName::new("demo").expect("a name")
}

/// Starts a machine in a folder; in development a sandbox answers its connections.
///
/// # Panics
/// When it does not start.
pub async fn machine(data: &Path, pack: LoadedPack, development: bool) -> Arc<System<SystemClock>> {
    let settings = Settings {
        data: data.to_owned(),
        development,
        tenants: vec![tenant()],
        packs: vec![pack],
        secrets: BTreeMap::new(),
        public_url: None,
        clock: SystemClock,
        seed: None,
        extension: Some(EXTENSION),
        store: Options::default(),
        faults: Faults::default(),
    };
    Arc::new(System::start(settings).await.expect("a system"))
}

/// Imports a file as records of a type, `pack/type`.
///
/// # Panics
/// When it does not come to its end.
pub async fn import(system: &System<SystemClock>, file: &Path, what: (&str, &str)) -> Tally {
    let ports = system.ports();
    let (pack, record_type) = (
        what.0.parse().expect("a name"),
        what.1.parse().expect("a name"),
    );
    let (_, definition) = target(ports.as_ref(), &tenant(), &pack, &record_type)
        .await
        .expect("a record type");
    let survey = survey(file).expect("a table");
    let columns = columns(&definition, &survey.columns, &Asked::default()).expect("columns");
    let key = ports.secrets().identity_key();
    let import = Import {
        tenant: tenant(),
        pack,
        record_type,
        id: Import::identity(key, &[survey.digest.as_bytes()]).expect("an id"),
        file: "rows.csv".to_owned(),
        by: "bench".to_owned(),
        rows: survey.rows,
        fields: columns.fields(),
    };
    let results = file.with_extension(format!("{}.results", survey.digest));
    let mut results = Results::open(&results, &import).expect("results");
    let desk = Desk::of(ports);
    let source = Source {
        path: file,
        survey: &survey,
        columns: &columns,
        definition: &definition,
    };
    let apply = async |batch| desk.import(&batch).await;
    let tally = holdfast_import::run(source, &import, Some(&mut results), apply, |_| {}).await;
    tally.expect("an import")
}
