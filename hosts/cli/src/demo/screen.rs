//! The screen: a few lines of a terminal that are drawn over and over, and given back in order.

use std::io::{self, Stdout, Write, stdout};
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyModifiers};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use ratatui::text::Line;
use ratatui::widgets::Widget;
use ratatui::{Terminal, TerminalOptions, Viewport};
use tokio::sync::Notify;

use crate::demo::figures::Figures;
use crate::demo::picture::Picture;

/// How often the keyboard's thread looks whether it is still wanted.
const LOOK: Duration = Duration::from_millis(50);

/// A picture on a terminal.
pub(crate) struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
    picture: Picture,
    keyboard: Keyboard,
    _raw: Raw,
}

/// The terminal's raw mode, left when this is dropped: keys are not echoed into the picture.
struct Raw;

/// A thread that reads keys, until this is dropped.
struct Keyboard {
    stopped: Arc<Notify>,
    done: Arc<AtomicBool>,
}

// === impl Screen ===

impl Screen {
    /// Takes the lines below the cursor.
    pub(crate) fn open(budgets: usize) -> io::Result<Self> {
        let raw = Raw::enter()?;
        let options = TerminalOptions { viewport: Viewport::Inline(Picture::height(budgets)) };
        let terminal = Terminal::with_options(CrosstermBackend::new(stdout()), options)?;
        let keyboard = Keyboard::read();
        Ok(Self { terminal, picture: Picture::default(), keyboard, _raw: raw })
    }

    /// Says what is going on.
    pub(crate) fn act(&mut self, act: &str) -> io::Result<()> {
        act.clone_into(&mut self.picture.act);
        self.draw()
    }

    /// Shows how things stand.
    pub(crate) fn figures(&mut self, figures: Figures) -> io::Result<()> {
        self.picture.figures = figures;
        self.draw()
    }

    /// Puts a line above the picture, where it stays.
    pub(crate) fn above(&mut self, line: Line<'static>) -> io::Result<()> {
        self.terminal.insert_before(1, |buffer| line.render(buffer.area, buffer))?;
        self.draw()
    }

    /// Waits until somebody presses Ctrl-C, or `q`.
    pub(crate) async fn stopped(&self) {
        self.keyboard.stopped.notified().await;
    }

    fn draw(&mut self) -> io::Result<()> {
        self.terminal.draw(|frame| self.picture.draw(frame)).map(drop)
    }
}

/// What is printed next begins below the picture.
impl Drop for Screen {
    fn drop(&mut self) {
        let bottom = self.terminal.get_frame().area().bottom();
        // WHY: nobody can be told that the terminal has gone.
        drop(self.terminal.set_cursor_position((0, bottom.saturating_sub(1))));
        drop(stdout().write_all(b"\r\n"));
    }
}

// === impl Raw ===

impl Raw {
    fn enter() -> io::Result<Self> {
        enable_raw_mode()?;
        let earlier = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            leave();
            earlier(panic);
        }));
        Ok(Self)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        leave();
    }
}

fn leave() {
    // WHY: nobody can be told that the terminal has gone.
    drop(disable_raw_mode());
    drop(execute!(stdout(), Show));
}

// === impl Keyboard ===

impl Keyboard {
    fn read() -> Self {
        let (stopped, done) = (Arc::<Notify>::default(), Arc::<AtomicBool>::default());
        let keyboard = Self { stopped: Arc::clone(&stopped), done: Arc::clone(&done) };
        std::thread::spawn(move || {
            while !done.load(Ordering::Relaxed) {
                match pressed() {
                    Ok(Some(key)) if stops(key) => stopped.notify_one(),
                    Ok(_) => {}
                    // WHY: without a keyboard there is nothing to read, and signals still stop us.
                    Err(_) => return,
                }
            }
        });
        keyboard
    }
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Relaxed);
    }
}

/// The key that was pressed lately.
fn pressed() -> io::Result<Option<KeyEvent>> {
    if !event::poll(LOOK)? {
        return Ok(None);
    }
    match event::read()? {
        Event::Key(key) => Ok(Some(key)),
        Event::FocusGained
        | Event::FocusLost
        | Event::Mouse(_)
        | Event::Paste(_)
        | Event::Resize(..) => Ok(None),
    }
}

fn stops(key: KeyEvent) -> bool {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        KeyCode::Char('c') => control,
        KeyCode::Char('q') => true,
        _ => false,
    }
}
