//! Tables: columns of text that stand below each other.

use std::fmt;

/// What stands between two columns.
const GAP: &str = "  ";

/// Rows under a head, each column as wide as its widest cell.
#[derive(Debug)]
pub(crate) struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
}

/// One column's side and width.
#[derive(Debug)]
struct Column {
    side: Side,
    width: usize,
}

/// Where a cell's text begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Left,
    Right,
}

// === impl Table ===

impl Table {
    pub(crate) fn new<const N: usize>(head: [(&str, Side); N]) -> Self {
        let columns = head.iter().map(|(_, side)| Column { side: *side, width: 0 }).collect();
        let mut table = Self { columns, rows: Vec::new() };
        table.row(head.map(|(name, _)| name.to_owned()));
        table
    }

    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        for (column, cell) in self.columns.iter_mut().zip(&cells) {
            column.width = column.width.max(cell.chars().count());
        }
        self.rows.push(cells.into());
    }
}

/// One line per row, without spaces at its end.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for row in &self.rows {
            let cells = row.iter().zip(&self.columns).map(|(cell, column)| column.fit(cell));
            writeln!(f, "{}", cells.collect::<Vec<_>>().join(GAP).trim_end())?;
        }
        Ok(())
    }
}

// === impl Column ===

impl Column {
    fn fit(&self, cell: &str) -> String {
        let width = self.width;
        match self.side {
            Side::Left => format!("{cell:<width$}"),
            Side::Right => format!("{cell:>width$}"),
        }
    }
}
