//! Signals: the first one that asks for an end stops in order, a second one at once. None of the
//! others ends the process, as most of them do by themselves.

use std::process;

use rustix::process::Signal as Number;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

use crate::failure::Failure;

/// The status of a process that a second signal ended.
const ENDED_AT_ONCE: i32 = 130;

/// Those that ask for an end: by a supervisor, from a terminal, for want of time or of power.
const STOP: [Number; 4] = [Number::TERM, Number::INT, Number::QUIT, Number::XCPU];
/// Those that mean nothing here. Without XFSZ, a file that cannot grow is an error of a write, on
/// which the store stops in order.
const IGNORED: [Number; 6] =
    [Number::USR1, Number::USR2, Number::ALARM, Number::VTALARM, Number::PROF, Number::XFSZ];
/// The same, where there are any: what has no name, of real time.
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
        // WHY: which of them there are differs from system to system; nobody needs any.
        NAMELESS.for_each(|raw| drop(signal(SignalKind::from_raw(raw))));
        #[cfg(target_os = "linux")]
        for number in [Number::POWER, Number::STKFLT, Number::IO] {
            drop(install(number)?);
        }
        Ok(Self { stop: each(&STOP)?, hangup: each(&[Number::HUP])? })
    }

    /// Comes back with the next signal that asks for an end.
    pub(crate) async fn told_to_stop(&mut self) {
        self.stop.recv().await;
    }

    /// Does something at each HUP from now on.
    pub(crate) fn at_hangup(&mut self, act: impl Fn() + Send + 'static) {
        let (_, none) = mpsc::channel(1);
        let mut hangup = std::mem::replace(&mut self.hangup, none);
        tokio::spawn(async move {
            while hangup.recv().await.is_some() {
                act();
            }
        });
    }

    /// Comes back with the next signal that asks for an end, and lets the one after that end the
    /// process.
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

/// One message for each of these signals.
fn each(numbers: &[Number]) -> Result<mpsc::Receiver<()>, Failure> {
    let (tell, told) = mpsc::channel(1);
    for number in numbers {
        let (mut signal, tell) = (install(*number)?, tell.clone());
        tokio::spawn(async move {
            while signal.recv().await.is_some() && tell.send(()).await.is_ok() {}
        });
    }
    Ok(told)
}
