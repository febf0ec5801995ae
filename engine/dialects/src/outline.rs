//! The outline of one JSON object that comes in pieces: a few members kept, others measured.
//!
//! It follows the structure alone and is no validator. What it holds is bounded: content passes by
//! and is never kept.

use memchr::memchr2;

/// How deep lists and objects may nest: one bit each.
const DEPTH_MAX: u32 = 128;

/// The most that is kept of a member, in bytes: a usage object has some hundreds.
const KEPT_BYTES_MAX: usize = 64 * 1024;

/// The longest name of a member that is looked at, in bytes: the longest that matters has twelve
/// letters, each of which takes six bytes where it is written as an escape.
const NAME_BYTES_MAX: usize = 72;

/// The most that is kept of the member that says whether there is an error: its beginning suffices.
const ERROR_BYTES_MAX: usize = 8;

/// Which members of an object matter.
#[derive(Debug)]
pub(crate) struct Shape {
    /// Members of the object itself that are kept as they are written.
    pub(crate) kept: &'static [&'static str],
    /// Members of the object itself that are measured.
    pub(crate) measured: &'static [&'static str],
    /// The member of the object itself that says whether there is an error.
    pub(crate) error: &'static str,
    /// The name in measured members whose text says that an answer is finished.
    pub(crate) finish: &'static str,
    /// Names at any depth whose texts are no output of a model.
    pub(crate) no_output: &'static [&'static str],
}

/// What has been seen of an object so far.
#[derive(Debug)]
pub(crate) struct Outline {
    shape: &'static Shape,
    state: State,
    /// One bit for each bracket that is open, the innermost lowest: 1 for an object.
    brackets: u128,
    depth: u32,
    /// Whether it began as an object.
    opened: bool,
    /// Whether a string that begins now is a name.
    name_next: bool,
    string: Option<Str>,
    name: Vec<u8>,
    member: Member,
    kept: Vec<Vec<u8>>,
    /// The beginning of the member that says whether there is an error.
    error: Vec<u8>,
    /// Whether a member that is kept is there twice, or by a name with an escape.
    ambiguous: bool,
    /// Bytes of measured members, without space.
    size: u64,
    /// Bytes of texts in measured members.
    text_bytes: u64,
    seen_measured: bool,
    /// Whether a measured member says that an answer is finished.
    finished: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Before,
    Inside,
    Closed,
    Broken,
}

/// A string under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Str {
    is: Is,
    escaping: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Is {
    Name,
    Output,
    Other,
}

/// The member of the object itself that is being passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Member {
    Other,
    Kept(usize),
    Measured,
    Error,
}

// === impl Outline ===

impl Outline {
    pub(crate) fn new(shape: &'static Shape) -> Self {
        Self { kept: vec![Vec::new(); shape.kept.len()], ..Self::blank(shape) }
    }

    const fn blank(shape: &'static Shape) -> Self {
        Self {
            shape,
            state: State::Before,
            brackets: 0,
            depth: 0,
            opened: false,
            name_next: false,
            string: None,
            name: Vec::new(),
            member: Member::Other,
            kept: Vec::new(),
            error: Vec::new(),
            ambiguous: false,
            size: 0,
            text_bytes: 0,
            seen_measured: false,
            finished: false,
        }
    }

    /// Looks at the next bytes.
    pub(crate) fn feed(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && self.state != State::Broken {
            let took = match self.string {
                Some(string) => self.feed_string(string, bytes),
                None => self.feed_structure(bytes),
            };
            bytes = bytes.get(took..).unwrap_or_default();
        }
    }

    /// Begins anew with another object.
    pub(crate) fn clear(&mut self) {
        self.name.clear();
        self.kept.iter_mut().for_each(Vec::clear);
        self.error.clear();
        *self = Self {
            name: std::mem::take(&mut self.name),
            kept: std::mem::take(&mut self.kept),
            error: std::mem::take(&mut self.error),
            ..Self::blank(self.shape)
        };
    }

