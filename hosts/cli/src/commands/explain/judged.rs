//! A call judged again: by the policies that its record names, as the store keeps them.

use std::path::Path;

use jiff::tz::TimeZone;
use reins_governor::{Agreement, Snapshot, Trace, Transaction};
use reins_store::{Reports, StoreError};
use serde::Serialize;

/// A call judged again.
#[derive(Debug)]
pub(crate) struct Judged {
    /// Each rule that was asked; `None` where the policies are not there or cannot be read.
    pub(crate) trace: Option<Trace>,
    /// What that says beside the record.
    pub(crate) replayed: Replayed,
}

/// What judging again says beside the record.
#[derive(Debug, Serialize)]
pub(crate) struct Replayed {
    pub(crate) agreement: Word,
    /// Which version differs, or what is missing; `None` where all is equal.
    pub(crate) why: Option<String>,
}

/// The agreement in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Word {
    /// Every rule says the same.
    Equal,
    /// The same rules match; of the others the record says nothing.
    MatchedEqual,
    /// Some rule says something else.
    Differs,
    /// The call cannot be judged again here.
    Unknown,
}

// === impl Judged ===

impl Judged {
    /// Judges the call of a record again. `path` names the policies in messages.
    pub(crate) async fn again(
        record: &Transaction,
        reports: &Reports,
        path: &Path,
    ) -> Result<Self, StoreError> {
        let version = &record.opening.policy_version;
        let Some(text) = reports.source(version).await? else {
            let why = format!("the store does not have the policies of version {version}");
            return Ok(Self::unknown(why));
        };
        Ok(match read(&text, record, path) {
            Ok(snapshot) => Self::by(&snapshot, record),
            Err(why) => Self::unknown(format!(
                "reins {} cannot read the policies of version {version}, which an earlier or \
                 later program wrote: {why}",
                env!("CARGO_PKG_VERSION")
            )),
        })
    }

    fn by(snapshot: &Snapshot, record: &Transaction) -> Self {
        let trace = record.replay(&*snapshot.judge).trace;
        let replayed = Replayed::of(record.agrees_with(&trace), record);
        Self { trace: Some(trace), replayed }
    }

    const fn unknown(why: String) -> Self {
        Self { trace: None, replayed: Replayed { agreement: Word::Unknown, why: Some(why) } }
    }
}

// === impl Replayed ===

impl Replayed {
    fn of(agreement: Agreement, record: &Transaction) -> Self {
        let version = &record.opening.policy_version;
        let (agreement, why) = match agreement {
            Agreement::Equal => (Word::Equal, None),
            Agreement::MatchedEqual => {
                let why = "the record has no digest of its trace, since the call is in flight or \
                           its process died; the same rules match";
                (Word::MatchedEqual, Some(why.to_owned()))
            }
            Agreement::Differs => {
                let why = format!(
                    "reins {} judges this call otherwise by version {version} than the program \
                     that recorded it",
                    env!("CARGO_PKG_VERSION")
                );
                (Word::Differs, Some(why))
            }
        };
        Self { agreement, why }
    }
}

fn read(text: &str, record: &Transaction, path: &Path) -> Result<Snapshot, String> {
    let day = record.opening.at.to_zoned(TimeZone::UTC).date();
    reins_config::read_again(path, text, day).map_err(|report| {
        let first = report.problems.first();
        first.map_or_else(String::new, |problem| format!("line {}: {}", problem.line, problem.what))
    })
}
