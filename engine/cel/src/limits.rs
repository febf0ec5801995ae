//! The bounds on an expression and on one evaluation of it, each with how it was chosen.

/// Bytes of source. 4 KiB is some 60 lines of conditions: more belongs into several rules.
pub const SOURCE_BYTES_MAX: usize = 4 * 1024;

/// Brackets, unary operators and `?` inside one another. The parser recurses once for each, through
/// its ten levels of precedence: with 40 it fits into 512 KiB of stack (`tests/bounded.rs`), a
/// quarter of what a thread of the server has.
pub const NESTING_MAX: usize = 40;

/// Operators, selections and calls on one path of brackets, before anything is parsed: the tree is
/// no deeper. Copying and dropping a tree of this depth fits into 512 KiB of stack.
pub const PATH_MAX: usize = 400;

/// The depth of the tree, macros expanded. Checking and evaluating one of this depth fits into
/// 512 KiB of stack, and overflowed 256 KiB.
pub const DEPTH_MAX: usize = 128;

/// Nodes of the tree, macros expanded. Source of 4 KiB has some 2,000; `optMap`, which repeats what
/// stands before it, could make more of it.
pub const NODES_MAX: usize = 8_000;

/// Uses of `optMap` and `optFlatMap`: each doubles what stands before it.
pub const DOUBLINGS_MAX: usize = 4;

/// Comprehensions (`all`, `exists`, `map`, `filter` and their kin) inside one another. Three over
/// lists of a dozen members are 1,728 rounds; a fourth would be over [`STEPS_MAX`].
pub const COMPREHENSIONS_MAX: usize = 3;

/// Steps of one evaluation: nodes visited in comprehensions, and a step for each 16 bytes of text
/// or member of a list that is made or looked through. The slowest of those that a test stops at
/// 20,000 took 1.5 ms.
pub const STEPS_MAX: u64 = 20_000;

/// Bytes of text or members of a list that one step pays for.
pub const BYTES_PER_STEP: usize = 16;

/// Bytes that one call of `replace`, `join` or `format` may make, known before it is made: a
/// product of two texts could be out of all proportion to both.
pub const MADE_BYTES_MAX: usize = 64 * 1024;

/// Bytes of a compiled regular expression: a fortieth of the library's own bound, so that a
/// thousand rules have room; `(a{1,1000}){1,1000}` is over it.
pub const PATTERN_BYTES_MAX: usize = 256 * 1024;

/// A bound that an expression is over. Its word is the same in messages and measurements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Guard {
    /// [`SOURCE_BYTES_MAX`].
    Size,
    /// [`NESTING_MAX`].
    Nesting,
    /// [`PATH_MAX`], [`DEPTH_MAX`] and [`NODES_MAX`].
    Depth,
    /// [`DOUBLINGS_MAX`].
    Doublings,
    /// [`COMPREHENSIONS_MAX`].
    Comprehensions,
    /// [`STEPS_MAX`] and [`MADE_BYTES_MAX`].
    Cost,
    /// A regular expression that is not literal, or over [`PATTERN_BYTES_MAX`].
    Pattern,
}

// === impl Guard ===

impl Guard {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Size,
        Self::Nesting,
        Self::Depth,
        Self::Doublings,
        Self::Comprehensions,
        Self::Cost,
        Self::Pattern,
    ];

    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Size => "size",
            Self::Nesting => "nesting",
            Self::Depth => "depth",
            Self::Doublings => "doublings",
            Self::Comprehensions => "comprehensions",
            Self::Cost => "cost",
            Self::Pattern => "pattern",
        }
    }
}
