//! The table as it is printed, and which row is for what.

use reins_governor::{PresumeReason, VoidReason};

use super::{GIVEN_UP, Owed, Row, Seen, TABLE, Which, row};

/// Every end but the statuses.
const ENDS: [Seen; 17] = [
    Seen::NotConnected,
    Seen::NoHead,
    Seen::GivenUp,
    Seen::ResetBeforeHead,
    Seen::Empty,
    Seen::Accepted,
    Seen::FailedBeforeOutput,
    Seen::FailedWithUsage,
    Seen::FailedAfterOutput,
    Seen::Used,
    Seen::UsageAbsurd,
    Seen::UsageMissing,
    Seen::Broken,
    Seen::BrokenBehind,
    Seen::Stalled,
    Seen::Left,
    Seen::LeftBehind,
];

fn printed(row: &Row) -> String {
    let owed = match row.owed {
        Owed::Nothing(_) => "nothing",
        Owed::Usage => "the usage",
        Owed::Output(_) => "the output that came",
        Owed::OutputIfClosingStops(_) => "the output that came, or the bound",
        Owed::Bound(_) => "the bound",
    };
    let again = if row.again { "yes" } else { "no" };
    format!("| {} | {owed} | {again} | {} |\n", row.which, row.why)
}

#[test]
fn the_table_is_printed_as_it_is() {
    let head = "| what came | owed | asked again | why |\n|---|---|---|---|\n";
    let printed = head.to_owned() + &TABLE.iter().map(printed).collect::<String>();
    let readme = include_str!("../../../../README.md");
    assert!(readme.contains(&printed), "engine/README.md, What is owed, has to say:\n{printed}");
}

#[test]
fn each_end_has_a_row_of_its_own() {
    for row in TABLE {
        if let Which::Others(first, last) = row.which {
            assert_eq!((first % 100, last), (0, first + 99), "it is printed as a hundred");
        }
    }
    for seen in ENDS {
        let found: Vec<_> = TABLE.iter().filter(|row| row.which.is_for(seen)).collect();
        assert_eq!(found.len(), 2, "{seen:?}: {found:?}");
        assert!(matches!(found[0].which, Which::End(..)), "{seen:?}: {found:?}");
    }
    let ends = TABLE.iter().filter(|row| matches!(row.which, Which::End(..)));
    assert_eq!(ends.count(), ENDS.len());
    assert!(matches!(TABLE.last(), Some(Row { which: Which::Rest, .. })));
}

#[test]
fn a_status_is_free_unless_the_model_may_go_on_behind_it() {
    let refused = Owed::Nothing(VoidReason::VendorRefused);
    let failed = Owed::Nothing(VoidReason::VendorFailed);
    let presumed = Owed::Bound(PresumeReason::UpstreamFailed);
    for status in 300..=999 {
        let row = row(Seen::Status(status));
        let expected = match status {
            408 | 460 | 499 | 502 | 504 | 520 | 524 | 598 => (presumed, false),
            300..=499 => (refused, false),
            500..=599 => (failed, true),
            _ => (presumed, false),
        };
        assert_eq!((row.owed, row.again), expected, "{status}");
    }
    assert!(GIVEN_UP.is_sorted());
}

#[test]
fn what_may_have_been_billed_is_never_asked_again() {
    for row in TABLE.iter().filter(|row| row.again) {
        assert!(matches!(row.owed, Owed::Nothing(_)), "{row:?}");
    }
}
