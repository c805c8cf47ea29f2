//! How the clients of AWS speak HTTP: through the client of the rest of the program, so that a
//! process holds one of them, one TLS, and one set of certificates. Every service here speaks
//! HTTP/1.1, in bodies that are there whole.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use holdfast_providers::{SetupError, tls};

/// How long a connection may take to come about, as in the SDK's own client.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(3_100);

/// One HTTP client; clones share its connections.
#[derive(Debug, Clone)]
pub(crate) struct Wire {
    client: reqwest::Client,
    read_timeout: Option<Duration>,
}

impl Wire {
    /// A client that has no connection yet.
    pub(crate) fn new() -> Result<Self, SetupError> {
        let client = tls::builder()?.connect_timeout(CONNECT_TIMEOUT).build();
        Ok(Self {
            client: client.map_err(SetupError::Client)?,
            read_timeout: None,
        })
    }

    async fn exchange(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let unusable = |error: BoxError| ConnectorError::user(error);
        let request = request
            .try_into_http1x()
            .map_err(|error| unusable(error.into()))?;
        let (parts, body) = request.into_parts();
        let body = body.bytes().map(<[u8]>::to_vec);
        let body = body.ok_or_else(|| unusable("the body is not there whole".into()))?;
        let request = http::Request::from_parts(parts, body);
        let mut request =
            reqwest::Request::try_from(request).map_err(|error| unusable(error.into()))?;
        *request.timeout_mut() = self.read_timeout;
        let answer = self.client.execute(request).await.map_err(failed)?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let mut response =
            http::Response::new(SdkBody::from(answer.bytes().await.map_err(failed)?));
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
    }
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What the SDK repeats: a connection that breaks or does not come about, and silence.
fn failed(error: reqwest::Error) -> ConnectorError {
    if error.is_timeout() {
        ConnectorError::timeout(error.into())
    } else if error.is_builder() {
        ConnectorError::user(error.into())
    } else {
        ConnectorError::io(error.into())
    }
}

impl HttpClient for Wire {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Self {
            client: self.client.clone(),
            read_timeout: settings.read_timeout(),
        })
    }
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().exchange(request))
    }
}
