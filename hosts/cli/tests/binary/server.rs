//! A server for a test: `reins serve` as a child, with the pretend vendor behind it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStdout, ExitStatus, Stdio};

use reins_vendor::{Options, Vendor, serve};
use rustix::process::{Pid, Signal, kill_process};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::place::Place;

/// The key that the file declares.
pub(crate) const KEY: &str = "rns_test_9f8e7d6c5b4a39281706f5e4d3c2b1a0";

/// A vendor in this process.
pub(crate) struct Shop {
    pub(crate) vendor: Vendor,
    /// What the vendor runs on.
    runtime: Runtime,
}

/// A running server. Dropping it kills it.
pub(crate) struct Server {
    child: Child,
    /// Kept open: the server may still want to say something.
    stdout: BufReader<ChildStdout>,
    pub(crate) address: SocketAddr,
}

/// An answer over HTTP.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

// === impl Answer ===

impl Answer {
    /// The id of the call's record.
    pub(crate) fn transaction(&self) -> &str {
        let lines = self.head.lines();
        let id = lines.filter_map(|line| line.strip_prefix("x-reins-transaction-id: ")).next();
        id.unwrap_or_else(|| panic!("{}", self.head))
    }
}

// === impl Shop ===

impl Shop {
    pub(crate) fn open() -> Self {
        let runtime = Runtime::new().expect("threads");
        let vendor = runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            serve(listener, Options::default()).expect("an address")
        });
        Self { vendor, runtime }
    }

    /// A place whose server has this vendor behind it; `more` goes to the end of the file.
    pub(crate) fn place(&self, more: &str) -> Place {
        let address = self.vendor.address();
        let file = format!(
            "listen = \"127.0.0.1:0\"\nstore = \"sqlite:reins.db\"\ndurability = \"process\"\n\
             [organization]\nid = \"acme\"\ntimezone = \"Europe/Berlin\"\n\
             unknown_agents = \"register\"\n\
             [[connection]]\nvendor = \"openai\"\nbase_url = \"http://{address}/v1\"\n\
             key_env = \"OPENAI_API_KEY\"\n\
             [[key]]\nname = \"ci\"\nvalue_env = \"REINS_KEY\"\n{more}"
        );
        Place::with(&file).set("OPENAI_API_KEY", "sk-0123456789").set("REINS_KEY", KEY)
    }

    /// The bill, in nano-dollars.
    pub(crate) fn billed_nanos(&self) -> u128 {
        self.vendor.books().totals().rounded_nanos()
    }

    pub(crate) fn close(self) {
        self.runtime.block_on(self.vendor.stop());
    }
}

// === impl Server ===

impl Server {
    pub(crate) fn start(place: &Place) -> Self {
        Self::start_with(place, &["serve"])
    }

    pub(crate) fn start_with(place: &Place, arguments: &[&str]) -> Self {
        let log = std::fs::File::create(place.file("log")).expect("a log");
        let mut command = place.command(arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().expect("it runs");
        let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("text");
        let address = line.strip_prefix("listening on ").and_then(|text| text.trim().parse().ok());
        let log = || std::fs::read_to_string(place.file("log")).expect("a log");
        let address = address.unwrap_or_else(|| panic!("`{line}`\n{}", log()));
        Self { child, stdout, address }
    }

    /// One call to a model, as an agent makes it.
    pub(crate) fn call(&self, key: &str, agent: &str) -> Answer {
        call(self.address, key, agent, "")
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        let head = format!("GET {path} HTTP/1.1\r\nhost: reins\r\nconnection: close\r\n\r\n");
        ask(self.address, &head)
    }

    /// A signal that may have no name.
    pub(crate) fn signal_number(&self, number: i32) {
        let mut kill = std::process::Command::new("kill");
        let sent = kill.args([format!("-{number}"), self.child.id().to_string()]).status();
        assert!(sent.expect("kill").success(), "{number}");
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("an id");
        kill_process(pid, signal).expect("it runs");
    }

    /// Waits until it has ended; whatever else it said on stdout comes too.
    pub(crate) fn ended(mut self) -> (ExitStatus, String) {
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).expect("text");
        (self.child.wait().expect("it ends"), rest)
    }
}

/// A call whose vendor does as `script` says.
pub(crate) fn call(address: SocketAddr, key: &str, agent: &str, script: &str) -> Answer {
    let body =
        r#"{"model":"gpt-4o-mini","max_tokens":50,"messages":[{"role":"user","content":"Hello"}]}"#;
    let script = if script.is_empty() { "" } else { &format!("x-test-script: {script}\r\n") };
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: reins\r\nconnection: close\r\n\
         authorization: Bearer {key}\r\nx-reins-agent: {agent}\r\n{script}\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    ask(address, &format!("{head}{body}"))
}

/// Sends a request; where the server is gone before it answers, the status is 0.
fn ask(address: SocketAddr, request: &str) -> Answer {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut said = String::new();
    // What came before a connection broke off has been put into `said`.
    stream.read_to_string(&mut said).unwrap_or_default();
    let status = said.split(' ').nth(1).and_then(|status| status.parse().ok());
    let (head, body) = said.split_once("\r\n\r\n").unwrap_or_default();
    Answer { status: status.unwrap_or(0), head: head.to_owned(), body: body.to_owned() }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that has ended already cannot be killed.
        self.child.kill().unwrap_or_default();
        self.child.wait().expect("it ends");
    }
}
