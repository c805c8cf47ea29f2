//! The same door once more: a stored request is mapped and validated again, without its
//! signature, after a person has looked at it.

use holdfast_engine::id::EventId;
use holdfast_engine::name::TenantName;
use holdfast_engine::operate::{Door, Entered, OperateError, StoredRequest};
use holdfast_engine::port::{Clock, Definitions, Ports};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::Value as Json;

use crate::arrival::{Content, MAX_EVENT};
use crate::map::{Endpoint, Input, Mapped};
use crate::opt_out::heard_and_mapped;
use crate::reading::Reading;
use crate::{Problem, Request, body};

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
        let reading = Reading::new(endpoint, &request, ports.clock().now());
        let (body, bytes) = content(endpoint, &reading, stored, &request).await?;
        let (body, bytes) = (&body, bytes.as_slice());
        let input = Input { body, bytes };
        entered(heard_and_mapped(ports, endpoint, &reading, input).await?)
    }
}

/// The one event that a stored request is: its body, or an element of a batch.
async fn content(
    endpoint: Endpoint<'_>,
    reading: &Reading,
    stored: &StoredRequest,
    request: &Request,
) -> Result<(Json, Vec<u8>), OperateError> {
    if stored.element {
        let element = body::json(&request.body).map_err(|problem| refused(&problem))?;
        return Ok((element, request.body.clone()));
    }
    let parsed = body::parse(request).await;
    let body = parsed.map_err(|problem| refused(&problem))?;
    let elements = match Content::of(endpoint, reading, &body) {
        Content::One => return Ok((body, request.body.clone())),
        Content::Many(elements) => elements,
        Content::Unreadable(_) => Vec::new(),
    };
    match <[Json; 1]>::try_from(elements) {
        Ok([element]) => {
            let bytes = element.to_string().into_bytes();
            Ok((element, bytes))
        }
        Err(elements) => Err(OperateError::NotResubmittable(format!(
            "it is a batch of {} events: the provider has to send it again",
            elements.len()
        ))),
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
