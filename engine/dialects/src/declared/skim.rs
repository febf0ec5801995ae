//! One JSON object that comes in pieces, of which only the values that rules name are kept.
//!
//! It follows the structure alone and is no validator. What it holds is bounded: content passes by
//! and is never kept.

use std::sync::Arc;

use memchr::memchr2;

use super::tree::{Place, ROOT, Tree};

/// How deep lists and objects may nest: one bit each.
const DEPTH_MAX: usize = 128;

/// The most that is kept of a value, in bytes as written: a count has a few, the name of a model at
/// most 256, each of which may be an escape of six.
const KEPT_BYTES_MAX: usize = 2_048;

/// The longest name of a member that is looked at, in bytes as written: any longer one is none that
/// a configuration names.
const NAME_BYTES_MAX: usize = 512;

/// A value that rules name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Kept {
    /// It is not there.
    #[default]
    Absent,
    /// A text, a number, true, false or null, as it is written.
    Plain(Vec<u8>),
    /// An object, a list, or a text of any length.
    Large,
}

/// What has been seen of an object so far.
#[derive(Debug)]
pub(super) struct Skim {
    tree: Arc<Tree<()>>,
    state: State,
    /// For each bracket that is open, where the tree is inside of it; `None` for lists and for
    /// objects that no rule is for.
    open: Vec<Bracket>,
    /// Whether a string that begins now is a name.
    name_next: bool,
    string: Option<Str>,
    name: Vec<u8>,
    /// Where the value under way stands, if rules name it.
    value: Option<Place>,
    kept: Vec<Kept>,
    /// Whether two readers may see two values in one place.
    ambiguous: bool,
    /// Whether there is a text that no rule names, and that is not empty.
    has_text: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Before,
    Inside,
    Closed,
    Broken,
}

#[derive(Clone, Copy, Debug)]
struct Bracket {
    is_object: bool,
    at: Option<Place>,
}

/// A string under way.
#[derive(Clone, Copy, Debug)]
struct Str {
    is_name: bool,
    escaping: bool,
}

// === impl Skim ===

impl Skim {
    pub(super) fn new(tree: Arc<Tree<()>>) -> Self {
        let kept = vec![Kept::Absent; tree.len()];
        Self {
            tree,
            state: State::Before,
            open: Vec::new(),
            name_next: false,
            string: None,
            name: Vec::new(),
            value: None,
            kept,
            ambiguous: false,
            has_text: false,
        }
    }

