//! Any bytes as a request and as an answer, in the dialects that the examples declare.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use jiff::civil::date;
use jiter::JsonValue;
use reins_config::{File, Purpose, read};
use reins_dialects::{Dialect, Found, Head, Metered, Read, Target};
use reins_governor::{Call, Tokens};

use crate::answer::{believed, bytes, odd};
use crate::second::{Verdict, ensure, member, number, object, once, whole_characters, word};

const HEAD: Head<'static> = Head { path: "", query: None };

/// A cap to change to.
const CAP: Tokens = Tokens(7);

/// An endpoint of an example, and the names that lead to its cap.
struct Example {
    dialect: Arc<dyn Dialect>,
    cap: &'static [&'static str],
    streams: bool,
}

static EXAMPLES: LazyLock<Vec<Example>> = LazyLock::new(|| {
    let cohere = include_str!("../../../engine/config/dialects/cohere.toml");
    let ollama = include_str!("../../../engine/config/dialects/ollama.toml");
    let cohere = dialects(cohere).map(|dialect| (dialect, &["max_tokens"][..], false));
    let ollama = dialects(ollama).map(|dialect| (dialect, &["options", "num_predict"][..], true));
    let example = |(dialect, cap, streams)| Example { dialect, cap, streams };
    cohere.chain(ollama).map(example).collect()
});

fn dialects(text: &str) -> impl Iterator<Item = Arc<dyn Dialect>> + use<> {
    let path = Path::new("/etc/reins/reins.toml");
    let variables = &|_: &str| Some("key-of-the-vendor".to_owned());
    let (purpose, today) = (Purpose::Serve, date(2026, 9, 1));
    let file = File { path, text, purpose, today, variables, others: &[] };
    let connections = match read(&file) {
        Ok(main) => main.first.organization.connections,
        Err(report) => panic!("{report}"),
    };
    let of = |connection: &reins_config::Connection| connection.family.dialects().to_vec();
    connections.iter().flat_map(of).collect::<Vec<_>>().into_iter()
}

/// What is read of a request, a second parser reads as well; and an answer tells the same however
/// it is cut, and what can be believed.
pub(crate) fn holds(input: &[u8]) -> Verdict {
    for example in EXAMPLES.iter() {
        request(example, input)?;
        answer(&*example.dialect, input)?;
    }
    Ok(())
}

fn asked(dialect: &dyn Dialect, body: &[u8]) -> Option<Read> {
    let to = Target { vendor: "vendor".into(), connection: "connection".into() };
    Some(dialect.read(&HEAD, body).ok()?.bind(to))
}

fn request(example: &Example, body: &[u8]) -> Verdict {
    let dialect = &*example.dialect;
    let Some(read) = asked(dialect, body) else { return Ok(()) };
    facts(example, body, &read.call)?;
    let call =
        Call { output_cap: Some(CAP), model: "other \"\u{e9}\"".into(), ..read.call.clone() };
    let sent = dialect.rewrite(&HEAD, body, &read, &call).body.ok_or("nothing was changed")?;
    let again = asked(dialect, &sent).ok_or("what is sent cannot be read")?;
    ensure(again.call == call, || format!("{:?} is sent as {:?}", call, again.call))?;
    let more = dialect.rewrite(&HEAD, &sent, &again, &call).body.is_some();
    ensure(!more, || "it is to be rewritten once more".to_owned())?;
    facts(example, &sent, &call)
}

fn facts(example: &Example, body: &[u8], call: &Call) -> Verdict {
    let text = whole_characters(body);
    let seen = object(&text)?;
    once(&seen, &["model", "stream", "messages"])?;
    let mut inside = &seen;
    let (last, outer) = example.cap.split_last().ok_or("no cap")?;
    for name in outer {
        once(inside, &[name])?;
        inside = member(inside, name).unwrap_or(&JsonValue::Null);
    }
    once(inside, &[last])?;
    let streams =
        member(&seen, "stream").map_or(example.streams, |stream| *stream == JsonValue::Bool(true));
    let ours = (Some(&*call.model), call.stream, call.output_cap.map(Tokens::get));
    let theirs = (word(&seen, "model"), streams, number(inside, last));
    ensure(ours == theirs, || format!("read as {ours:?}, seen as {theirs:?}"))
}

fn answer(dialect: &dyn Dialect, answer: &[u8]) -> Verdict {
    for stream in [false, true] {
        let body = format!(r#"{{"model":"m","stream":{stream}}}"#);
        let read = asked(dialect, body.as_bytes()).ok_or("the request is refused")?;
        let whole = metered(dialect, &read, &[answer]);
        for pieces in [bytes(answer), odd(answer)] {
            let cut = metered(dialect, &read, &pieces);
            ensure(cut == whole, || format!("in one piece {whole:?}, in pieces {cut:?}"))?;
        }
        if let Found::Usage(usage) = &whole.usage {
            let last = whole.complete || whole.failure.is_some();
            ensure(last, || format!("not at its end, and believed: {whole:?}"))?;
            believed(usage)?;
        }
    }
    Ok(())
}

fn metered(dialect: &dyn Dialect, read: &Read, pieces: &[&[u8]]) -> Metered {
    let mut meter = dialect.meter(read, &read.call);
    pieces.iter().for_each(|piece| meter.feed(piece));
    meter.finish()
}