    /// A kept member as it is written, where it is there and is not `null`.
    pub(crate) fn kept(&self, name: &str) -> Option<&[u8]> {
        let index = self.shape.kept.iter().position(|kept| *kept == name)?;
        let written = self.kept.get(index)?.as_slice();
        (!written.is_empty() && written != b"null").then_some(written)
    }

    /// A kept member that is a string.
    pub(crate) fn word(&self, name: &str) -> Option<String> {
        serde_json::from_slice(self.kept(name)?).ok()
    }

    /// Whether there is an error: more than what some vendors write where there is none, and their
    /// clients take for nothing.
    pub(crate) fn says_error(&self) -> bool {
        const NOTHING: [&[u8]; 7] = [b"", b"null", b"false", b"0", b"\"\"", b"{}", b"[]"];
        !NOTHING.contains(&self.error.as_slice())
    }

    /// Whether two readers may see two values of a member that is kept.
    pub(crate) const fn is_ambiguous(&self) -> bool {
        self.ambiguous
    }

    /// Bytes of texts in measured members: at most so many tokens.
    pub(crate) const fn text_bytes(&self) -> u64 {
        self.text_bytes
    }

    /// Bytes of measured members, structure included.
    pub(crate) const fn size(&self) -> u64 {
        self.size
    }

    /// Whether the measured members are there, and are empty lists or objects.
    pub(crate) const fn measured_is_empty(&self) -> bool {
        self.seen_measured && self.size <= 2
    }

    /// Whether a measured member says that an answer is finished.
    pub(crate) const fn says_finished(&self) -> bool {
        self.finished
    }

    /// Whether nothing but space was seen.
    pub(crate) const fn is_blank(&self) -> bool {
        matches!(self.state, State::Before)
    }

    /// Whether the object was closed.
    pub(crate) const fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    /// Whether it could not be followed to its end, so that nothing was measured since.
    pub(crate) const fn is_broken(&self) -> bool {
        matches!(self.state, State::Broken)
    }

    /// Whether it began as an object and could not be followed: what came of it is not known.
    pub(crate) const fn is_broken_inside(&self) -> bool {
        self.opened && self.is_broken()
    }

    fn feed_string(&mut self, string: Str, bytes: &[u8]) -> usize {
        if string.escaping {
            self.note_string(string.is, bytes.get(..1).unwrap_or_default());
            self.string = Some(Str { escaping: false, ..string });
            return 1;
        }
        let length = memchr2(b'"', b'\\', bytes).unwrap_or(bytes.len());
        let (run, rest) = bytes.split_at_checked(length).unwrap_or_default();
        self.note_string(string.is, run);
        let Some(stop) = rest.first() else { return length };
        self.pass(std::slice::from_ref(stop));
        let escaping = *stop == b'\\';
        if escaping && string.is == Is::Name && self.name.len() <= NAME_BYTES_MAX {
            // As it is written: another reader may know no such escape, and so no such name.
            self.name.push(*stop);
        }
        self.string = escaping.then_some(Str { escaping, ..string });
        length.saturating_add(1)
    }

    fn note_string(&mut self, is: Is, run: &[u8]) {
        match is {
            Is::Name => {
                let room = (NAME_BYTES_MAX + 1).saturating_sub(self.name.len());
                self.name.extend(run.iter().take(room));
            }
            Is::Output => self.text_bytes = self.text_bytes.saturating_add(count(run)),
            Is::Other => {}
        }
        self.pass(run);
    }

    /// Bytes of the member that is being passed.
    fn pass(&mut self, run: &[u8]) {
        match self.member {
            Member::Other => {}
            Member::Measured => self.size = self.size.saturating_add(count(run)),
            Member::Error => {
                let room = ERROR_BYTES_MAX.saturating_sub(self.error.len());
                self.error.extend(run.iter().take(room));
            }
            Member::Kept(index) => {
                let Some(kept) = self.kept.get_mut(index) else { return };
                if kept.len().saturating_add(run.len()) > KEPT_BYTES_MAX {
                    self.state = State::Broken;
                } else {
                    kept.extend_from_slice(run);
                }
            }
        }
    }

