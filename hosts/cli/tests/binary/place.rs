//! A folder of its own for each test, and the binary run in it.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A folder with a file in it, and an environment.
pub(crate) struct Place {
    folder: TempDir,
    variables: Vec<(&'static str, String)>,
}

/// What a run left: its status and what it said.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

// === impl Place ===

impl Place {
    /// A place without a file.
    pub(crate) fn bare() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self { folder, variables: Vec::new() }
    }

    /// A place whose `reins.toml` says `text`.
    pub(crate) fn with(text: &str) -> Self {
        let place = Self::bare();
        place.write(text);
        place
    }

    pub(crate) fn write(&self, text: &str) {
        let path = self.folder.path().join("reins.toml");
        reins_files::replace_atomically(&path, text.as_bytes()).expect("the file is written");
    }

    /// Writes the file of a further organization.
    pub(crate) fn write_beside(&self, name: &str, text: &str) {
        let path = self.file(&format!("organizations/{name}.toml"));
        std::fs::create_dir_all(self.file("organizations")).expect("a folder");
        reins_files::replace_atomically(&path, text.as_bytes()).expect("the file is written");
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Sets a variable for the runs that follow.
    pub(crate) fn set(mut self, name: &'static str, value: &str) -> Self {
        self.variables.push((name, value.to_owned()));
        self
    }

    /// The binary, about to run here and with nothing else around it.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_reins"));
        command.args(arguments).current_dir(self.folder.path()).env_clear();
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.command(arguments).output().expect("the binary runs").into()
    }

    /// Runs with something on stdin.
    pub(crate) fn run_on(&self, input: &str, arguments: &[&str]) -> Ran {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary runs");
        let mut stdin = child.stdin.take().expect("a pipe");
        let input = input.to_owned();
        let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
        let output = child.wait_with_output().expect("the binary ends");
        writer.join().expect("the writer ends").expect("all of it is read");
        output.into()
    }
}

// === impl Ran ===

impl Ran {
    /// What a run that must have gone well answered.
    pub(crate) fn answer(&self) -> &str {
        assert_eq!(self.status, 0, "{self:?}");
        self.stdout.trim_end()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(self.answer()).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("text");
        Self {
            status: output.status.code().expect("no signal ended it"),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

/// All of it, as a snapshot shows it.
impl std::fmt::Display for Ran {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { status, stdout, stderr } = self;
        write!(f, "--- status {status}\n--- stdout\n{stdout}--- stderr\n{stderr}")
    }
}
