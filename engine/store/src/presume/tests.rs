//! Records made from drafts.

use jiff::Timestamp;
use reins_governor::{End, PresumeReason, VoidReason};
use serde_json::Value;

use super::{corrected, record};
use crate::kept::Kept;
use crate::trial::{caller, draft, settled, usd};

fn draft_text() -> String {
    draft(1, &caller("bot", "s"), usd(500), Timestamp::UNIX_EPOCH).json().unwrap()
}

/// The fields of `record` named, without what surrounds them.
fn fields(record: &Kept, names: &[&str]) -> String {
    let text = record.text.replace("1e999", "0");
    let record: Value = serde_json::from_str(&text).unwrap();
    names.iter().map(|name| record.pointer(name).unwrap().to_string() + " ").collect()
}

#[test]
fn a_lost_call_is_partial_and_presumed() {
    let end = End::Presumed { charged: usd(500), why: PresumeReason::ProcessLost };
    let record = record(&draft_text(), &end, Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!(
        fields(&record, &["/status", "/accuracy", "/cost/total", "/attempts/0", "/ended_at"]),
        "\"partial\" \"presumed\" \"0.0000005\" {\"charged\":\"0.0000005\",\
         \"held\":\"0.0000005\",\"number\":1,\"outcome\":\"presumed\",\"vendor_status\":null,\
         \"why\":\"process_lost\"} \"1970-01-01T00:00:00Z\" "
    );
    assert_eq!(record.columns.cost.total, usd(500));
}

#[test]
fn a_call_that_never_left_failed_and_costs_nothing() {
    let end = End::Voided { why: VoidReason::Abandoned };
    let record = record(&draft_text(), &end, Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!(
        fields(&record, &["/status", "/accuracy", "/cost/total", "/attempts/0/why"]),
        "\"failed\" \"exact\" \"0.00\" \"abandoned\" "
    );
}

#[test]
fn usage_that_comes_late_corrects_the_record() {
    let end = End::Presumed { charged: usd(500), why: PresumeReason::ProcessLost };
    let lost = record(&draft_text(), &end, Timestamp::UNIX_EPOCH).unwrap();
    let found = corrected(&lost.text, &settled(120), -380).unwrap();
    assert_eq!(
        fields(&found, &["/accuracy", "/cost/total", "/attempts/0"]),
        "\"exact\" \"0.00000012\" {\"charged\":\"0.00000012\",\"held\":\"0.0000005\",\
         \"number\":1,\"outcome\":\"settled\",\"vendor_status\":null} "
    );
}

#[test]
fn what_the_caller_wrote_stays_as_it_was() {
    let end = End::Voided { why: VoidReason::Abandoned };
    let record = record(&draft_text(), &end, Timestamp::UNIX_EPOCH).unwrap();
    assert!(record.text.contains(r#""metadata":{"n":1e999}"#), "{}", record.text);
}
