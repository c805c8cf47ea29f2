//! TLS as every client of the program speaks it: ring, and the certificates of the system, which
//! are read once.

use std::sync::LazyLock;

use rustls::ClientConfig;
use rustls::crypto::ring;
use rustls_platform_verifier::ConfigVerifierExt;

/// Reading the certificates takes longer than anything else that a process does at its start.
static CONFIG: LazyLock<Result<ClientConfig, rustls::Error>> = LazyLock::new(|| {
    // An error says that a provider is installed already; only ring is compiled in.
    let _ = ring::default_provider().install_default();
    ClientConfig::with_platform_verifier()
});

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The certificates of the system cannot be used.
    #[error("the certificates of this system cannot be used")]
    Certificates(#[source] rustls::Error),
    /// The client cannot be made.
    #[error("set up the HTTP client")]
    Client(#[source] reqwest::Error),
}

/// A client that follows no redirect, over the TLS that all share; ring becomes the process's
/// provider.
///
/// # Errors
/// [`SetupError`] when the system's certificates cannot be used.
pub fn builder() -> Result<reqwest::ClientBuilder, SetupError> {
    let config = CONFIG
        .as_ref()
        .map_err(|error| SetupError::Certificates(error.clone()))?;
    let builder = reqwest::Client::builder().tls_backend_preconfigured(config.clone());
    Ok(builder.redirect(reqwest::redirect::Policy::none()))
}
