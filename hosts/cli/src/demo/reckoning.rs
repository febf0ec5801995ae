//! The reckoning: whether the vendor's books, the ledger and what agents were told are one.

use std::fmt;
use std::path::PathBuf;

use reins_governor::Usd;

use crate::demo::figures::{Figures, Level};
use crate::demo::roll::Entry;
use crate::table::{Side, Table};

/// Everything there is to compare, after the last call has ended.
#[derive(Clone, Debug)]
pub(crate) struct Reckoning {
    /// Each agent, and what the ledger charged it.
    pub(crate) agents: Vec<(Entry, Usd)>,
    /// The vendor's books, and the ledger.
    pub(crate) figures: Figures,
    /// What became of holding every scope's spend against the records.
    pub(crate) check: Result<(), String>,
    /// Records in the store, those of blocked calls included.
    pub(crate) records: u64,
    /// The folder of the store.
    pub(crate) folder: PathBuf,
}

// === impl Reckoning ===

impl Reckoning {
    /// Everything that is not as it must be.
    pub(crate) fn faults(&self) -> Vec<String> {
        let Self { agents, figures, check, .. } = self;
        let mut faults = Vec::new();
        let (billed, charged) = (figures.billed, figures.charged);
        if (billed.usd, billed.calls) != (charged.usd, charged.calls) {
            faults.push(format!(
                "the vendor billed ${} for {} calls, the ledger charged ${} for {}",
                billed.usd, billed.calls, charged.usd, charged.calls
            ));
        }
        if billed.open + charged.open > 0 {
            faults.push("calls are still in flight".to_owned());
        }
        faults.extend(agents.iter().filter_map(|(agent, spent)| told_wrong(agent, *spent)));
        faults.extend(figures.budgets.iter().flat_map(broken));
        faults.extend(check.as_ref().err().cloned());
        faults
    }
}

fn told_wrong(agent: &Entry, spent: Usd) -> Option<String> {
    let Entry { agent, told, .. } = agent;
    (*told != spent).then(|| format!("`{agent}` was told of ${told} and charged ${spent}"))
}

/// What is wrong with a budget, once nothing is in flight.
fn broken(level: &Level) -> impl Iterator<Item = String> {
    let Level { name, limit, spent, held } = level;
    let over = format!("the budget `{name}` is ${limit}, and ${spent} of it is spent");
    let stuck = format!("the budget `{name}` still holds ${held}");
    let found = [(spent > limit, over), (*held > Usd::ZERO, stuck)];
    found.into_iter().filter_map(|(wrong, fault)| wrong.then_some(fault))
}

impl fmt::Display for Reckoning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}", self.agents_table(), self.budgets_table())?;
        self.sides(f)
    }
}

impl Reckoning {
    fn agents_table(&self) -> Table {
        let head = ["agent", "calls", "blocked", "charged"];
        let mut table = table(head);
        let row = |name: &str, calls: u64, blocked: u64, spent: Usd| {
            [name.to_owned(), calls.to_string(), blocked.to_string(), format!("${spent}")]
        };
        for (Entry { agent, calls, blocked, .. }, spent) in &self.agents {
            table.row(row(agent, *calls, *blocked, *spent));
        }
        let sum = |of: fn(&Entry) -> u64| self.agents.iter().map(|(agent, _)| of(agent)).sum();
        let spent = self.agents.iter().map(|(_, spent)| *spent).sum();
        table.row(row("all", sum(|agent| agent.calls), sum(|agent| agent.blocked), spent));
        table
    }

    fn budgets_table(&self) -> Table {
        let mut table = table(["budget", "limit", "spent", "held"]);
        for Level { name, limit, spent, held } in &self.figures.budgets {
            let [limit, spent, held] = [limit, spent, held].map(|usd| format!("${usd}"));
            table.row([name.to_string(), limit, spent, held]);
        }
        table
    }

    fn sides(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Figures { billed, charged, .. } = &self.figures;
        writeln!(f, "vendor's books  ${} for {} calls", billed.usd, billed.calls)?;
        writeln!(f, "our ledger      ${} for {} calls", charged.usd, charged.calls)?;
        let faults = self.faults();
        if faults.is_empty() {
            writeln!(f, "equal, to the nano-dollar, and no budget was overspent")?;
        } else {
            writeln!(f, "\n!!! NOT EQUAL !!!")?;
            faults.iter().try_for_each(|fault| writeln!(f, "  {fault}"))?;
            writeln!(f)?;
        }
        let (records, folder) = (self.records, self.folder.display());
        write!(
            f,
            "{records} records, held against the spend of every scope, were in {folder}: removed"
        )
    }
}

/// Names on the left, figures on the right.
fn table([name, figures @ ..]: [&str; 4]) -> Table {
    let [first, second, third] = figures.map(|head| (head, Side::Right));
    Table::new([(name, Side::Left), first, second, third])
}

#[cfg(test)]
mod tests;
