//! The cast: who calls, with which model, and what each one is there to show.

/// An agent and all it has to say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Agent {
    /// Its name.
    pub(crate) name: &'static str,
    /// The key it shows.
    pub(crate) key: Key,
    /// Beats before its first call.
    pub(crate) waits: u32,
    /// Beats between two of its calls.
    pub(crate) rests: u32,
    /// Its calls.
    pub(crate) asks: &'static [Ask],
}

/// A key of the demo's `reins.toml`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// Lets its bearer name its agent in a header.
    Agents,
    /// Pins agent, user and role.
    Trial,
}

/// One call as its agent wants it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask {
    /// How the vendor is spoken to.
    pub(crate) speech: Speech,
    /// The model.
    pub(crate) model: &'static str,
    /// What is asked.
    pub(crate) prompt: &'static str,
    /// The output cap, in tokens.
    pub(crate) cap: u32,
    /// How much the vendor has to say, in tokens, where the cap allows it.
    pub(crate) length: u32,
    /// How the answer is taken.
    pub(crate) takes: Takes,
}

/// A vendor's wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speech {
    /// Chat completions.
    OpenAi,
    /// Messages.
    Anthropic,
}

/// How an agent takes an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    /// In one piece.
    Whole,
    /// As a stream, to its end.
    Stream,
    /// As a stream, and hangs up after so many pieces.
    Pieces(u32),
}

/// How many calls race at the end.
pub(crate) const RACERS: u32 = 20;

/// Passes five times, is warned at 75 %, then its budget is spent.
const SUPPORT: Ask = Ask {
    speech: Speech::OpenAi,
    model: "gpt-4o",
    prompt: "Where is parcel 4711? Answer the customer kindly and at length.",
    cap: 1000,
    length: 900,
    takes: Takes::Whole,
};

/// Streams, and is clipped when its budget runs low.
const RESEARCH: Ask = Ask {
    speech: Speech::Anthropic,
    model: "claude-sonnet-4-5",
    prompt: "Compare three ways to insulate an old house.",
    cap: 1500,
    length: 1400,
    takes: Takes::Stream,
};

/// A rule sends it to a smaller model.
const BATCH: Ask = Ask {
    speech: Speech::OpenAi,
    model: "gpt-4.1",
    prompt: "Label these forty tickets by topic and by mood.",
    cap: 800,
    length: 700,
    takes: Takes::Whole,
};

/// A rule blocks it for trial users.
const TRIAL_BIG: Ask = Ask {
    speech: Speech::Anthropic,
    model: "claude-opus-4-5",
    prompt: "Write me a novel.",
    cap: 600,
    length: 500,
    takes: Takes::Whole,
};

/// The model that trial users may have.
const TRIAL_SMALL: Ask = Ask { model: "claude-haiku-4-5", ..TRIAL_BIG };

/// Hangs up in the middle: the vendor bills the whole answer, and so does the ledger.
const WRITE_AND_LEAVE: Ask = Ask {
    speech: Speech::OpenAi,
    model: "gpt-4.1",
    prompt: "Draft the speech for Friday.",
    cap: 1100,
    length: 1000,
    takes: Takes::Pieces(5),
};

/// The same agent in a calmer mood.
const WRITE: Ask = Ask { takes: Takes::Stream, ..WRITE_AND_LEAVE };

/// One of many that ask at the same instant.
const RACE: Ask = Ask {
    speech: Speech::OpenAi,
    model: "gpt-4.1",
    prompt: "Is this comment spam? Say why.",
    cap: 210,
    length: 200,
    takes: Takes::Whole,
};

/// Everybody who calls before the race.
pub(crate) const CAST: [Agent; 5] = [
    Agent { name: "support-bot", key: Key::Agents, waits: 1, rests: 3, asks: &[SUPPORT; 7] },
    Agent { name: "researcher", key: Key::Agents, waits: 2, rests: 2, asks: &[RESEARCH; 4] },
    Agent { name: "night-batch", key: Key::Agents, waits: 5, rests: 7, asks: &[BATCH; 3] },
    Agent {
        name: "trial-chat",
        key: Key::Trial,
        waits: 8,
        rests: 6,
        asks: &[TRIAL_BIG, TRIAL_SMALL],
    },
    Agent { name: "writer", key: Key::Agents, waits: 4, rests: 4, asks: &[WRITE_AND_LEAVE, WRITE] },
];

/// Whoever races at the end.
pub(crate) const RACER: Agent =
    Agent { name: "swarm", key: Key::Agents, waits: 0, rests: 0, asks: &[RACE] };
