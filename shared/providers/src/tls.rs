//! TLS as every HTTP client of the program speaks it: ring, and one set of certificates, which is
//! read once.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::ConfigVerifierExt;

static BUNDLED: AtomicBool = AtomicBool::new(false);

static CONFIG: LazyLock<Result<ClientConfig, rustls::Error>> = LazyLock::new(|| {
    // An error says that a provider is installed already; only ring is compiled in.
    let _ = ring::default_provider().install_default();
    if BUNDLED.load(Ordering::Relaxed) {
        Ok(bundled())
    } else {
        ClientConfig::with_platform_verifier()
    }
});

/// Trusts the authorities that are part of the program (Mozilla's), in place of those of the system,
/// whose files take longer to read than anything else at a start. `SSL_CERT_FILE` and
/// `SSL_CERT_DIR` still name others. It has to be said before there is a client.
pub fn bundle() {
    let named = ["SSL_CERT_FILE", "SSL_CERT_DIR"];
    let named = named.iter().any(|name| std::env::var_os(name).is_some());
    BUNDLED.store(!named, Ordering::Relaxed);
}

fn bundled() -> ClientConfig {
    let authorities = webpki_roots::TLS_SERVER_ROOTS.iter().cloned();
    ClientConfig::builder()
        .with_root_certificates(authorities.collect::<RootCertStore>())
        .with_no_client_auth()
}

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
