//! Any text as a configuration file: read, or reported in a way that can be shown.

use std::path::Path;

use jiff::civil::date;
use reins_config::{File, Problem, Purpose, Report, read};

use crate::second::{Verdict, ensure};

/// The text is read, or there is at least one problem, and each stands in a line of the file.
pub(crate) fn is_read_or_reported(text: &str) -> Verdict {
    let path = Path::new("/etc/reins/reins.toml");
    for purpose in [Purpose::Serve, Purpose::Check] {
        let today = date(2026, 9, 1);
        let file = File { path, text, purpose, today, variables: &variable, others: &[] };
        let report = match read(&file) {
            Ok(main) => main.first.report,
            Err(report) => {
                let said = !report.problems.is_empty();
                ensure(said, || "nothing was read, and nothing was said".to_owned())?;
                report
            }
        };
        stands_inside(&report, text)?;
    }
    Ok(())
}

/// Half of the variables are set, so that files meet both.
fn variable(name: &str) -> Option<String> {
    name.len().is_multiple_of(2).then(|| "rns_test_0123456789abcdef".to_owned())
}

fn stands_inside(report: &Report, text: &str) -> Verdict {
    let lines = text.split('\n').count();
    let inside = |problem: &&Problem| (1..=lines).contains(&problem.line) && problem.column > 0;
    let mut said = report.problems.iter().chain(&report.warnings);
    let outside = said.find(|problem| !inside(problem));
    ensure(outside.is_none(), || format!("outside the file: {outside:?}"))?;
    ensure(!report.render(true).is_empty(), || "nothing is shown".to_owned())
}