    fn feed_structure(&mut self, bytes: &[u8]) -> usize {
        let Some(byte) = bytes.first() else { return 0 };
        let space = byte.is_ascii_whitespace();
        match (self.state, byte) {
            (_, _) if space => {}
            (State::Before, b'{') => self.open(byte),
            (State::Inside, b'{' | b'[') => self.open(byte),
            (State::Inside, b'}' | b']') => self.close(byte),
            (State::Inside, b'"') => self.begin_string(),
            (State::Inside, b':') => self.colon(),
            (State::Inside, b',') => self.comma(),
            (State::Inside, _) => self.pass(std::slice::from_ref(byte)),
            _ => self.state = State::Broken,
        }
        1
    }

    fn open(&mut self, bracket: &u8) {
        if self.depth > 0 {
            self.pass(std::slice::from_ref(bracket));
        }
        self.opened = true;
        let object = *bracket == b'{';
        self.brackets = (self.brackets << 1) | u128::from(object);
        self.depth = self.depth.saturating_add(1);
        self.name_next = object;
        self.state = if self.depth > DEPTH_MAX { State::Broken } else { State::Inside };
    }

    fn close(&mut self, bracket: &u8) {
        if self.in_object() != (*bracket == b'}') {
            self.state = State::Broken;
            return;
        }
        self.brackets >>= 1;
        self.depth = self.depth.saturating_sub(1);
        self.name_next = false;
        self.name.clear();
        if self.depth == 0 {
            self.member = Member::Other;
            self.state = State::Closed;
        } else {
            self.pass(std::slice::from_ref(bracket));
        }
    }

    fn begin_string(&mut self) {
        self.pass(b"\"");
        let is = if self.name_next {
            self.name.clear();
            Is::Name
        } else if self.member == Member::Measured && self.name == self.shape.finish.as_bytes() {
            self.finished = true;
            Is::Other
        } else if self.member == Member::Measured && !self.named_among(self.shape.no_output) {
            Is::Output
        } else {
            Is::Other
        };
        self.string = Some(Str { is, escaping: false });
    }

    fn colon(&mut self) {
        if !std::mem::take(&mut self.name_next) {
            self.state = State::Broken;
            return;
        }
        if self.depth > 1 {
            self.pass(b":");
            return;
        }
        let kept = self.shape.kept.iter().position(|name| name.as_bytes() == self.name);
        self.member = match kept {
            Some(index) => Member::Kept(index),
            None if self.named_among(self.shape.measured) => Member::Measured,
            None if self.shape.error.as_bytes() == self.name => Member::Error,
            None => Member::Other,
        };
        self.seen_measured |= self.member == Member::Measured;
        self.ambiguous |= self.member == Member::Other && self.is_escaped_name_of_kept();
        if let Some(kept) = kept.and_then(|index| self.kept.get_mut(index)) {
            self.ambiguous |= !kept.is_empty();
            kept.clear();
        }
    }

    /// Whether the name is that of a member that is kept to a reader who knows escapes.
    fn is_escaped_name_of_kept(&self) -> bool {
        if self.name.len() > NAME_BYTES_MAX || !self.name.contains(&b'\\') {
            return false;
        }
        let quoted = [b"\"", self.name.as_slice(), b"\""].concat();
        let name: Option<String> = serde_json::from_slice(&quoted).ok();
        name.is_some_and(|name| self.shape.kept.contains(&name.as_str()))
    }

    fn comma(&mut self) {
        self.name_next = self.in_object();
        if self.depth > 1 {
            self.pass(b",");
        } else {
            self.member = Member::Other;
        }
    }

    const fn in_object(&self) -> bool {
        self.brackets & 1 == 1
    }

    fn named_among(&self, names: &[&str]) -> bool {
        names.iter().any(|name| name.as_bytes() == self.name)
    }
}

fn count(run: &[u8]) -> u64 {
    u64::try_from(run.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
