//! Refusals: the closed list of ways a call is stopped, each with its status, code and sentence.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::{Blocked, DecidedBy, Name, Scope, Usd, Window, Wording};

/// Why a call goes no further. Every answer that Reins words itself is one of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The request cannot be read.
    BadRequest {
        /// What is wrong with it, and where.
        what: String,
    },
    /// The request is larger than is read.
    TooLarge {
        /// The most that is read, in bytes.
        limit: u64,
    },
    /// No key, or none that is known.
    Unauthorized(Unidentified),
    /// The key may not do this.
    Forbidden {
        /// What it may not do.
        what: String,
    },
    /// Budgets in dollars apply, and the model has no price.
    Unpriced {
        /// The model.
        model: Arc<str>,
    },
    /// Budgets apply, and nothing bounds what the call may cost.
    Unbounded {
        /// What of it.
        kind: Unbounded,
        /// What has no bound, in words.
        what: Wording,
    },
    /// A rule blocked it.
    Blocked(Blocked),
    /// A budget does not suffice.
    OverBudget(BudgetStop),
    /// Too many calls.
    RateLimited {
        /// Who makes too many.
        scope: Scope,
        /// When the next one may come.
        retry_after: Duration,
    },
    /// The path is not one that Reins carries.
    NotFound {
        /// The path.
        path: String,
        /// What to use instead.
        hint: &'static str,
    },
    /// The same call is under way, or was made with another body.
    Conflict {
        /// Which.
        what: String,
    },
    /// The vendor could not be reached or broke off.
    VendorError {
        /// What happened, without addresses or keys.
        what: String,
    },
    /// The vendor did not answer in time.
    VendorTimeout {
        /// How long was waited.
        waited: Duration,
    },
    /// Reins itself cannot work now.
    Unavailable {
        /// What is missing.
        what: String,
    },
    /// Reins itself is wrong.
    Internal {
        /// What, for the log.
        what: String,
    },
}

/// What of a call has no bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unbounded {
    /// Its input.
    Input,
    /// Its output.
    Output,
    /// A fee that has no price.
    Fee,
    /// Its price, which is more than can be counted.
    Overflow,
}

/// Why nobody was recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unidentified {
    /// No key was sent.
    Missing,
    /// The key is not known, or no longer: which of the two is not told.
    Unknown,
    /// A header that a key belongs in holds something else.
    Malformed,
    /// No key was sent, and the default key is for calls of this machine alone.
    NotLocal,
}

/// Which budget stopped a call, and how it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BudgetStop {
    /// The budget's name.
    pub budget: Name,
    /// Whose.
    pub scope: Scope,
    /// Charged in this window.
    pub used: Usd,
    /// Set aside for calls in flight.
    pub held: Usd,
    /// The limit.
    pub limit: Usd,
    /// Over which time.
    pub window: Window,
    /// The most this call could cost.
    pub bound: Usd,
    /// When this call would fit, at the earliest.
    pub resets_at: Option<Timestamp>,
    /// Whether it would fit if the calls in flight cost nothing: a retry soon may help.
    pub only_in_flight: bool,
    /// Whether the organization answers budgets with 429.
    pub as_429: bool,
}

/// After how long a call that only waits for others should be tried again.
const RETRY_IN_FLIGHT: Duration = Duration::from_secs(1);

// === impl Refusal ===

