//! The page: a statement as people read it.

use jiff::tz::TimeZone;

use super::bar::bar;
use super::statement::{BudgetLine, Statement};
use crate::table::{Side, Table};

/// The totals in one line, then a table with a bar per budget.
pub(crate) fn page(statement: &Statement, zone: &TimeZone) -> String {
    let Statement { scope, spent_usd, held_usd, calls, budgets, .. } = statement;
    let plural = if *calls == 1 { "" } else { "s" };
    let totals =
        format!("{scope}: ${spent_usd} spent, ${held_usd} held, {calls} call{plural} in all\n");
    if budgets.is_empty() {
        return format!("{totals}\nNo budget counts it: add a [[budget]] to the file.\n");
    }
    format!("{totals}\n{}", table(budgets, zone))
}

fn table(budgets: &[BudgetLine], zone: &TimeZone) -> Table {
    let mut table = Table::new([
        ("BUDGET", Side::Left),
        ("SCOPE", Side::Left),
        ("WINDOW", Side::Left),
        ("", Side::Left),
        ("SPENT", Side::Right),
        ("HELD", Side::Right),
        ("LEFT", Side::Right),
        ("LIMIT", Side::Right),
        ("RESETS", Side::Left),
    ]);
    for line in budgets {
        let resets = line.resets_at.map(|at| at.to_zoned(zone.clone()));
        table.row([
            line.name.to_string(),
            line.scope.to_string(),
            line.window.to_string(),
            bar(line.spent_usd, line.held_usd, line.limit_usd),
            format!("${}", line.spent_usd),
            format!("${}", line.held_usd),
            format!("${}", line.left_usd),
            format!("${}", line.limit_usd),
            resets.map_or_else(|| "-".to_owned(), |at| at.strftime("%Y-%m-%d %H:%M").to_string()),
        ]);
    }
    table
}
