//! The same door once more: a stored request is mapped and validated again, without its
//! signature, after a person has looked at it.

use holdfast_engine::id::EventId;
use holdfast_engine::name::TenantName;
use holdfast_engine::operate::{Door, Entered, OperateError, StoredRequest};
use holdfast_engine::port::{Clock, Definitions, Ports};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use crate::map::{Endpoint, Mapped, map};
use crate::{MAX_EVENT, Problem, Request, body};

/// The door of webhooks.
#[derive(Debug, Clone, Copy, Default)]
pub struct WebhookDoor;

impl Door for WebhookDoor {
    async fn enter<P: Ports>(
        &self,
        ports: &P,
        tenant: &TenantName,
        stored: &StoredRequest,
        event: &EventId,
    ) -> Result<Entered, OperateError> {
        let request = request(stored);
        let (_, name) = request.endpoint().map_err(|problem| refused(&problem))?;
        let packs = ports.definitions().live(tenant).await?.unwrap_or_default();
        let found = packs
            .iter()
            .find_map(|pack| Some((pack, pack.sources.get(&name)?)));
        let (pack, source) = found.ok_or_else(|| refused(&Problem::NotFound))?;
        let config = ports
            .definitions()
            .config(tenant, &pack.manifest.pack)
            .await?;
        let endpoint = Endpoint {
            source,
            manifest: &pack.manifest,
            tenant,
            config: &config,
            known: Some(event),
        };
        let body = body::parse(&request).map_err(|problem| refused(&problem))?;
        entered(map(endpoint, &request, body, ports.clock().now()))
    }
}

fn entered(mapped: Mapped) -> Result<Entered, OperateError> {
    match mapped {
        Mapped::Ignored => Ok(Entered::Ignored),
        Mapped::Review { report, .. } => Ok(Entered::Invalid(report.fields)),
        Mapped::Event(message) => {
            let size = serde_json::to_string(&message).map_or(usize::MAX, |text| text.len());
            if size > MAX_EVENT {
                return Err(refused(&Problem::EventTooLarge));
            }
            Ok(Entered::Event(message))
        }
    }
}

fn refused(problem: &Problem) -> OperateError {
    OperateError::NotResubmittable(problem.to_string())
}

fn request(stored: &StoredRequest) -> Request {
    let members = stored.headers.as_object().into_iter().flatten();
    let headers = members.filter_map(|(name, value)| {
        let name = HeaderName::try_from(name).ok()?;
        Some((name, HeaderValue::from_str(value.as_str()?).ok()?))
    });
    Request {
        method: Method::POST,
        path_and_query: stored.path_and_query.clone(),
        headers: headers.collect::<HeaderMap>(),
        body: stored.body.clone().into_bytes(),
    }
}
