//! `holdfast serve`: webhooks, workflows and timers in one process.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use holdfast_embedded::clock::SystemClock;
use holdfast_embedded::control::InjectedFaults;
use holdfast_engine::name::TenantName;
use holdfast_engine::port::Clock;
use holdfast_receive_webhook::Request;
use serde::Serialize;

use crate::data::{DEVELOPMENT_TENANT, DataFolder};
use crate::event_file::{self, EventFile};
use crate::failure::{Exit, Failure};
use crate::faults::{self, FaultArguments};
use crate::output::Output;
use crate::output::style::{BOLD, PLAIN, YELLOW};
use crate::packs::{self, FolderPack, render};
use crate::serving::{Plan, Serving, asked_to_end};
use crate::watching::Watch;

/// The longest body that an example shows, in bytes: what a terminal takes in one paste.
const MAX_EXAMPLE: usize = 3500;

/// What to serve.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Folders of packs
    #[arg(required = true, value_name = "PACK")]
    packs: Vec<PathBuf>,
    /// For development: tenant `demo`, well-known secrets, every connection answered by the sandbox
    #[arg(long)]
    dev: bool,
    /// A tenant; may be repeated
    #[arg(
        long = "tenant",
        value_name = "TENANT",
        required_unless_present = "dev"
    )]
    tenants: Vec<TenantName>,
    /// The address to listen on; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: String,
    /// The address under which providers reach this process
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Publish packs again when their files change
    #[arg(long)]
    watch: bool,
    #[command(flatten)]
    faults: FaultArguments,
    #[command(flatten)]
    data: DataFolder,
}

impl Arguments {
    /// Whether calls fail on purpose.
    pub(crate) fn injects(&self) -> bool {
        !self.faults.faults.is_empty()
    }
}

/// What is served, for programs.
#[derive(Debug, Serialize)]
struct Started<'a> {
    listening: String,
    tenants: &'a [TenantName],
    packs: Vec<String>,
    data: &'a std::path::Path,
    sandbox: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    faults: Option<InjectedFaults>,
}

