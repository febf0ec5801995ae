//! A dialect whose meter and filter do as they are told.
//!
//! An answer says `usage=7;` for seven output tokens, `absurd;` for what nobody can believe and
//! `end;` at its end; every byte of it counts as a token that came through.

use std::sync::{Arc, Condvar, Mutex};

use bytes::Bytes;
use reins_dialects::{
    Billing, Dialect, Filter, Found, Meter, Metered, OUTPUT_UNSEEN, OpenAi, Read, Target,
};
use reins_governor::{Call, Endpoint, Refusal, TransactionId, Usage};

/// How the meter fails.
#[derive(Clone, Debug, Default)]
pub(super) enum Flaw {
    #[default]
    None,
    /// At this piece, from 0.
    PanicsAt(usize),
    PanicsAtTheEnd,
    /// At the first piece, until the gate is open.
    Blocks(Arc<Gate>),
    /// It cannot say how much came through.
    Unseen,
}

/// Blocks a thread until somebody opens it.
#[derive(Debug, Default)]
pub(super) struct Gate {
    open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    pub(super) fn open(&self) {
        *self.open.lock().expect("no panic") = true;
        self.opened.notify_all();
    }

    fn pass(&self) {
        let open = self.open.lock().expect("no panic");
        drop(self.opened.wait_while(open, |open| !*open).expect("no panic"));
    }
}

#[derive(Clone, Debug)]
pub(super) struct Gauge {
    pub(super) flaw: Flaw,
    pub(super) billing: Billing,
    /// Whether every `#` is hidden, and a `.` put at the end.
    pub(super) filters: bool,
}

impl Default for Gauge {
    fn default() -> Self {
        let billing = Billing {
            closing_stops_streams: true,
            closing_stops_whole: false,
            bills_failures: false,
        };
        Self { flaw: Flaw::None, billing, filters: false }
    }
}

impl Dialect for Gauge {
    fn name(&self) -> &'static str {
        "gauge"
    }

    fn endpoint(&self) -> Endpoint {
        Endpoint::ChatCompletions
    }

    fn read(&self, body: &[u8], to: &Target) -> Result<Read, Refusal> {
        OpenAi.read(body, to)
    }

    fn rewrite(&self, body: &[u8], read: &Read, call: &Call) -> Option<Vec<u8>> {
        OpenAi.rewrite(body, read, call)
    }

    fn meter(&self, _: &Read, _: &Call) -> Box<dyn Meter> {
        Box::new(Needle { flaw: self.flaw.clone(), pieces: 0, seen: Vec::new() })
    }

    fn filter(&self, _: &Read) -> Option<Box<dyn Filter>> {
        self.filters.then(|| Box::new(Hashes) as Box<dyn Filter>)
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
    pieces: usize,
    seen: Vec<u8>,
}

/// Longer answers are only counted, not kept.
const KEPT: usize = 64 * 1024;

impl Meter for Needle {
    fn feed(&mut self, bytes: &[u8]) {
        match &self.flaw {
            Flaw::PanicsAt(piece) if *piece == self.pieces => panic!("a flaw of this meter"),
            Flaw::Blocks(gate) if self.pieces == 0 => gate.pass(),
            Flaw::None | Flaw::PanicsAt(_) | Flaw::PanicsAtTheEnd => {}
            Flaw::Blocks(_) | Flaw::Unseen => {}
        }
        self.pieces += 1;
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
                let output = output.parse().expect("a number");
                Found::Usage(Usage { output, ..Usage::default() })
            }
            None => Found::Missing,
        };
        let counted = u64::try_from(self.seen.len()).expect("it fits");
        let unseen = matches!(self.flaw, Flaw::Unseen);
        let output_bound = if unseen { OUTPUT_UNSEEN } else { counted };
        Metered { usage, model: None, output_bound, complete: text.contains("end;") }
    }
}

struct Hashes;

impl Filter for Hashes {
    fn pass(&mut self, chunk: Bytes) -> Bytes {
        chunk.iter().copied().filter(|byte| *byte != b'#').collect::<Vec<_>>().into()
    }

    fn flush(&mut self) -> Bytes {
        Bytes::from_static(b".")
    }
}
