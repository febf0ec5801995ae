//! Bars: a budget at a glance.

use reins_governor::Usd;

/// How long a bar is.
const CELLS: u32 = 20;

/// Cells for what is spent, what is held and what is left, together always as many. Whatever is
/// there shows: the first billionth of a dollar fills a cell.
pub(crate) fn bar(spent: Usd, held: Usd, limit: Usd) -> String {
    let full = cells(spent, limit);
    let used = cells(spent.saturating_add(held), limit).max(full);
    (0..CELLS)
        .map(|cell| match cell {
            cell if cell < full => '█',
            cell if cell < used => '▒',
            _ => '░',
        })
        .collect()
}

/// How many cells an amount fills, rounded up; all of them where nothing is allowed.
fn cells(amount: Usd, limit: Usd) -> u32 {
    let (amount, limit) = (u128::from(amount.nanos()), u128::from(limit.nanos()));
    if limit == 0 {
        return CELLS;
    }
    let filled = (amount * u128::from(CELLS)).div_ceil(limit);
    u32::try_from(filled).unwrap_or(CELLS)
}

#[cfg(test)]
mod tests {
    //! How full a bar is.
    use reins_governor::Usd;

    use super::bar;

    #[test]
    fn shows_spent_held_and_left() {
        for (spent, held, limit, shown) in [
            ("0", "0", "5.00", "░░░░░░░░░░░░░░░░░░░░"),
            ("0.000000001", "0", "5.00", "█░░░░░░░░░░░░░░░░░░░"),
            ("2.50", "1.25", "5.00", "██████████▒▒▒▒▒░░░░░"),
            ("4.99", "0.01", "5.00", "████████████████████"),
            ("7.00", "0", "5.00", "████████████████████"),
            ("0", "0", "0", "████████████████████"),
        ] {
            let [spent, held, limit] =
                [spent, held, limit].map(|usd| usd.parse::<Usd>().expect(usd));
            assert_eq!(bar(spent, held, limit), shown, "{spent} {held} {limit}");
        }
    }
}
