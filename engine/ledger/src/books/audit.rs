//! The books checked against themselves: every sum of holds recomputed from rows.

use hashbrown::HashMap;
use reins_governor::Scope;

use super::Books;
use crate::account::Account;
use crate::row::Row;
use crate::tally::Tally;

/// The calls in flight of each scope.
type RowsByScope<'a> = HashMap<&'a Scope, Vec<&'a Row>>;

impl Books {
    /// Recomputes what every counter holds from the calls in flight, and every total from its
    /// parts.
    ///
    /// # Errors
    /// The first contradiction, in words.
    pub fn check(&self) -> Result<(), String> {
        let mut rows = RowsByScope::new();
        for row in self.rows.values() {
            row.scopes.iter().for_each(|scope| rows.entry(scope).or_default().push(row));
        }
        if let Some(scope) = rows.keys().find(|scope| !self.accounts.contains_key(**scope)) {
            return Err(format!("{scope} has calls in flight and no account"));
        }
        let none = Vec::new();
        let mut accounts = self.accounts.iter();
        accounts.try_for_each(|(scope, account)| {
            audit(account, rows.get(scope).unwrap_or(&none))
                .map_err(|why| format!("{scope}: {why}"))
        })
    }
}

fn audit(account: &Account, rows: &[&Row]) -> Result<(), String> {
    if u64::try_from(rows.len()) != Ok(account.open) {
        return Err(format!("{} calls are in flight, {} are counted", rows.len(), account.open));
    }
    for counter in &account.counters {
        let window = counter.window();
        let mut held = Tally::default();
        let counted = rows.iter().filter(|row| counter.covers(row.slot));
        counted.for_each(|row| held.hold(row.amounts));
        let tally = counter.audit().map_err(|why| format!("{window}: {why}"))?;
        if tally.in_flight() != held {
            return Err(format!("{window}: {tally:?} is counted, {held:?} is held"));
        }
    }
    Ok(())
}
