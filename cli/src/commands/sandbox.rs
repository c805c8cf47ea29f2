//! `holdfast sandbox`: the recording provider by itself, for functions that run elsewhere.

use std::sync::Arc;

use clap::Args;
use holdfast_embedded::clock::SystemClock;
use holdfast_embedded::sandbox::{Sandbox, routes};
use serde::Serialize;

use crate::data::DataFolder;
use crate::failure::{Exit, Failure};
use crate::output::Output;
use crate::output::style::{BOLD, PLAIN};
use crate::serving::{asked_to_end, bind};

/// Where it listens, and where it keeps what it received.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The address to listen on; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:8090")]
    listen: String,
    #[command(flatten)]
    data: DataFolder,
}

/// Where it listens, for programs.
#[derive(Debug, Serialize)]
struct Started {
    listening: String,
}

/// Answers calls until it is asked to end.
pub(crate) async fn run(arguments: &Arguments, output: Output) -> Result<Exit, Failure> {
    let folder = arguments.data.path();
    let failed = |error: &dyn std::fmt::Display| {
        Failure::unreachable("SandboxUnusable", format!("{}: {error}", folder.display()))
    };
    std::fs::create_dir_all(folder).map_err(|error| failed(&error))?;
    let sandbox = Sandbox::open(folder, SystemClock).map_err(|error| failed(&error))?;
    let listener = bind(&arguments.listen).await?;
    let address = listener
        .local_addr()
        .map_err(|error| Failure::unreachable("PortUnusable", error.to_string()))?;
    let started = Started {
        listening: format!("http://{address}"),
    };
    output.result(&started, |started| {
        let url = &started.listening;
        format!(
            "{BOLD}the sandbox answers at {url}{PLAIN}; what it received: {url}/sandbox/deliveries"
        )
    });
    axum::serve(listener, routes(Arc::new(sandbox)))
        .with_graceful_shutdown(asked_to_end())
        .await
        .map_err(|error| Failure::unreachable("PortUnusable", error.to_string()))?;
    Ok(Exit::Done)
}
