//! A dialect whose meter and filter do as they are told.
//!
//! An answer says `usage=7;` for seven output tokens, `absurd;` for what nobody can believe,
//! `failed;` that it failed, and `end;` at its end; every byte of it counts as a token that came
//! through.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use reins_dialects::{
    Asked, Base, Billing, ChatCompletions, Credential, Dialect, Failure, Family, Filter, Found,
    Head, Meter, Metered, OUTPUT_UNSEEN, OpenAi, Read, Rewritten, Signer,
};
use reins_governor::{Call, Endpoint, Refusal, Tokens, TransactionId, Usage};

/// How the meter fails.
#[derive(Clone, Debug, Default)]
pub(super) enum Flaw {
    #[default]
    None,
    /// At this byte, from 0.
    PanicsAt(usize),
    PanicsAtTheEnd,
    /// At the first piece, until the gate is open.
    Blocks(Arc<Gate>),
    /// It cannot say how much came through.
    Unseen,
}

/// Blocks a thread until somebody opens it, though not for ever: a test that waits for what only
/// that thread could do shall fail.
#[derive(Debug, Default)]
pub(super) struct Gate {
    open: Mutex<bool>,
    opened: Condvar,
}

/// Longer than anything waits for a meter.
const BLOCKED_MAX: Duration = Duration::from_secs(20);

impl Gate {
    pub(super) fn open(&self) {
        *self.open.lock().expect("no panic") = true;
        self.opened.notify_all();
    }

    pub(super) fn is_open(&self) -> bool {
        *self.open.lock().expect("no panic")
    }

    fn pass(&self) {
        let open = self.open.lock().expect("no panic");
        let passed = self.opened.wait_timeout_while(open, BLOCKED_MAX, |open| !*open);
        *passed.expect("no panic").0 = true;
    }
}

#[derive(Clone, Debug)]
pub(super) struct Gauge {
    pub(super) flaw: Flaw,
    pub(super) billing: Billing,
    /// Whether every `#` is hidden, and a `.` put at the end.
    pub(super) filters: bool,
    /// The piece at which a filter fails that keeps back the last letter of each; or the end.
    pub(super) filter_fails_at: Option<usize>,
}

impl Default for Gauge {
    fn default() -> Self {
        let billing = Billing { closing_stops_streams: true, closing_stops_whole: false };
        Self { flaw: Flaw::None, billing, filters: false, filter_fails_at: None }
    }
}

impl Dialect for Gauge {
    fn family(&self) -> &dyn Family {
        self
    }

    fn path(&self) -> &str {
        ChatCompletions.path()
    }

    fn endpoint(&self) -> Endpoint {
        Endpoint::ChatCompletions
    }

    fn read(&self, head: &Head<'_>, body: &[u8]) -> Result<Asked, Refusal> {
        ChatCompletions.read(head, body)
    }

    fn rewrite(&self, head: &Head<'_>, body: &[u8], read: &Read, call: &Call) -> Rewritten {
        ChatCompletions.rewrite(head, body, read, call)
    }

    fn meter(&self, _: &Read, _: &Call) -> Box<dyn Meter> {
        Box::new(Needle { flaw: self.flaw.clone(), read: 0, seen: Vec::new() })
    }

    fn filter(&self, _: &Read) -> Option<Box<dyn Filter>> {
        if let Some(fails_at) = self.filter_fails_at {
            return Some(Box::new(Hoarder { fails_at, pieces: 0, held: Vec::new() }));
        }
        self.filters.then(|| Box::new(Hashes) as Box<dyn Filter>)
    }
}

impl Family for Gauge {
    fn name(&self) -> &str {
        "gauge"
    }

    fn base(&self) -> Base<'_> {
        OpenAi.base()
    }

    fn dialects(self: Arc<Self>) -> Vec<Arc<dyn Dialect>> {
        Vec::new()
    }

    fn free(&self) -> &[&str] {
        &[]
    }

    fn sends(&self, _: &HeaderMap) -> bool {
        false
    }

    fn signer(&self, credential: Credential<'_>) -> Option<Box<dyn Signer>> {
        OpenAi.signer(credential)
    }

    fn refuse(&self, refusal: &Refusal, id: Option<TransactionId>) -> Vec<u8> {
        OpenAi.refuse(refusal, id)
    }

    fn usage(&self, json: &[u8]) -> Found {
        OpenAi.usage(json)
    }

    fn billing(&self, _: &str) -> Billing {
        self.billing
    }
}

struct Needle {
    flaw: Flaw,
    read: usize,
    seen: Vec<u8>,
}

/// Longer answers are only counted, not kept.
const KEPT: usize = 64 * 1024;

impl Meter for Needle {
    fn feed(&mut self, bytes: &[u8]) {
        match &self.flaw {
            Flaw::PanicsAt(byte) if (self.read..self.read + bytes.len()).contains(byte) => {
                panic!("a flaw of this meter")
            }
            Flaw::Blocks(gate) if self.read == 0 => gate.pass(),
            Flaw::None | Flaw::PanicsAt(_) | Flaw::PanicsAtTheEnd => {}
            Flaw::Blocks(_) | Flaw::Unseen => {}
        }
        self.read += bytes.len();
        if self.seen.len() < KEPT {
            self.seen.extend_from_slice(bytes);
        }
    }

    fn finish(&mut self) -> Metered {
        if matches!(self.flaw, Flaw::PanicsAtTheEnd) {
            panic!("a flaw of this meter");
        }
        let text = String::from_utf8_lossy(&self.seen);
        let told = text.split_once("usage=").and_then(|(_, after)| after.split_once(';'));
        let usage = match told {
            _ if text.contains("absurd;") => Found::Absurd("output"),
            Some((output, _)) => {
                let output = Tokens(output.parse().expect("a number"));
                Found::Usage(Usage { output, ..Usage::default() })
            }
            None => Found::Missing,
        };
        let counted = u64::try_from(self.seen.len()).expect("it fits");
        let unseen = matches!(self.flaw, Flaw::Unseen);
        let output_bound = if unseen { OUTPUT_UNSEEN } else { Tokens(counted) };
        let failure = match text.as_ref() {
            "" => Some(Failure::Empty),
            "failed;" => Some(Failure::BeforeOutput),
            text => text.contains("failed;").then_some(Failure::AfterOutput),
        };
        let complete = text.contains("end;") && failure.is_none();
        Metered { usage, model: None, output_bound, complete, failure }
    }
}

struct Hashes;

impl Filter for Hashes {
    fn pass(&mut self, chunk: Bytes) -> Bytes {
        chunk.iter().copied().filter(|byte| *byte != b'#').collect::<Vec<_>>().into()
    }

    fn held(&self) -> &[u8] {
        &[]
    }

    fn flush(&mut self) -> Bytes {
        Bytes::from_static(b".")
    }
}

struct Hoarder {
    fails_at: usize,
    pieces: usize,
    held: Vec<u8>,
}

impl Hoarder {
    fn step(&mut self) {
        assert!(self.pieces != self.fails_at, "a flaw of this filter");
        self.pieces += 1;
    }
}

impl Filter for Hoarder {
    fn pass(&mut self, chunk: Bytes) -> Bytes {
        let mut out = std::mem::take(&mut self.held);
        out.extend_from_slice(&chunk);
        self.held.extend(out.pop());
        // Not before it is in the middle of its work.
        let held = std::mem::take(&mut self.held);
        self.step();
        self.held = held;
        out.into()
    }

    fn held(&self) -> &[u8] {
        &self.held
    }

    fn flush(&mut self) -> Bytes {
        self.step();
        std::mem::take(&mut self.held).into()
    }
}
