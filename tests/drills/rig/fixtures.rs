//! Answers as vendors recorded them, from the folder of the dialects.

use std::fs;
use std::path::Path;

use bytes::Bytes;

use super::Speech;

/// One recorded answer.
pub(crate) struct Fixture {
    /// Its folder and file.
    pub(crate) name: String,
    pub(crate) speech: Speech,
    pub(crate) stream: bool,
    pub(crate) bytes: Bytes,
}

/// All of them.
pub(crate) fn fixtures() -> Vec<Fixture> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../engine/dialects/fixtures");
    let mut found = Vec::new();
    for (folder, speech) in [("openai", Speech::OpenAi), ("anthropic", Speech::Anthropic)] {
        for entry in fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let file = path.file_name().unwrap().to_str().unwrap().to_owned();
            let stream = file.ends_with(".sse");
            let bytes = fs::read(&path).unwrap().into();
            found.push(Fixture { name: format!("{folder}/{file}"), speech, stream, bytes });
        }
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    assert!(found.len() >= 16, "the fixtures have moved");
    found
}

// === impl Fixture ===

impl Fixture {
    /// A stream's events, each with the empty line that ends it.
    pub(crate) fn events(&self) -> Vec<Bytes> {
        let mut events = Vec::new();
        let mut start = 0;
        for end in 1..=self.bytes.len() {
            let so_far = &self.bytes[start..end];
            if so_far.ends_with(b"\n\n") || so_far.ends_with(b"\r\n\r\n") {
                events.push(self.bytes.slice(start..end));
                start = end;
            }
        }
        if start < self.bytes.len() {
            events.push(self.bytes.slice(start..));
        }
        events
    }
}
