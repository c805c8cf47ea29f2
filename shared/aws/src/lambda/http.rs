//! Requests of the HTTP API, with payload format 2.0.

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use aws_lambda_events::encodings::Body;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use holdfast_engine::{alert, quality};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response, StatusCode};
use lambda_runtime::{Error, LambdaEvent, service_fn};

use super::Function;

/// Where load balancers and people ask how it is.
const HEALTH: &str = "/healthz";

impl Function {
    /// Serves requests of the HTTP API.
    ///
    /// # Errors
    /// When the runtime fails.
    pub async fn serve_http(
        &self,
        handle: impl AsyncFn(Request<Vec<u8>>) -> Response<String>,
    ) -> Result<(), Error> {
        let handle = &handle;
        let serve = service_fn(
            move |event: LambdaEvent<ApiGatewayV2httpRequest>| async move {
                let request = request(event.payload)?;
                let response = if request.uri().path() == HEALTH {
                    self.health().await
                } else {
                    handle(request).await
                };
                quality::flush_due(self.ports.as_ref()).await;
                Ok::<_, Error>(answer(response))
            },
        );
        lambda_runtime::run(serve).await
    }

    async fn health(&self) -> Response<String> {
        let health = alert::health(self.ports.as_ref()).await;
        let status = if health.is_failing() {
            StatusCode::SERVICE_UNAVAILABLE
        } else {
            StatusCode::OK
        };
        let body = serde_json::to_string(&health).unwrap_or_default();
        let mut response = Response::new(body);
        *response.status_mut() = status;
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(CONTENT_TYPE, json);
        response
    }
}

/// The request as it was sent: the body byte for byte.
fn request(event: ApiGatewayV2httpRequest) -> Result<Request<Vec<u8>>, Error> {
    let path = event.raw_path.as_deref().unwrap_or("/");
    let uri = match event.raw_query_string.as_deref() {
        Some(query) if !query.is_empty() => format!("{path}?{query}"),
        _ => path.to_owned(),
    };
    let text = event.body.unwrap_or_default();
    let body = if event.is_base64_encoded {
        STANDARD.decode(text)?
    } else {
        text.into_bytes()
    };
    let mut request = Request::builder()
        .method(event.request_context.http.method)
        .uri(uri)
        .body(body)?;
    *request.headers_mut() = event.headers;
    Ok(request)
}

fn answer(response: Response<String>) -> ApiGatewayV2httpResponse {
    let (parts, body) = response.into_parts();
    let mut answer = ApiGatewayV2httpResponse::default();
    answer.status_code = i64::from(parts.status.as_u16());
    answer.headers = parts.headers;
    answer.body = Some(Body::Text(body));
    answer
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(body: &str, is_base64_encoded: bool) -> ApiGatewayV2httpRequest {
        serde_json::from_value(json!({
            "version": "2.0", "rawPath": "/hooks/demo/calendly", "rawQueryString": "ref=a%2Fb",
            "headers": { "content-type": "application/json" },
            "requestContext": { "http": { "method": "POST", "path": "/hooks/demo/calendly" } },
            "body": body, "isBase64Encoded": is_base64_encoded,
        }))
        .unwrap()
    }

    #[test]
    fn a_body_arrives_byte_for_byte_however_it_is_carried() {
        for event in [event("{\"a\":1}", false), event("eyJhIjoxfQ==", true)] {
            let request = request(event).unwrap();
            assert_eq!(request.body(), b"{\"a\":1}");
            assert_eq!(request.uri(), "/hooks/demo/calendly?ref=a%2Fb");
            assert_eq!(request.headers()[CONTENT_TYPE], "application/json");
        }
    }
}
