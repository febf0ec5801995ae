//! What holds for every dialect.

mod answers;
mod anything;
mod bodies;
mod counts;
mod failures;
mod filters;
mod refusals;
mod rewrites;

use reins_governor::{InputSize, Refusal};

use crate::{Asked, Dialect, Head, Metered, Read, Target};

/// A request that puts nothing in.
pub(crate) const NOTHING: InputSize = InputSize {
    text_bytes: 0,
    parts: 0,
    images: 0,
    pages: 0,
    audio_bytes: 0,
    by_reference: None,
    prompts: 0,
    rereads: 0,
};

/// A request's head that says nothing.
pub(crate) const HEAD: Head<'static> = Head { path: "", query: None };

pub(crate) fn target() -> Target {
    Target { vendor: "vendor".into(), connection: "connection".into() }
}

/// The request to the dialect's endpoint with this body.
pub(crate) fn ask(dialect: &dyn Dialect, body: &[u8]) -> Result<Asked, Refusal> {
    dialect.read(&Head { path: dialect.path(), query: None }, body)
}

pub(crate) fn read(dialect: &dyn Dialect, body: &str) -> Read {
    match ask(dialect, body.as_bytes()) {
        Ok(asked) => asked.bind(target()),
        Err(refusal) => panic!("`{body}`: {refusal}"),
    }
}

/// The sentence that a body is refused with.
pub(crate) fn refused(dialect: &dyn Dialect, body: &[u8]) -> String {
    match ask(dialect, body) {
        Err(Refusal::BadRequest { what }) => what,
        other => panic!("`{}` was read: {other:?}", String::from_utf8_lossy(body)),
    }
}

/// Any request, asking for a stream or not.
pub(crate) fn asked(dialect: &dyn Dialect, stream: bool) -> Read {
    let model =
        if dialect.family().name() == "openai" { "gpt-4o-mini" } else { "claude-sonnet-4-5" };
    read(
        dialect,
        &format!(r#"{{"model":"{model}","max_tokens":9,"messages":[],"stream":{stream}}}"#),
    )
}

pub(crate) fn metered<'a>(
    dialect: &dyn Dialect,
    stream: bool,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Metered {
    let read = asked(dialect, stream);
    let mut meter = dialect.meter(&read, &read.call);
    pieces.into_iter().for_each(|piece| meter.feed(piece));
    meter.finish()
}

/// All dialects of the table.
pub(crate) fn dialects() -> impl Iterator<Item = &'static dyn Dialect> {
    crate::dialects().map(|dialect| &**dialect)
}
