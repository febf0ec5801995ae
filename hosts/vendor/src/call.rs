//! One metered call from its request to its response.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

use crate::answer::{Answer, Pace, Paced, length};
use crate::ask::Ask;
use crate::books::End;
use crate::desk::Desk;
use crate::dialect::Dialect;
use crate::dress;
use crate::frames::Frame;
use crate::hangup::HangUp;
use crate::job::Job;
use crate::plan::Plan;
use crate::prices::Maker;
use crate::refusal::Refusal;
use crate::script::{Reset, SCRIPT_HEADER, Script};

/// Answers a call, or leaves the connection as its script says.
pub(crate) async fn answer(
    desk: &Arc<Desk>,
    dialect: Dialect,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<Response<Answer>, HangUp> {
    desk.books.opened();
    match read(desk, dialect, headers, body) {
        Ok((script, plan)) => perform(desk, &script, &plan).await,
        Err(refusal) => {
            desk.books.refused();
            desk.books.closed(None);
            Ok(refuse(dialect, &refusal, &desk.unique()))
        }
    }
}

/// A refusal in the dialect's own words.
pub(crate) fn refuse(dialect: Dialect, refusal: &Refusal, unique: &str) -> Response<Answer> {
    let body = dialect.refusal(refusal, &format!("req_{unique}"));
    let mut response = json(dialect, body, unique);
    *response.status_mut() =
        StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Some(seconds) = refusal.retry_after {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    if dialect.maker() == Maker::Anthropic && (refusal.status == 429 || refusal.status >= 500) {
        let name = HeaderName::from_static("x-should-retry");
        response.headers_mut().insert(name, HeaderValue::from_static("true"));
    }
    response
}

/// A JSON answer with the vendor's headers.
pub(crate) fn json(dialect: Dialect, body: String, unique: &str) -> Response<Answer> {
    respond(dialect, Answer::whole(body), unique, "application/json")
}

/// The credential's presence is all this vendor asks of it.
pub(crate) fn check_key(headers: &HeaderMap) -> Result<(), Refusal> {
    let given = |name| headers.get(name).is_some_and(|value| !value.is_empty());
    if given("authorization") || given("x-api-key") {
        Ok(())
    } else {
        Err(Refusal::of_status(401, None))
    }
}

fn read(
    desk: &Desk,
    dialect: Dialect,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<(Script, Plan), Refusal> {
    if dialect != Dialect::Ollama {
        check_key(headers)?;
    }
    let ask = Ask::read(body).map_err(|fault| {
        Refusal::bad_request(format!("We could not parse the JSON body of your request: {fault}"))
    })?;
    let script = script(headers, &ask).map_err(Refusal::bad_request)?;
    let plan = Plan::make(desk, dialect, &ask, &script, body.len())?;
    Ok((script, plan))
}

fn script(headers: &HeaderMap, ask: &Ask<'_>) -> Result<Script, String> {
    let header = headers.get(SCRIPT_HEADER).and_then(|words| words.to_str().ok());
    match header.or_else(|| Script::directive(ask.first_user_text()?)) {
        Some(words) => Script::parse(words),
        None => Ok(Script::default()),
    }
}

async fn perform(
    desk: &Arc<Desk>,
    script: &Script,
    plan: &Plan,
) -> Result<Response<Answer>, HangUp> {
    let mut job = Job::start(&desk.books, plan, script);
    let failure = desk.failure(script);
    let reset = script.reset == Some(Reset::Before);
    if script.hang || reset || failure.is_some() {
        job.give_up(script.bill);
    }
    let latency = script.latency_ms.map_or(desk.options.latency, Duration::from_millis);
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    if script.hang {
        std::future::pending::<()>().await;
    }
    if reset {
        return Err(HangUp::Reset);
    }
    if let Some(status) = failure {
        desk.books.refused();
        let refusal = Refusal::of_status(status, script.retry_after);
        return Ok(refuse(plan.dialect, &refusal, &plan.unique));
    }
    if script.empty || (script.error.is_some() && !plan.stream) {
        job.give_up(script.bill);
        let body = if script.empty { String::new() } else { plan.dialect.failure(plan) };
        return Ok(respond(plan.dialect, Answer::whole(body), &plan.unique, kind(plan)));
    }
    Ok(if plan.stream { stream(desk, script, plan, job) } else { whole(script, plan, job) })
}

/// A JSON answer: generated before its first byte leaves, and billed there and then.
fn whole(script: &Script, plan: &Plan, job: Job) -> Response<Answer> {
    let body = plan.dialect.whole(plan);
    let hang_up = hang_up(script);
    job.finish(if hang_up.is_some() { End::Cut } else { End::Complete });
    let plain = !script.gzip && !script.split && script.slow_body_ms.is_none();
    if plain && hang_up.is_none() {
        return json(plan.dialect, body, &plan.unique);
    }
    let generated = plan.usage.output;
    let mut frames = dress::pack(vec![Frame { bytes: body.into(), generated }], script, true);
    let total = frames.iter().map(|frame| length(&frame.bytes)).sum();
    if hang_up.is_some() || script.slow_body_ms.is_some() {
        frames = frames.into_iter().flat_map(|f| dress::in_pieces(f, dress::SLOW_PIECES)).collect();
    }
    if hang_up.is_some() {
        frames.truncate(frames.len().div_ceil(2));
    }
    let pace =
        script.slow_body_ms.map_or(Pace::OneByOne, |ms| Pace::Gap(Duration::from_millis(ms)));
    let paced = Paced::new(frames, pace).of_length(Some(total)).then_hang_up(hang_up);
    zipped(respond(plan.dialect, paced.boxed(), &plan.unique, "application/json"), script)
}

/// A stream: billed when its last event leaves, or when it is dropped.
fn stream(desk: &Desk, script: &Script, plan: &Plan, mut job: Job) -> Response<Answer> {
    let mut frames = plan.dialect.events(plan);
    let generated = script.error.map(|events| fail(&mut frames, plan, events));
    dress::lines(&mut frames, script);
    let hang_up = hang_up(script);
    if hang_up.is_some() {
        frames.truncate(script.cut.unwrap_or(frames.len() / 2).max(1));
    }
    let frames = dress::pack(frames, script, hang_up.is_none());
    let gap = script.gap_ms.map_or(desk.options.chunk_gap, Duration::from_millis);
    let pace = match (gap.is_zero(), script.split) {
        (false, false) => Pace::Gap(gap),
        (_, true) => Pace::OneByOne,
        (true, false) => Pace::Unbroken,
    };
    let paced = Paced::new(frames, pace).then_hang_up(hang_up).failing(generated.is_some());
    let paced = if generated == Some(0) {
        job.give_up(script.bill);
        paced
    } else {
        paced.billing(job)
    };
    zipped(respond(plan.dialect, paced.boxed(), &plan.unique, kind(plan)), script)
}

/// Puts an error in the place of the events behind the first so many. The tokens generated by then.
fn fail(frames: &mut Vec<Frame>, plan: &Plan, events: usize) -> u64 {
    frames.truncate(events);
    let generated = frames.last().map_or(0, |frame| frame.generated);
    frames.push(Frame { bytes: plan.dialect.failure_event(plan).into(), generated });
    generated
}

/// The content type of an answer.
fn kind(plan: &Plan) -> &'static str {
    match (plan.stream, plan.dialect.maker()) {
        (false, _) => "application/json",
        (true, Maker::OpenAi) => "text/event-stream; charset=utf-8",
        (true, Maker::Anthropic | Maker::Cohere) => "text/event-stream",
        (true, Maker::Ollama) => "application/x-ndjson",
    }
}

/// How the script has the vendor leave an answer it has begun.
fn hang_up(script: &Script) -> Option<HangUp> {
    match (script.reset, script.cut) {
        (Some(_), _) => Some(HangUp::Reset),
        (None, Some(_)) => Some(HangUp::Close),
        (None, None) => None,
    }
}

fn respond(dialect: Dialect, body: Answer, unique: &str, kind: &'static str) -> Response<Answer> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    dialect.sign(headers, unique);
    response
}

fn zipped(mut response: Response<Answer>, script: &Script) -> Response<Answer> {
    if script.gzip {
        response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}
