//! `reins demo`: the main job with a built-in vendor, without keys and without a network.
//!
//! ```text
//! cast ─▶ agents ──HTTP──▶ gateway ──HTTP──▶ vendor
//!           │ headers         │ ledger         │ books
//!           └──────▶ show ◀───┴──── figures ◀──┘     at the end: the reckoning
//! ```
//! No figure is made here: what is shown stood in an answer, in the ledger, or in the books.

mod cast;
mod pace;
mod play;

mod caller;
mod keys;
mod told;

mod figures;
mod roll;
mod scene;

mod picture;
mod screen;
mod show;

mod reckoning;

use std::io;
use std::process::ExitCode;
use std::sync::Arc;

use reins_gateway::ServeError;
use reins_governor::Fault;
use reins_store::StoreError;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::unbounded_channel;
use tokio::task::JoinError;
use tokio::time::{MissedTickBehavior, interval};

use self::caller::CallError;
use self::pace::Pace;
use self::play::{Event, Stage};
use self::roll::Roll;
use self::scene::Scene;
use self::show::Show;
use crate::commands::Desk;
use crate::failure::Failure;

/// The status of a command that somebody interrupted, as shells have it.
const INTERRUPTED: u8 = 130;

/// Watch agents spend, and be held: no keys, no network
///
/// Starts a built-in vendor that keeps its own books, this gateway in front of it, and several
/// agents that call through it over TCP: calls are allowed, warned, downgraded, clipped and
/// blocked, a stream is left in the middle, and at the end twenty calls race for the last cents.
///
/// Every figure stood in a response's headers, in the ledger or in the vendor's books. It ends by
/// itself, with status 1 if these do not agree to the nano-dollar. Ctrl-C stops it.
#[derive(Clone, Copy, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Demo {
    /// With short pauses: a few seconds instead of a dozen
    #[arg(long)]
    fast: bool,
}

const EXAMPLES: &str = "\
Examples:
  reins demo
  reins demo --fast | tee demo.txt";

/// Why a demo cannot go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DemoError {
    /// No place for its files.
    #[error("no temporary folder can be written: set TMPDIR to one that can")]
    Folder(#[source] io::Error),
    /// The vendor does not start.
    #[error("the built-in vendor cannot listen on 127.0.0.1")]
    Vendor(#[source] io::Error),
    /// No random bytes for its keys.
    #[error("the system gives no random bytes for the keys")]
    Random(#[from] getrandom::Error),
    /// The gateway.
    #[error(transparent)]
    Gateway(#[from] ServeError),
    /// Its store, read beside it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The ledger stopped.
    #[error(transparent)]
    Ledger(#[from] Fault),
    /// A call was not answered.
    #[error(transparent)]
    Call(#[from] CallError),
    /// A task broke off.
    #[error("a part of the demo broke off")]
    Task(#[from] JoinError),
    /// Nothing can be shown.
    #[error("the demo cannot be shown")]
    Shown(#[from] io::Error),
}

/// How a play ended.
enum Curtain {
    /// After its last call.
    Fell,
    /// Somebody wanted it to.
    Dropped,
}

// === impl Demo ===

impl Demo {
    pub(crate) async fn run(self, desk: Desk<'_>) -> Result<ExitCode, Failure> {
        let pace = if self.fast { Pace::FAST } else { Pace::WATCHED };
        let scene = Scene::open(pace, &desk.machine.clock).await?;
        let mut roll = Roll::of_all();
        let budgets = scene.sources.organization.budgets.iter().count();
        let mut show = Show::open(budgets, desk.out);
        let curtain = play(&scene, pace, &mut show, &mut roll).await;
        drop(show);
        if matches!(curtain.map_err(failure)?, Curtain::Dropped) {
            desk.out.note("stopped; nothing is left behind")?;
            return Ok(ExitCode::from(INTERRUPTED));
        }
        let reckoning = scene.close(roll).await?;
        desk.out.answer(format_args!("\n{reckoning}"))?;
        let equal = reckoning.faults().is_empty();
        Ok(if equal { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// Whoever reads lines may stop reading them, as with every command.
fn failure(error: DemoError) -> Failure {
    match error {
        DemoError::Shown(error) => Failure::Output(error),
        other => Failure::Demo(other),
    }
}

/// Plays everything, and shows it, until it ends or somebody ends it.
async fn play(
    scene: &Scene,
    pace: Pace,
    show: &mut Show<'_>,
    roll: &mut Roll,
) -> Result<Curtain, DemoError> {
    let (tell, mut events) = unbounded_channel();
    let (caller, sources) = (scene.caller.clone(), Arc::clone(&scene.sources));
    let playing = tokio::spawn(Stage { caller, sources, pace, tell }.perform());
    let mut looks = interval(pace.look);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut stopped = std::pin::pin!(told_to_stop());
    loop {
        tokio::select! {
            event = events.recv() => match event {
                Some(event) => tell_all(&event, show, roll)?,
                None => break,
            },
            _ = looks.tick() => show.figures(scene.sources.read().await?)?,
            () = show.stopped() => return Ok(Curtain::Dropped),
            stopped = &mut stopped => return Ok(stopped.map(|()| Curtain::Dropped)?),
        }
    }
    playing.await??;
    show.figures(scene.last_figures().await?)?;
    Ok(Curtain::Fell)
}

fn tell_all(event: &Event, show: &mut Show<'_>, roll: &mut Roll) -> io::Result<()> {
    if let Event::Told(told) = event {
        roll.note(told);
    }
    show.tell(event)
}

/// Comes back with a signal that means to end this.
async fn told_to_stop() -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        interrupted = tokio::signal::ctrl_c() => interrupted,
    }
}
