//! Changes to a body: a few places are written anew, every other byte stays.

use std::ops::Range;

use reins_governor::Call;
use serde_json::Value;

use crate::Read;

/// The changes to one body.
#[derive(Debug, Default)]
pub(crate) struct Rewrite {
    edits: Vec<Edit>,
}

/// What stands at a place from now on. Where the place is empty, it is put in.
#[derive(Debug)]
struct Edit {
    place: Range<usize>,
    text: String,
}

// === impl Rewrite ===

impl Rewrite {
    /// The changes that make `read` ask for the model and the cap of `call`. A cap that has no
    /// place yet goes into `cap_field`.
    pub(crate) fn of(read: &Read, call: &Call, cap_field: &str) -> Self {
        let mut rewrite = Self::default();
        if call.model != read.call.model {
            rewrite.replace(&read.places.model, Value::from(&*call.model).to_string());
        }
        match (call.output_cap, &read.places.cap) {
            (cap, _) if cap == read.call.output_cap => {}
            (None, _) => {}
            (Some(cap), Some(place)) => rewrite.replace(place, cap.to_string()),
            (Some(cap), None) => {
                rewrite.insert(read.places.open, format!(r#""{cap_field}":{cap},"#));
            }
        }
        rewrite
    }

    pub(crate) fn replace(&mut self, place: &Range<usize>, text: String) {
        self.edits.push(Edit { place: place.clone(), text });
    }

    pub(crate) fn insert(&mut self, at: usize, text: String) {
        self.edits.push(Edit { place: at..at, text });
    }

    /// The body with the changes, or `None` where there are none.
    pub(crate) fn apply(mut self, body: &[u8]) -> Option<Vec<u8>> {
        if self.edits.is_empty() {
            return None;
        }
        self.edits.sort_by_key(|edit| edit.place.start);
        let added: usize = self.edits.iter().map(|edit| edit.text.len()).sum();
        let mut written = Vec::with_capacity(body.len().saturating_add(added));
        let mut from = 0;
        for edit in &self.edits {
            written.extend_from_slice(body.get(from..edit.place.start).unwrap_or_default());
            written.extend_from_slice(edit.text.as_bytes());
            from = edit.place.end;
        }
        written.extend_from_slice(body.get(from..).unwrap_or_default());
        Some(written)
    }
}
