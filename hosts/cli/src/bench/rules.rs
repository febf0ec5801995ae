//! One rule, asked again and again: what two figures of spend cost to compare, by the fields of
//! `when` and in CEL.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use reins_config::{File, Purpose};
use reins_governor::{
    Call, Clock, Cursor, Decision, Facts, Identity, Judge, Reading, Readings, Usd,
};

use crate::bench::Fault;
use crate::bench::gateway::variable;

/// What both files begin with.
const BEFORE: &str = "[organization]\nid = \"bench\"\n[[connection]]\nvendor = \"openai\"\n\
     key_env = \"BENCH_VENDOR_KEY\"\n[[policy]]\nname = \"money\"\n";

/// Two rules of a figure each: the fields of `when` have room for one.
const NATIVE: &str = "[[policy.rule]]\nname = \"a day\"\naction = \"block\"\n\
     when = { spend = { scope = \"agent\", window = \"daily\", limit_usd = \"1000\" } }\n\
     [[policy.rule]]\nname = \"an hour\"\naction = \"block\"\n\
     when = { spend = { scope = \"session\", window = \"hourly\", limit_usd = \"1000\" } }\n";

/// The same as one rule.
const CEL: &str = "[[policy.rule]]\nname = \"money\"\naction = \"block\"\n\
     cel = \"spend.day('agent') > 1000 || spend.hour('session') > 1000\"\n";

/// Evaluations between two looks at the clock.
const BETWEEN_LOOKS: u32 = 1_000;

/// The judges of both files.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) native: Arc<dyn Judge>,
    pub(crate) cel: Arc<dyn Judge>,
    clock: Arc<dyn Clock>,
}

// === impl Rules ===

impl Rules {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Result<Self, Fault> {
        let judge = |rules| judge(rules, clock.as_ref());
        Ok(Self { native: judge(NATIVE)?, cel: judge(CEL)?, clock })
    }

    /// Nanoseconds that a judge takes for a call, on average.
    pub(crate) fn ns(
        &self,
        judge: &dyn Judge,
        identity: &Identity,
        call: &Call,
        time: Duration,
    ) -> i64 {
        let now = self.clock.now();
        let facts = Facts {
            identity,
            call,
            bound: Some(Usd::from_cents(5)),
            now,
            local: TimeZone::UTC.to_datetime(now),
            attempt: 1,
            models_tried: &[],
        };
        let reading = Reading { spent: Usd::from_cents(450), held: Usd::from_cents(5), calls: 12 };
        let readings = Readings(judge.reads().iter().map(|_| reading).collect());
        let (started, mut made) = (Instant::now(), 0_u32);
        while started.elapsed() < time {
            for _ in 0..BETWEEN_LOOKS {
                judge.run(&facts, Cursor::START, Some(&readings), &mut Decision::default());
            }
            made = made.saturating_add(BETWEEN_LOOKS);
        }
        let each = started.elapsed().as_nanos() / u128::from(made.max(1));
        i64::try_from(each).unwrap_or(i64::MAX)
    }
}

fn judge(rules: &str, clock: &dyn Clock) -> Result<Arc<dyn Judge>, Fault> {
    let file = File {
        path: Path::new("reins.toml"),
        text: &format!("{BEFORE}{rules}"),
        purpose: Purpose::Serve,
        today: clock.now().to_zoned(TimeZone::UTC).date(),
        variables: &variable,
        others: &[],
    };
    let checked = reins_config::read(&file);
    let checked = checked.map_err(|report| Fault::Config(report.render(false)))?;
    Ok(checked.first.snapshot.judge)
}
