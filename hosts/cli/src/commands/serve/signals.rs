//! Signals: the first one stops in order, a second one at once.

use std::process;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::failure::Failure;

/// The status of a process that a second signal ended.
const ENDED_AT_ONCE: i32 = 130;

/// The signals that stop a server.
#[derive(Debug)]
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

// === impl Signals ===

impl Signals {
    /// From now on, signals no longer end the process.
    pub(crate) fn install() -> Result<Self, Failure> {
        let install = |kind| signal(kind).map_err(Failure::Signals);
        Ok(Self {
            terminate: install(SignalKind::terminate())?,
            interrupt: install(SignalKind::interrupt())?,
        })
    }

    /// Comes back with the next signal.
    pub(crate) async fn told_to_stop(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    /// Comes back with the next signal, and lets the one after that end the process.
    pub(crate) async fn stop(mut self) {
        self.told_to_stop().await;
        tracing::info!("stopping: calls in flight may end; another signal ends them at once");
        tokio::spawn(async move {
            self.told_to_stop().await;
            process::exit(ENDED_AT_ONCE);
        });
    }
}
