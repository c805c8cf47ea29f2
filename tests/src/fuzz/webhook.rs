//! Requests of any bytes at the door.
//!
//! A request is written as it goes over the wire, and read loosely: `POST /hooks/demo/calendly`,
//! then a line for each header, an empty line, and the body.

use std::sync::{Arc, OnceLock};

use holdfast_embedded::clock::SystemClock;
use holdfast_embedded::registry::catalog;
use holdfast_engine::definition::load;
use holdfast_engine::definition::model::Pack;
use holdfast_engine::port::{Ports as _, Table};
use holdfast_receive_webhook::{Answer, MAX_BODY, Request, handle};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::Value as Json;

use super::{pack_files, root};
use crate::memory::Memory;
use crate::ready::ready;

/// What the door may answer to a request that nothing else is wrong with.
const STATUSES: [u16; 9] = [200, 202, 400, 401, 403, 404, 405, 413, 415];

/// The longest answer, in bytes: a batch has a verdict for each of its elements.
const MAX_ANSWER: usize = 512 * 1024;

/// The largest item that every store keeps, in bytes.
const MAX_ITEM: usize = 400 * 1024;

/// Posts a request at the door of the dental pack, with and without the proof of its origin. Each
/// time there is a verdict, the same one for the same request, and what is kept is bounded.
///
/// # Panics
/// When there is none.
pub fn webhook(data: &[u8]) {
    static PACKS: OnceLock<[Arc<Pack>; 2]> = OnceLock::new();
    let packs = PACKS.get_or_init(|| [pack(false), pack(true)]);
    let Some(request) = request(data) else { return };
    for pack in packs {
        let memory = Memory::new(1, [Arc::clone(pack)]);
        let first = ready(handle(&memory, &request));
        judge(&memory, &request, &first);
        let again = ready(handle(&memory, &request));
        assert_eq!(
            (first.status, first.body),
            (again.status, again.body),
            "the same request is answered in the same words"
        );
    }
}

fn judge(memory: &Memory, request: &Request, answer: &Answer) {
    let Answer { status, body, .. } = answer;
    assert!(STATUSES.contains(status), "{status} {body}");
    assert!(
        body.len() <= MAX_ANSWER,
        "an answer of {} bytes",
        body.len()
    );
    if *status != 200 {
        let document: Json = serde_json::from_str(body).expect("an answer is JSON");
        assert!(document.is_object(), "{body}");
    }
    let kept = memory.journal().items(Table::Operations, "");
    let kept: usize = kept.iter().map(|(_, item)| item.body.len()).sum();
    assert!(kept <= MAX_ITEM, "{kept} bytes are kept");
    let stored = memory.journal().items(Table::Journal, "");
    assert!(stored.is_empty(), "the door writes no journal");
    if *status != 202 {
        assert!(
            memory.queue().is_empty() && kept == 0,
            "{status} stores nothing"
        );
    }
    assert!(request.body.len() <= MAX_BODY || matches!(status, 403 | 404 | 405 | 413));
}

/// The dental pack; `open`: anybody may send.
fn pack(open: bool) -> Arc<Pack> {
    let mut files = pack_files();
    for (path, text) in &mut files {
        if open && path.ends_with(".source.yaml") {
            let open = |line| match line {
                verify if str::starts_with(verify, "verify:") => "verify: { scheme: none }",
                other => other,
            };
            *text = text.lines().map(open).collect::<Vec<_>>().join("\n");
        }
    }
    let loaded = load(&files, &catalog::<SystemClock>());
    Arc::new(loaded.map(|(pack, _)| pack).expect("the pack compiles"))
}

fn request(data: &[u8]) -> Option<Request> {
    let end = data.windows(2).position(|two| two == b"\n\n");
    let (head, body) = match end {
        Some(end) => (&data[..end], &data[end + 2..]),
        None => (data, &[][..]),
    };
    let mut lines = head.split(|byte| *byte == b'\n');
    let first = String::from_utf8_lossy(lines.next()?).into_owned();
    let (method, path) = first.split_once(' ')?;
    let mut headers = HeaderMap::new();
    for line in lines.take(100) {
        let colon = line
            .iter()
            .position(|byte| *byte == b':')
            .unwrap_or(line.len());
        let (name, value) = line.split_at(colon);
        let value = value.strip_prefix(b":").unwrap_or(value).trim_ascii();
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(value))
        {
            headers.append(name, value);
        }
    }
    Some(Request {
        method: Method::from_bytes(method.as_bytes()).ok()?,
        path_and_query: path.to_owned(),
        headers,
        body: body.to_vec(),
    })
}

/// The sample events, written as requests.
///
/// # Panics
/// When they cannot be read.
pub fn samples() -> Vec<Vec<u8>> {
    let mut paths: Vec<_> = std::fs::read_dir(root().join("events"))
        .expect("the samples are there")
        .map(|entry| entry.expect("a file").path())
        .filter(|path| path.to_string_lossy().contains("/receive-webhook."))
        .collect();
    paths.sort();
    let text = |path| std::fs::read_to_string(path).expect("a text");
    let sample = |path| serde_json::from_str(&text(path)).expect("JSON");
    paths
        .into_iter()
        .map(|path| written(&sample(path)))
        .collect()
}

fn written(sample: &Json) -> Vec<u8> {
    let text = |name: &str| sample[name].as_str().unwrap_or_default();
    let mut head = format!("POST {}", text("rawPath"));
    if !text("rawQueryString").is_empty() {
        head = format!("{head}?{}", text("rawQueryString"));
    }
    for (name, value) in sample["headers"].as_object().into_iter().flatten() {
        head = format!("{head}\n{name}: {}", value.as_str().unwrap_or_default());
    }
    format!("{head}\n\n{}", text("body")).into_bytes()
}
