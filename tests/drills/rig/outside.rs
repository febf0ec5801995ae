//! A gateway as a process of its own, for drills that kill it, weigh it or starve it.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use super::{KEY, Site, VENDOR_KEY, until};

/// The program beside this test.
const PROGRAM: &str = env!("CARGO_BIN_EXE_drill-gateway");

/// A running process. Dropping it kills it.
pub(crate) struct Outside {
    pub(crate) address: SocketAddr,
    child: Child,
}

/// How a process is started.
pub(crate) struct Launch {
    command: Command,
    /// Its file.
    file: PathBuf,
}

// === impl Launch ===

impl Launch {
    /// The gateway of a site, logging to `reins.log` there.
    pub(crate) fn of(site: &Site) -> Self {
        let mut command = Command::new(PROGRAM);
        command.args(["serve", "--config"]);
        Self { command, file: site.file() }.prepared(site)
    }

    /// The same, with flags.
    pub(crate) fn with_flags(site: &Site, flags: &[&str]) -> Self {
        let mut command = Command::new(PROGRAM);
        command.arg("serve").args(flags).arg("--config");
        Self { command, file: site.file() }.prepared(site)
    }

    /// The same, through a line of shell that ends in `exec "$@"`.
    pub(crate) fn through(site: &Site, shell: &str) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", shell, "sh", PROGRAM, "serve", "--config"]);
        Self { command, file: site.file() }.prepared(site)
    }

    fn prepared(mut self, site: &Site) -> Self {
        let log = File::options().create(true).append(true).open(log(site)).unwrap();
        self.command.stdin(Stdio::null());
        self.command.stdout(Stdio::piped()).stderr(log);
        self.with("REINS_KEY", KEY).with("VENDOR_KEY", VENDOR_KEY)
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// With another file than the site's own.
    pub(crate) fn on(mut self, file: &Path) -> Self {
        file.clone_into(&mut self.file);
        self
    }

    /// The same with stderr in a pipe that is not read.
    pub(crate) fn unread(mut self) -> Self {
        self.command.stderr(Stdio::piped());
        self
    }

    /// Comes back once it listens; `None` where it ended instead.
    pub(crate) async fn start(mut self) -> Option<Outside> {
        self.command.arg(&self.file);
        let mut child = self.command.spawn().unwrap();
        let out = child.stdout.take().unwrap();
        let said = tokio::task::spawn_blocking(move || first_line(out)).await.unwrap();
        let Some(address) = said.strip_prefix("listening on ") else {
            child.wait().unwrap();
            return None;
        };
        Some(Outside { address: address.trim().parse().unwrap(), child })
    }
}

/// The log of a site's processes.
pub(crate) fn log(site: &Site) -> std::path::PathBuf {
    site.folder().join("reins.log")
}

fn first_line(out: impl Read) -> String {
    let mut line = String::new();
    BufReader::new(out).read_line(&mut line).unwrap();
    line
}

// === impl Outside ===

impl Outside {
    pub(crate) async fn start(site: &Site) -> Self {
        let started = Launch::of(site).start().await;
        started.unwrap_or_else(|| panic!("{}", fs::read_to_string(log(site)).unwrap()))
    }

    /// Ends it as the kernel does, with no chance to write anything.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").args([name, &self.child.id().to_string()]).status();
        assert!(status.unwrap().success());
    }

    /// Waits for its end.
    pub(crate) async fn ended(mut self) -> ExitStatus {
        let mut status = None;
        until("the process ends", async || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        })
        .await;
        status.unwrap_or_else(|| ExitStatus::from_raw(1))
    }

    /// Its number, for tools that look at it.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Memory it has in use, in KiB.
    pub(crate) fn memory_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.unwrap().trim().trim_end_matches(" kB").parse().unwrap()
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        // WHY: it may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