/// Serves until it is asked to end.
pub(crate) async fn run(arguments: &Arguments, output: Output) -> Result<Exit, Failure> {
    let found = packs::load(&arguments.packs)?;
    for warning in found.warnings() {
        output.note(render(warning));
    }
    let packs = found.into_packs()?;
    let tenants = tenants(arguments)?;
    let faults = arguments.faults.seeded();
    let plan = Plan {
        listen: &arguments.listen,
        data: arguments.data.path(),
        development: arguments.dev,
        tenants: &tenants,
        packs: &packs,
        public_url: arguments.public_url.as_deref(),
        faults: &faults,
    };
    // Asked for before anything is announced: whoever reads that may end the process at once.
    let end = asked_to_end();
    let watch = arguments
        .watch
        .then(|| Watch::begin(&packs, &tenants, output));
    let watch = watch.transpose()?;
    let serving = Serving::start(&plan).await?;
    announce(&serving, &plan, output)?;
    let system = std::sync::Arc::clone(serving.system());
    let beside = async move {
        let watching = async {
            match watch {
                Some(watch) => watch.run(system).await,
                None => drop(system),
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = watching => {}
            () = asked_twice() => {}
        }
    };
    serving.run(end, beside).await?;
    Ok(Exit::Done)
}

async fn asked_twice() {
    asked_to_end().await;
    asked_to_end().await;
}

fn tenants(arguments: &Arguments) -> Result<Vec<TenantName>, Failure> {
    if !arguments.tenants.is_empty() {
        return Ok(arguments.tenants.clone());
    }
    let tenant = TenantName::new(DEVELOPMENT_TENANT);
    Ok(vec![
        tenant.map_err(|error| Failure::Usage(error.to_string()))?,
    ])
}

fn announce(serving: &Serving, plan: &Plan<'_>, output: Output) -> Result<(), Failure> {
    let url = format!("http://{}", serving.address());
    let started = Started {
        listening: url.clone(),
        tenants: plan.tenants,
        packs: plan
            .packs
            .iter()
            .map(|pack| pack.pack.manifest.to_string())
            .collect(),
        data: plan.data,
        sandbox: serving.shows_sandbox(),
        faults: faults::shown(plan.faults),
    };
    output.result(&started, |started| text(started));
    if plan.development && !output.is_json() {
        output.line(format!(
            "\n{YELLOW}--dev{PLAIN}: secrets are well known and nothing leaves this machine; never expose this port."
        ));
        if let Some(example) = example(plan, &url)? {
            output.line(format!(
                "\nTry it (the signature is good for minutes):\n\n{example}"
            ));
        }
    }
    Ok(())
}

fn text(started: &Started<'_>) -> String {
    let tenants: Vec<_> = started.tenants.iter().map(TenantName::as_str).collect();
    let mut text = format!(
        "{BOLD}holdfast{PLAIN} serves {} for {}\n  webhooks    {}/hooks/<tenant>/<source>\n  data        {}",
        started.packs.join(", "),
        tenants.join(", "),
        started.listening,
        started.data.display()
    );
    if started.sandbox {
        let _ = write!(
            text,
            "\n  deliveries  {}/sandbox/deliveries",
            started.listening
        );
    }
    if let Some(faults) = &started.faults {
        let _ = write!(text, "\n  faults      {}", faults::text(faults));
    }
    text
}

/// A signed request to paste: of the first sample event that fits a source, else an empty one.
fn example(plan: &Plan<'_>, url: &str) -> Result<Option<String>, Failure> {
    let Some(tenant) = plan.tenants.first() else {
        return Ok(None);
    };
    let secret = event_file::development_secret()?;
    let (base, now) = (plan.public_url.unwrap_or(url), SystemClock.now());
    if let Some((event, source, command)) = plan.packs.iter().find_map(|pack| sample(pack, url)) {
        let request = event.signed(tenant, source, &secret, base, now)?;
        let short = request.body.len() <= MAX_EXAMPLE;
        return Ok(Some(if short { curl(&request, url) } else { command }));
    }
    let mut sources = plan
        .packs
        .iter()
        .flat_map(|pack| pack.pack.sources.values());
    let Some(source) = sources.next() else {
        return Ok(None);
    };
    let event = EventFile::empty(tenant, &source.name);
    let request = event.signed(tenant, source, &secret, base, now)?;
    Ok(Some(curl(&request, url)))
}

type Sampled<'a> = (
    EventFile,
    &'a holdfast_engine::definition::model::Source,
    String,
);

/// A sample event for a source of this pack: from `events/`, here or beside the pack's parents.
fn sample<'a>(pack: &'a FolderPack, url: &str) -> Option<Sampled<'a>> {
    let mut folders = vec![PathBuf::from("events")];
    let absolute = pack.folder.canonicalize().ok()?;
    folders.extend(absolute.ancestors().map(|folder| folder.join("events")));
    let mut files: Vec<PathBuf> = folders
        .iter()
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flat_map(|entries| entries.filter_map(Result::ok).map(|entry| entry.path()))
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .collect();
    files.sort();
    files.iter().find_map(|path| {
        let event = EventFile::read(path).ok()?;
        let (_, source) = event.endpoint()?;
        let source = pack.pack.sources.get(&source)?;
        let (folder, file) = (pack.folder.display(), path.display());
        let command = format!("  holdfast send {folder} {file} --url {url}");
        Some((event, source.as_ref(), command))
    })
}

fn curl(request: &Request, url: &str) -> String {
    let mut lines = vec![format!(
        "curl -i {}",
        quoted(&format!("{url}{}", request.path_and_query))
    )];
    for (name, value) in &request.headers {
        let value = value.to_str().unwrap_or_default();
        lines.push(format!("-H {}", quoted(&format!("{name}: {value}"))));
    }
    let body = String::from_utf8_lossy(&request.body);
    lines.push(format!("--data-binary {}", quoted(&body)));
    lines.join(" \\\n  ")
}

/// A text as one word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_in_a_body_stays_one_word_of_the_shell() {
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
