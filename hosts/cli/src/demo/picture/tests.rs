//! The picture as people see it, from a scripted list of events.
use ratatui::backend::TestBackend;
use ratatui::widgets::Widget;
use ratatui::{Terminal, TerminalOptions, Viewport};
use reins_governor::Usd;

use super::{Picture, cells, told_line};
use crate::demo::figures::{Figures, Level, Sum};
use crate::demo::told::{Action, Told};

fn usd(text: &str) -> Usd {
    text.parse().expect(text)
}

fn level(name: &str, [limit, spent, held]: [&str; 3]) -> Level {
    Level { name: name.into(), limit: usd(limit), spent: usd(spent), held: usd(held) }
}

fn told(agent: &'static str, asked: &'static str, action: Action, cost: Option<&str>) -> Told {
    Told {
        agent,
        asked,
        given: None,
        action,
        cost: cost.map(usd),
        tokens: None,
        left: Some(usd("0.0148")),
        by: None,
        note: None,
        id: None,
    }
}

fn history() -> [Told; 3] {
    [
        told("support-bot", "gpt-4o", Action::Pass, Some("0.009045")),
        Told {
            given: Some("gpt-4.1-mini".to_owned()),
            by: Some("models".to_owned()),
            ..told("night-batch", "gpt-4.1", Action::Downgrade, Some("0.0011292"))
        },
        Told {
            left: None,
            by: Some("no big models on trial".to_owned()),
            note: Some("Upgrade to Pro to use advanced models".to_owned()),
            ..told("trial-chat", "claude-opus-4-5", Action::Block, None)
        },
    ]
}

fn picture() -> Picture {
    let billed = Sum { usd: usd("0.123456789"), calls: 12, open: 2 };
    Picture {
        act: "5 agents at work, through the gateway".to_owned(),
        figures: Figures {
            budgets: vec![
                level("the company", ["0.17", "0.1234", "0.0243"]),
                level("support bot", ["0.06", "0.0452", "0"]),
                level("researcher", ["0.08", "0", "0.0243"]),
                level("writer", ["0.03", "0.03", "0"]),
            ],
            billed,
            charged: Sum { usd: usd("0.1234"), calls: 11, open: 2 },
        },
    }
}

/// The screen after three calls and one look at the ledger.
fn screen(width: u16) -> TestBackend {
    let picture = picture();
    let height = Picture::height(picture.figures.budgets.len());
    let options = TerminalOptions { viewport: Viewport::Inline(height) };
    let backend = TestBackend::new(width, height + 3);
    let mut terminal = Terminal::with_options(backend, options).expect("a terminal");
    for told in history() {
        let line = told_line(&told);
        let inserted = terminal.insert_before(1, |buffer| line.render(buffer.area, buffer));
        inserted.expect("room above");
    }
    terminal.draw(|frame| picture.draw(frame)).expect("a picture");
    terminal.backend().clone()
}

#[test]
fn shows_budgets_calls_and_both_sides_of_the_account() {
    insta::assert_snapshot!(screen(110));
}

#[test]
fn fits_an_old_terminal() {
    insta::assert_snapshot!(screen(80));
}

#[test]
fn whatever_is_spent_fills_a_cell() {
    for (part, whole, expected) in
        [(0, 10, 0), (1, u64::MAX, 1), (5, 10, 10), (10, 10, 20), (11, 10, 20), (0, 0, 0)]
    {
        assert_eq!(cells(part, whole, 20), expected, "{part} of {whole}");
    }
}