    /// Looks at the next bytes, at most up to the end of the object; how many those were.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> usize {
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            if matches!(self.state, State::Closed | State::Broken) {
                break;
            }
            at = at.saturating_add(match self.string {
                Some(string) => self.feed_string(string, rest),
                None => self.feed_structure(rest),
            });
        }
        at
    }

    /// Begins anew with another object.
    pub(super) fn clear(&mut self) {
        self.state = State::Before;
        self.open.clear();
        self.name_next = false;
        self.string = None;
        self.name.clear();
        self.value = None;
        self.kept.fill(Kept::Absent);
        self.ambiguous = false;
        self.has_text = false;
    }

    /// What stands at a place.
    pub(super) fn kept(&self, at: Place) -> &Kept {
        self.kept.get(at).unwrap_or(&Kept::Absent)
    }

    /// A text that is there and not empty.
    pub(super) fn text(&self, at: Place) -> Option<String> {
        let Kept::Plain(written) = self.kept(at) else { return None };
        serde_json::from_slice(written).ok().filter(|text: &String| !text.is_empty())
    }

    /// Whether a text is there, however long, and not empty.
    pub(super) fn says_text(&self, at: Place, long: bool) -> bool {
        match self.kept(at) {
            Kept::Plain(written) => written.first() == Some(&b'"') && written.len() > 2,
            Kept::Large => long,
            Kept::Absent => false,
        }
    }

    pub(super) const fn is_ambiguous(&self) -> bool {
        self.ambiguous
    }

    pub(super) const fn has_text(&self) -> bool {
        self.has_text
    }

    pub(super) const fn is_blank(&self) -> bool {
        matches!(self.state, State::Before)
    }

    pub(super) const fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    pub(super) const fn is_broken(&self) -> bool {
        matches!(self.state, State::Broken)
    }

    fn feed_string(&mut self, string: Str, bytes: &[u8]) -> usize {
        if string.escaping {
            self.note(string, bytes.get(..1).unwrap_or_default());
            self.string = Some(Str { escaping: false, ..string });
            return 1;
        }
        let length = memchr2(b'"', b'\\', bytes).unwrap_or(bytes.len());
        let (run, rest) = bytes.split_at_checked(length).unwrap_or_default();
        self.note(string, run);
        let Some(stop) = rest.first() else { return length };
        let escaping = *stop == b'\\';
        if escaping || !string.is_name {
            self.note_mark(string, *stop);
        }
        self.string = escaping.then_some(Str { escaping, ..string });
        length.saturating_add(1)
    }

    /// Bytes inside of a string.
    fn note(&mut self, string: Str, run: &[u8]) {
        if string.is_name {
            let room = NAME_BYTES_MAX.saturating_add(1).saturating_sub(self.name.len());
            self.name.extend(run.iter().take(room));
        } else if self.value.is_some() {
            self.keep(run);
        } else {
            self.has_text |= !run.is_empty();
        }
    }

    /// A quote or a backslash.
    fn note_mark(&mut self, string: Str, mark: u8) {
        let is_content = string.is_name || self.value.is_some() || mark == b'\\';
        if is_content {
            self.note(string, &[mark]);
        }
    }

    /// Keeps bytes of the value under way.
    fn keep(&mut self, run: &[u8]) {
        let Some(kept) = self.value.and_then(|at| self.kept.get_mut(at)) else { return };
        let Kept::Plain(written) = kept else { return };
        if written.len().saturating_add(run.len()) > KEPT_BYTES_MAX {
            *kept = Kept::Large;
        } else {
            written.extend_from_slice(run);
        }
    }

    fn feed_structure(&mut self, bytes: &[u8]) -> usize {
        let Some(byte) = bytes.first() else { return 0 };
        match (self.state, byte) {
            (_, b' ' | b'\n' | b'\r' | b'\t') => {}
            (State::Before, b'{') | (State::Inside, b'{' | b'[') => self.open(*byte),
            (State::Inside, b'}' | b']') => self.close(*byte),
            (State::Inside, b'"') => self.begin_string(),
            (State::Inside, b':') => self.colon(),
            (State::Inside, b',') => self.comma(),
            (State::Inside, _) if !self.name_next => self.keep(std::slice::from_ref(byte)),
            _ => self.state = State::Broken,
        }
        1
    }

    fn open(&mut self, bracket: u8) {
        let is_object = bracket == b'{';
        let at = if self.state == State::Before { Some(ROOT) } else { self.value.take() };
        if let Some(kept) = at.and_then(|at| self.kept.get_mut(at)) {
            *kept = Kept::Large;
        }
        self.open.push(Bracket { is_object, at: at.filter(|_| is_object) });
        self.name_next = is_object;
        let deep = self.open.len() > DEPTH_MAX;
        self.state = if deep { State::Broken } else { State::Inside };
    }

    fn close(&mut self, bracket: u8) {
        let open = self.open.pop();
        let fits = open.is_some_and(|open| open.is_object == (bracket == b'}'));
        self.name_next = false;
        self.value = None;
        self.state = match (fits, self.open.is_empty()) {
            (false, _) => State::Broken,
            (true, true) => State::Closed,
            (true, false) => State::Inside,
        };
    }

    fn begin_string(&mut self) {
        if self.name_next {
            self.name.clear();
        } else {
            self.keep(b"\"");
        }
        self.string = Some(Str { is_name: self.name_next, escaping: false });
    }

    /// The name of a member is whole: from now on comes its value.
    fn colon(&mut self) {
        if !std::mem::take(&mut self.name_next) {
            self.state = State::Broken;
            return;
        }
        let inside = self.open.last().and_then(|open| open.at);
        self.value = inside.and_then(|inside| self.member(inside));
        let Some(kept) = self.value.and_then(|at| self.kept.get_mut(at)) else { return };
        self.ambiguous |= *kept != Kept::Absent;
        *kept = Kept::Plain(Vec::new());
    }

    /// Where the member of this name leads. One that is written with escapes is the same to some
    /// readers, and another to others.
    fn member(&mut self, inside: Place) -> Option<Place> {
        if self.name.len() > NAME_BYTES_MAX {
            return None;
        }
        if self.name.contains(&b'\\') {
            let quoted = [b"\"", self.name.as_slice(), b"\""].concat();
            let name: Option<String> = serde_json::from_slice(&quoted).ok();
            self.ambiguous |= name.is_some_and(|name| self.tree.child(inside, &name).is_some());
            return None;
        }
        self.tree.child(inside, std::str::from_utf8(&self.name).ok()?)
    }

    fn comma(&mut self) {
        self.value = None;
        self.name_next = self.open.last().is_some_and(|open| open.is_object);
    }
}
