//! `reins explain`: why a call was let through, changed or refused.

mod judged;
mod page;

use std::process::ExitCode;
use std::time::Duration;

use reins_config::Main;
use reins_governor::{Looked, Reason, Trace, Transaction, TransactionId};
use reins_store::Reports;
use serde::Serialize;

use self::judged::{Judged, Replayed};
use super::Desk;
use crate::config_file::Of;
use crate::failure::Failure;
use crate::kept;

/// Say why a call was let through, changed or refused
///
/// Prints the record of one call, and judges the call again by the policies that were in force for
/// it, on the facts and the spend that were recorded: each rule that was asked, whether it matched,
/// and why. The last line compares this with the digest of the trace that the record has: `equal`,
/// or which version differs.
///
/// The id is in the answer's header x-reins-transaction-id, and in the body of a refusal. A call
/// that has just ended can be found 60 ms later.
///
/// With --json: one object {"transaction": the record, "replay": {"agreement": "equal",
/// "matched_equal", "differs" or "unknown", "why"}, "trace": [{"policy", "rule", "matched",
/// "reason", "sentence"}], "passed_over"}; `trace` is null where the policies cannot be read.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Explain {
    #[command(flatten)]
    of: Of,
    /// The call's id
    #[arg(value_name = "TRANSACTION")]
    id: TransactionId,
    /// Answer with one JSON object
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  reins explain txn_01KBB1QW3J8Y6T4M2N0P5R7S9V
  reins explain txn_01KBB1QW3J8Y6T4M2N0P5R7S9V --json | jq '.trace[] | select(.matched)'";

/// How far the database may lag behind a running server; see [`super::spend`].
const LAG: Duration = Duration::from_millis(60);

/// What is answered with `--json`.
#[derive(Serialize)]
struct Answer<'a> {
    transaction: &'a Transaction,
    replay: &'a Replayed,
    trace: Option<Vec<Rule<'a>>>,
    passed_over: Option<u32>,
}

/// One rule of a trace.
#[derive(Serialize)]
struct Rule<'a> {
    policy: &'a str,
    rule: &'a str,
    matched: bool,
    reason: &'a Reason,
    sentence: String,
}

// === impl Explain ===

impl Explain {
    pub(crate) async fn run(self, desk: Desk<'_>) -> Result<ExitCode, Failure> {
        let Main { process, first } = desk.config.main(desk.machine)?;
        let path = kept::path(&process);
        let reports = Reports::open(path, &*desk.machine.clock)?;
        tokio::time::sleep(LAG).await;
        let found = reports.transaction(self.id).await?;
        let missing = || Failure::NoSuchTransaction { id: self.id, store: path.clone() };
        let transaction = found.ok_or_else(missing)?;
        let organization = &transaction.opening.who.organization;
        if self.of.id(&first.organization) != organization {
            let organization = organization.clone();
            return Err(Failure::TransactionElsewhere { id: self.id, organization });
        }
        let judged = Judged::again(&transaction, &reports, desk.config.path()).await?;
        if self.json {
            desk.out.answer(serde_json::to_string(&answer(&transaction, &judged))?)?;
        } else {
            desk.out.text(&page::page(&transaction, &judged))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn answer<'a>(transaction: &'a Transaction, judged: &'a Judged) -> Answer<'a> {
    let Judged { trace, replayed } = judged;
    Answer {
        transaction,
        replay: replayed,
        trace: trace.as_ref().map(rules),
        passed_over: trace.as_ref().map(|trace| trace.passed_over),
    }
}

fn rules(trace: &Trace) -> Vec<Rule<'_>> {
    trace.rules.iter().map(Rule::of).collect()
}

// === impl Rule ===

impl<'a> Rule<'a> {
    fn of(looked: &'a Looked) -> Self {
        let Looked { policy, rule, matched, reason } = looked;
        Self { policy, rule, matched: *matched, reason, sentence: reason.to_string() }
    }
}
