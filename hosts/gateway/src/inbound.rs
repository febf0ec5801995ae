//! Request bodies: read whole, within a size, a time and the room there is, or refused.

use bytes::Bytes;
use http::HeaderMap;
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};
use reins_config::ServerLimits;
use reins_governor::Refusal;
use reins_runtime::check_content;
use tokio::time::timeout;

use crate::room::{Body, Room};

/// What a body that was announced gets room for before a byte of it is there, in bytes. Beyond it
/// room grows as bytes come: announcing costs nothing, and who announced megabytes and never sent
/// them would keep all others out. As many calls as there may be at once, each with so little, fill
/// a quarter of the room.
const AT_ONCE: u64 = 16 * 1024;

/// Reads a request's body, as many bytes as the file allows.
pub(crate) async fn read(
    headers: &HeaderMap,
    body: Incoming,
    limits: &ServerLimits,
    room: &Room,
) -> Result<Bytes, Refusal> {
    if !body.is_end_stream() {
        check_content(headers)?;
    }
    let limit = limits.max_body_bytes;
    let announced = body.size_hint().lower();
    if announced > limit {
        return Err(Refusal::TooLarge { limit });
    }
    let kept = room.body(announced.min(AT_ONCE))?;
    let most = body.size_hint().exact().unwrap_or(limit);
    let reading = collect(body, kept, most);
    timeout(limits.body_timeout, reading)
        .await
        .unwrap_or_else(|_| Err(bad("the body took too long to come")))
}

async fn collect(mut body: Incoming, mut kept: Body, limit: u64) -> Result<Bytes, Refusal> {
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| bad("the body broke off before its end"))?;
        if let Some(piece) = frame.data_ref() {
            kept.add(piece, limit)?;
        }
    }
    Ok(kept.whole())
}

fn bad(what: &str) -> Refusal {
    Refusal::BadRequest { what: what.to_owned() }
}
