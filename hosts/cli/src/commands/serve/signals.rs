//! Signals: the first one that asks for an end stops in order, a second one at once. The others,
//! most of which end a process by default, do not.

use std::process;

use rustix::process::Signal as Number;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

use crate::failure::Failure;

/// The status of a process that a second signal ended.
const ENDED_AT_ONCE: i32 = 130;

/// Those that ask for an end: from a supervisor, a terminal, or the limit of processor time.
const STOP: [Number; 4] = [Number::TERM, Number::INT, Number::QUIT, Number::XCPU];
/// Those without a meaning here. With XFSZ ignored, a write to a file that cannot grow fails, and
/// the store stops in order.
const IGNORED: [Number; 6] =
    [Number::USR1, Number::USR2, Number::ALARM, Number::VTALARM, Number::PROF, Number::XFSZ];
/// The real-time signals, without a meaning here either.
const NAMELESS: std::ops::RangeInclusive<i32> = 34..=64;

/// The signals of a server.
#[derive(Debug)]
pub(crate) struct Signals {
    stop: mpsc::Receiver<()>,
    hangup: mpsc::Receiver<()>,
}

// === impl Signals ===

impl Signals {
    /// From now on, signals no longer end the process.
    pub(crate) fn install() -> Result<Self, Failure> {
        for number in IGNORED {
            drop(install(number)?);
        }
        // WHY: systems differ in which of them exist.
        NAMELESS.for_each(|raw| drop(signal(SignalKind::from_raw(raw))));
        #[cfg(target_os = "linux")]
        for number in [Number::POWER, Number::STKFLT, Number::IO] {
            drop(install(number)?);
        }
        Ok(Self { stop: each(&STOP)?, hangup: each(&[Number::HUP])? })
    }

    /// Waits for the next signal that asks for an end.
    pub(crate) async fn told_to_stop(&mut self) {
        self.stop.recv().await;
    }

    /// Calls `act` at each HUP from now on.
    pub(crate) fn at_hangup(&mut self, act: impl Fn() + Send + 'static) {
        let (_, none) = mpsc::channel(1);
        let mut hangup = std::mem::replace(&mut self.hangup, none);
        tokio::spawn(async move {
            while hangup.recv().await.is_some() {
                act();
            }
        });
    }

    /// Waits for the next signal that asks for an end; the one after that ends the process.
    pub(crate) async fn stop(mut self) {
        self.told_to_stop().await;
        tracing::info!("stopping: calls in flight may end; another signal ends them at once");
        tokio::spawn(async move {
            self.told_to_stop().await;
            process::exit(ENDED_AT_ONCE);
        });
    }
}

fn install(number: Number) -> Result<Signal, Failure> {
    signal(SignalKind::from_raw(number.as_raw())).map_err(Failure::Signals)
}

/// A channel with one message for each of these signals.
fn each(numbers: &[Number]) -> Result<mpsc::Receiver<()>, Failure> {
    let (sender, receiver) = mpsc::channel(1);
    for number in numbers {
        let (mut signal, sender) = (install(*number)?, sender.clone());
        tokio::spawn(async move {
            while signal.recv().await.is_some() && sender.send(()).await.is_ok() {}
        });
    }
    Ok(receiver)
}
