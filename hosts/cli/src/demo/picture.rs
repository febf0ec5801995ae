//! The picture: a bar per budget, and the two sides of the account, drawn into a few lines.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style, Stylize};
use ratatui::text::{Line, Span};

use crate::demo::figures::{Figures, Level};
use crate::demo::told::{Action, Told};

/// What the picture shows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Picture {
    /// What is going on.
    pub(crate) act: String,
    /// How things stand.
    pub(crate) figures: Figures,
}

/// Lines beside the bars: what is going on, the account, and an empty one above each.
const OTHER_LINES: u16 = 4;
/// Columns of a budget's name.
const NAME: u16 = 13;
/// Columns of a budget's figures.
const AMOUNTS: u16 = 56;

// === impl Picture ===

impl Picture {
    /// Lines of a picture with so many budgets.
    pub(crate) fn height(budgets: usize) -> u16 {
        u16::try_from(budgets).unwrap_or(u16::MAX).saturating_add(OTHER_LINES)
    }

    /// Draws it all.
    pub(crate) fn draw(&self, frame: &mut Frame<'_>) {
        let bars = u16::try_from(self.figures.budgets.len()).unwrap_or(u16::MAX);
        let heights = [1, 1, bars, 1, 1].map(Constraint::Length);
        let [_, act, budgets, _, account] = Layout::vertical(heights).areas(frame.area());
        frame.render_widget(Line::from(self.act.as_str()).bold(), act);
        for (level, row) in self.figures.budgets.iter().zip(budgets.rows()) {
            draw_level(frame, level, row);
        }
        frame.render_widget(self.account(), account);
    }

    fn account(&self) -> Line<'static> {
        let Figures { billed, charged, .. } = &self.figures;
        let verdict = if self.figures.agree() {
            Span::from("equal").green().bold()
        } else {
            Span::from(format!("{} in flight", billed.open.max(charged.open))).yellow()
        };
        Line::from(vec![
            Span::from(format!("vendor's books ${:<12}", billed.usd.to_string())),
            Span::from(format!("our ledger ${:<12}", charged.usd.to_string())),
            verdict,
        ])
    }
}

fn draw_level(frame: &mut Frame<'_>, level: &Level, row: Rect) {
    let widths = [Constraint::Length(NAME), Constraint::Fill(1), Constraint::Length(AMOUNTS)];
    let [name, bar, amounts] = Layout::horizontal(widths).areas(row);
    frame.render_widget(Line::from(level.name.to_string()), name);
    frame.render_widget(drawn_bar(level, bar.width), bar);
    let Level { spent, held, limit, .. } = level;
    let [spent, held] = [spent, held].map(ToString::to_string);
    let left = level.left().to_string();
    let told = format!("  spent {spent:<10}held {held:<10}left {left:<10}of {limit}");
    frame.render_widget(Line::from(told), amounts);
}

/// A bar of so many cells: spent, held, left. What is held is never drawn as nothing.
fn drawn_bar(level: &Level, width: u16) -> Line<'static> {
    let used = level.spent.saturating_add(level.held);
    let spent = cells(level.spent.nanos(), level.limit.nanos(), width);
    let held = cells(used.nanos(), level.limit.nanos(), width).saturating_sub(spent);
    let left = usize::from(width).saturating_sub(spent + held);
    Line::from(vec![
        Span::styled("█".repeat(spent), Style::new().fg(colour(level))),
        Span::styled("▒".repeat(held), Style::new().fg(Color::Yellow)),
        Span::styled("·".repeat(left), Style::new().fg(Color::DarkGray)),
    ])
}

/// How many of `width` cells stand for `part` of `whole`; a part that is not nothing has one.
fn cells(part: u64, whole: u64, width: u16) -> usize {
    let share = u128::from(part.min(whole)) * u128::from(width);
    usize::try_from(share.div_ceil(u128::from(whole.max(1)))).unwrap_or(0)
}

fn colour(level: &Level) -> Color {
    let reached = |percent| level.spent >= level.limit.percent(percent);
    if reached(90) {
        Color::Red
    } else if reached(75) {
        Color::LightRed
    } else {
        Color::Green
    }
}

/// What an agent was told, as a line of the history above the picture.
pub(crate) fn told_line(told: &Told) -> Line<'static> {
    let action = Style::new().fg(action_colour(told.action)).bold();
    let cost = told.cost.map_or_else(|| "-".to_owned(), |cost| format!("${cost}"));
    Line::from(vec![
        Span::from(format!("{:<12} {:<23} ", told.agent, told.model())),
        Span::styled(format!("{:<9} ", told.action.word()), action),
        Span::from(format!("{cost:>11}  ")),
        Span::from(told.remark()).dim(),
    ])
}

const fn action_colour(action: Action) -> Color {
    match action {
        Action::Pass => Color::Green,
        Action::Warn | Action::Flag => Color::Yellow,
        Action::Downgrade => Color::Cyan,
        Action::Clip => Color::Magenta,
        Action::Block => Color::Red,
        Action::Left | Action::Charged => Color::Blue,
    }
}

#[cfg(test)]
mod tests;