impl Refusal {
    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::BadRequest { .. } => 400,
            Self::Unauthorized(_) => 401,
            Self::Unpriced { .. } | Self::Unbounded { .. } => 402,
            Self::Forbidden { .. } | Self::Blocked(_) => 403,
            Self::OverBudget(stop) => {
                if stop.as_429 {
                    429
                } else {
                    403
                }
            }
            Self::NotFound { .. } => 404,
            Self::Conflict { .. } => 409,
            Self::TooLarge { .. } => 413,
            Self::RateLimited { .. } => 429,
            Self::Internal { .. } => 500,
            Self::VendorError { .. } => 502,
            Self::Unavailable { .. } => 503,
            Self::VendorTimeout { .. } => 504,
        }
    }

    /// The code in an answer worded for a vendor's client.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::BadRequest { .. } => "bad_request",
            Self::TooLarge { .. } => "too_large",
            Self::Unauthorized(_) => "invalid_key",
            Self::Forbidden { .. } => "forbidden",
            Self::Unpriced { .. } => "unpriced",
            Self::Unbounded { kind, .. } => kind.code(),
            Self::Blocked(_) => "policy_blocked",
            Self::OverBudget(stop) => {
                if stop.as_429 {
                    "budget_exceeded"
                } else {
                    "policy_blocked"
                }
            }
            Self::RateLimited { .. } => "rate_limited",
            Self::NotFound { .. } => "not_found",
            Self::Conflict { .. } => "conflict",
            Self::VendorError { .. } => "vendor_error",
            Self::VendorTimeout { .. } => "vendor_timeout",
            Self::Unavailable { .. } => "service_unavailable",
            Self::Internal { .. } => "internal_error",
        }
    }

    /// The `reason`: a code at 429, a sentence elsewhere.
    #[must_use]
    pub fn reason(&self) -> String {
        if let Self::Blocked(blocked) = self {
            return blocked.reason.clone();
        }
        match (self.status(), self.code()) {
            (429, "rate_limited") => "rate_limit".to_owned(),
            (429, code) => code.to_owned(),
            _ => self.to_string(),
        }
    }

    /// Who stopped the call.
    #[must_use]
    pub fn stopped_by(&self) -> DecidedBy {
        if let Self::Blocked(blocked) = self {
            return blocked.by.clone();
        }
        if let Self::OverBudget(stop) = self {
            return DecidedBy::Budget { budget: stop.budget.clone() };
        }
        DecidedBy::Refusal { code: self.code() }
    }

    /// After how long the same call may be tried again, where that can help.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        if let Self::RateLimited { retry_after, .. } = self {
            return Some(*retry_after);
        }
        let waits = matches!(self, Self::OverBudget(BudgetStop { only_in_flight: true, .. }));
        let passing = matches!(self, Self::Unavailable { .. });
        if waits || passing { Some(RETRY_IN_FLIGHT) } else { None }
    }

    /// Whether a client's own retry can help.
    #[must_use]
    pub const fn should_retry(&self) -> bool {
        self.retry_after().is_some()
    }
}

// === impl Unbounded ===

impl Unbounded {
    /// The code in an answer.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Input => "unbounded_input",
            Self::Output => "unbounded_output",
            Self::Fee => "unpriced_fee",
            Self::Overflow => "overflow",
        }
    }
}

/// The sentence for the person who made the call: what happened, then what to do.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadRequest { what }
            | Self::Forbidden { what }
            | Self::Conflict { what }
            | Self::Unavailable { what } => f.write_str(what),
            Self::TooLarge { limit } => {
                write!(f, "the request is larger than the {limit} bytes that are read")
            }
            Self::Unauthorized(Unidentified::Missing) => {
                f.write_str("no Reins key was sent: send it as `Authorization: Bearer rns_…`")
            }
            Self::Unauthorized(Unidentified::Unknown) => {
                f.write_str("the Reins key is not known: it may be mistyped, expired or revoked")
            }
            Self::Unauthorized(Unidentified::Malformed) => f.write_str(
                "a header where a key belongs holds no key: send `Authorization: Bearer rns_…`, \
                 and leave out empty headers and other schemes",
            ),
            Self::Unauthorized(Unidentified::NotLocal) => f.write_str(
                "no Reins key was sent, and the default key is for calls of this machine alone, to \
                 localhost or 127.0.0.1, and not for web pages: send a key as `Authorization: \
                 Bearer rns_…`",
            ),
            Self::Unpriced { model } => write!(
                f,
                "the model `{model}` has no price, and a budget in dollars applies: add a \
                 [[price]] for it, or name it as free"
            ),
            Self::Unbounded { what, .. } => {
                write!(f, "nothing bounds what this call may cost: {what}")
            }
            Self::Blocked(blocked) => f.write_str(&blocked.message),
            Self::OverBudget(stop) => stop.fmt(f),
            Self::RateLimited { scope, retry_after } => write!(
                f,
                "too many calls for {scope}: the next one may come in {} ms",
                retry_after.as_millis().max(1)
            ),
            Self::NotFound { path, hint } => write!(f, "`{path}` is not carried: {hint}"),
            Self::VendorError { what } => write!(f, "the vendor could not be reached: {what}"),
            Self::VendorTimeout { waited } => {
                write!(f, "the vendor did not answer within {} s", waited.as_secs())
            }
            Self::Internal { .. } => {
                f.write_str("Reins met an error of its own: the log has the details")
            }
        }
    }
}

impl fmt::Display for BudgetStop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { budget, scope, used, held, limit, window, bound, .. } = self;
        write!(
            f,
            "the {window} budget `{budget}` of {scope} is ${limit}: ${used} is spent, ${held} is \
             held by calls in flight, and this call may cost ${bound}"
        )?;
        match (self.only_in_flight, self.resets_at) {
            (true, _) => f.write_str("; it may fit once they end"),
            (false, Some(at)) => write!(f, "; it resets at {at}"),
            (false, None) => f.write_str("; the call alone is more than the limit"),
        }
    }
}
