//! The gateway as it is shipped: this binary, serving, in a process and a folder of its own.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use reins_config::Durability;
use tempfile::TempDir;
use tokio::time::sleep;

use crate::bench::Fault;
use crate::bench::ask::KEY;
use crate::bench::target::{Target, word};

/// A key, dollar budgets in four scopes, ten rules, and a record of every call.
const GOVERNED: &str = include_str!("gateway.toml");

/// The name of the database.
const STORE: &str = "bench.db";

/// What a gateway says once it is ready, before its address.
const READY: &str = "listening on ";

/// How often to look whether a gateway still works: three ticks of the counter that is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(30);
/// How often to look at most.
const LOOKS_MAX: u32 = 100;

/// A gateway in a process of its own.
#[derive(Debug)]
pub(crate) struct Shipped {
    /// What calls are sent to.
    pub(crate) target: Target,
    /// How long it took until it was ready.
    pub(crate) ready: Duration,
    child: Child,
    folder: TempDir,
}

/// The file for a gateway in `folder`, in front of `vendor`.
pub(crate) fn governed(folder: &Path, vendor: SocketAddr, durability: Durability) -> String {
    GOVERNED
        .replace("{vendor}", &vendor.to_string())
        .replace("{durability}", word(durability))
        .replace("{store}", &folder.join(STORE).display().to_string())
}

/// Policies of a rule each, for an agent that makes no call.
fn for_others(policies: u32) -> String {
    let one = |number: u32| {
        format!(
            "[[policy]]\nname = \"other {number}\"\nscope = {{ agents = [\"other-{number}\"] }}\n\
             [[policy.rule]]\nname = \"none\"\naction = \"block\"\n"
        )
    };
    (0..policies).map(one).collect()
}

/// The variables that the file names. A vendor is never shown a key of Reins.
const VARIABLES: [(&str, &str); 2] = [("BENCH_KEY", KEY), ("BENCH_VENDOR_KEY", "sk-bench")];

/// What a variable of the file holds.
pub(crate) fn variable(name: &str) -> Option<String> {
    let found = VARIABLES.iter().find(|(known, _)| *known == name);
    found.map(|(_, value)| (*value).to_owned())
}

// === impl Shipped ===

impl Shipped {
    /// Starts one in front of `vendor`, and waits until it is ready.
    pub(crate) fn start(vendor: SocketAddr, durability: Durability) -> Result<Self, Fault> {
        Self::start_among(vendor, durability, 0)
    }

    /// The same, with so many policies more that are for other calls.
    pub(crate) fn start_among(
        vendor: SocketAddr,
        durability: Durability,
        policies: u32,
    ) -> Result<Self, Fault> {
        let folder = TempDir::new().map_err(Fault::Files)?;
        let config = folder.path().join("reins.toml");
        let text = governed(folder.path(), vendor, durability) + &for_others(policies);
        reins_files::replace_atomically(&config, text.as_bytes()).map_err(Fault::Files)?;
        let started = Instant::now();
        let mut child = serve(&config, &said(&folder)).map_err(Fault::Start)?;
        let line = first_line(&mut child).map_err(Fault::Start)?;
        let ready = started.elapsed();
        let address = line.trim().strip_prefix(READY).and_then(|address| address.parse().ok());
        let Some(address) = address else {
            let said = fs::read_to_string(said(&folder)).map_err(Fault::Files)?;
            return Err(Fault::NotReady { line, said });
        };
        Ok(Self { target: Target::gateway(durability, address), ready, child, folder })
    }

    /// Resident memory, in KiB.
    pub(crate) fn memory_kib(&self) -> Result<i64, Fault> {
        let status = self.proc("status")?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = resident.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
        kib.ok_or(Fault::Proc { file: "status" })
    }

    /// The database.
    pub(crate) fn store(&self) -> PathBuf {
        self.folder.path().join(STORE)
    }

    /// Bytes that it has had written to files, as the kernel counts them: by pages.
    pub(crate) fn written_bytes(&self) -> Result<i64, Fault> {
        let io = self.proc("io")?;
        let written = io.lines().find_map(|line| line.strip_prefix("write_bytes:"));
        let bytes = written.and_then(|rest| rest.trim().parse().ok());
        bytes.ok_or(Fault::Proc { file: "io" })
    }

    /// Comes back when it has nothing left to do: what it does after a call, such as folding its
    /// journal, shall not be taken for somebody else's slowness.
    pub(crate) async fn settle(&self) -> Result<(), Fault> {
        let mut worked = self.cpu_ticks()?;
        for _ in 0..LOOKS_MAX {
            sleep(LOOK_EVERY).await;
            let now = self.cpu_ticks()?;
            if now == worked {
                break;
            }
            worked = now;
        }
        Ok(())
    }

    /// Time it has worked, in the kernel's ticks of 10 ms.
    fn cpu_ticks(&self) -> Result<u64, Fault> {
        let stat = self.proc("stat")?;
        // The second field is a name in brackets, which may have spaces.
        let after_name = stat.rsplit_once(')').map(|(_, rest)| rest).unwrap_or_default();
        let mut times = after_name.split_whitespace().skip(11).map(str::parse::<u64>);
        match (times.next(), times.next()) {
            (Some(Ok(user)), Some(Ok(system))) => Ok(user + system),
            _ => Err(Fault::Proc { file: "stat" }),
        }
    }

    fn proc(&self, file: &'static str) -> Result<String, Fault> {
        let path = format!("/proc/{}/{file}", self.child.id());
        fs::read_to_string(path).map_err(|_| Fault::Proc { file })
    }
}

impl Drop for Shipped {
    fn drop(&mut self) {
        // WHY: its folder is about to go; there is nothing to end in order, and nobody to tell.
        self.child.kill().and_then(|()| self.child.wait()).map(drop).unwrap_or_default();
    }
}

fn serve(config: &Path, said: &Path) -> io::Result<Child> {
    Command::new(std::env::current_exe()?)
        .arg("serve")
        .arg("--config")
        .arg(config)
        .envs(VARIABLES)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(File::create(said)?)
        .spawn()
}

/// Empty, if it ended without a word.
fn first_line(child: &mut Child) -> io::Result<String> {
    let mut line = String::new();
    if let Some(stdout) = child.stdout.take() {
        BufReader::new(stdout).read_line(&mut line)?;
    }
    Ok(line)
}

/// Where its log goes.
fn said(folder: &TempDir) -> PathBuf {
    folder.path().join("stderr.log")
}
