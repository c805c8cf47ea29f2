//! One process that serves: its port, its system, its control socket, and how it ends.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use holdfast_embedded::clock::SystemClock;
use holdfast_embedded::control::Listener;
use holdfast_embedded::door;
use holdfast_embedded::inject::Faults;
use holdfast_embedded::store::Options;
use holdfast_embedded::system::{Settings, System};
use holdfast_engine::definition::model::ConnectionKind;
use holdfast_engine::name::TenantName;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::environment;
use crate::failure::Failure;
use crate::packs::FolderPack;

/// What is served.
#[derive(Debug, Clone)]
pub(crate) struct Plan<'a> {
    /// The address to listen on.
    pub(crate) listen: &'a str,
    /// The data folder.
    pub(crate) data: &'a Path,
    /// Whether connections are answered by the sandbox and secrets are well known.
    pub(crate) development: bool,
    /// The tenants.
    pub(crate) tenants: &'a [TenantName],
    /// The packs.
    pub(crate) packs: &'a [FolderPack],
    /// The address under which providers reach this process.
    pub(crate) public_url: Option<&'a str>,
    /// Which calls through connections fail on purpose.
    pub(crate) faults: &'a Faults,
}

/// A process that serves.
#[derive(Debug)]
pub(crate) struct Serving {
    listener: TcpListener,
    address: SocketAddr,
    system: Arc<System<SystemClock>>,
    control: Option<Listener>,
    shows_sandbox: bool,
}

impl Serving {
    /// Takes the port and the data folder, and starts every function.
    ///
    /// # Errors
    /// [`Failure`] that names what to do.
    pub(crate) async fn start(plan: &Plan<'_>) -> Result<Self, Failure> {
        let listener = bind(plan.listen).await?;
        let address = listener
            .local_addr()
            .map_err(|error| Failure::unreachable("PortUnusable", error.to_string()))?;
        let public_url = public_url(plan, address)?;
        let settings = Settings {
            data: plan.data.to_owned(),
            development: plan.development,
            tenants: plan.tenants.to_vec(),
            packs: plan.packs.iter().map(FolderPack::loaded).collect(),
            secrets: environment::secrets(),
            public_url,
            clock: SystemClock,
            seed: None,
            extension: None,
            store: Options::default(),
            faults: plan.faults.clone(),
        };
        let system = Arc::new(System::start(settings).await?);
        let control = Listener::bind(plan.data).map_err(|error| {
            tracing::warn!(error = %error, "there is no control socket: stop `serve` before commands that write");
        });
        Ok(Self {
            listener,
            address,
            system,
            control: control.ok(),
            shows_sandbox: plan.development || plan.packs.iter().any(uses_sandbox),
        })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The system.
    pub(crate) fn system(&self) -> &Arc<System<SystemClock>> {
        &self.system
    }

    /// Whether `GET /sandbox/deliveries` answers.
    pub(crate) fn shows_sandbox(&self) -> bool {
        self.shows_sandbox
    }

    /// Serves until `end`, then stops accepting and ends what is under way. `beside` runs beside
    /// it; when it completes, nothing is waited for but what functions are doing.
    ///
    /// # Errors
    /// [`Failure`] when the port fails.
    pub(crate) async fn run(
        self,
        end: impl Future<Output = ()> + Send + 'static,
        beside: impl Future<Output = ()>,
    ) -> Result<(), Failure> {
        let routes = door::routes(Arc::clone(&self.system), self.shows_sandbox);
        let serve = axum::serve(self.listener, routes).with_graceful_shutdown(end);
        let control = async {
            match &self.control {
                Some(control) => control.serve(&self.system).await,
                None => std::future::pending().await,
            }
        };
        let served = tokio::select! {
            served = serve.into_future() => served,
            () = control => Ok(()),
            () = beside => Ok(()),
        };
        drop(self.control);
        if let Some(system) = Arc::into_inner(self.system) {
            tokio::select! {
                () = system.stop() => {}
                () = asked_to_end() => {}
            }
        }
        served.map_err(|error| Failure::unreachable("PortUnusable", error.to_string()))
    }
}

pub(crate) async fn bind(listen: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(listen).await.map_err(|error| {
        let what_to_do = match error.kind() {
            std::io::ErrorKind::AddrInUse => {
                ": another process listens there; stop it, or choose another with --listen"
            }
            std::io::ErrorKind::PermissionDenied => ": choose a port over 1023 with --listen",
            _ => ": give --listen an address of this machine, such as 127.0.0.1:8080",
        };
        let message = format!("cannot listen on {listen} ({error}){what_to_do}");
        Failure::unreachable("PortUnusable", message)
    })
}

/// The address that providers are told; in development, this process's own.
fn public_url(plan: &Plan<'_>, address: SocketAddr) -> Result<Option<String>, Failure> {
    if let Some(url) = plan.public_url {
        return Ok(Some(url.trim_end_matches('/').to_owned()));
    }
    if plan.development {
        return Ok(Some(format!("http://{address}")));
    }
    let signs_urls = |pack: &&FolderPack| {
        let mut sources = pack.pack.sources.values();
        sources.any(|source| source.verify.scheme.signs_url())
    };
    match plan.packs.iter().find(signs_urls) {
        None => Ok(None),
        Some(pack) => Err(Failure::Usage(format!(
            "pack `{}` has a source whose provider signs the URL it calls: give it with --public-url",
            pack.pack.manifest.pack
        ))),
    }
}

fn uses_sandbox(pack: &FolderPack) -> bool {
    let mut connections = pack.pack.connections.values();
    connections.any(|connection| connection.kind == ConnectionKind::Sandbox)
}

/// Waits until the process is asked to end, by SIGINT or SIGTERM. It listens from the call on,
/// not from the first wait.
pub(crate) fn asked_to_end() -> impl Future<Output = ()> + Send + 'static {
    let signals = signal(SignalKind::interrupt()).and_then(|interrupt| {
        let terminate = signal(SignalKind::terminate())?;
        Ok((interrupt, terminate))
    });
    async move {
        match signals {
            Ok((mut interrupt, mut terminate)) => {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
            }
            // Without handlers, a signal ends the process by itself; the store survives that.
            Err(_) => std::future::pending().await,
        }
    }
}
