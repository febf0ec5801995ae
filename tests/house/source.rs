//! The files under the rules: all that git tracks or would track, and the way a rule reports.

use std::path::Path;
use std::process::Command;

/// A text file of the repository.
pub(crate) struct Source {
    /// Its path from the root, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Source {
    /// A file that exists only in a test.
    pub(crate) fn sample(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// Whether its name ends with one of these.
    pub(crate) fn is(&self, endings: &[&str]) -> bool {
        endings.iter().any(|ending| self.path.ends_with(ending))
    }

    /// Its lines, counted from 1.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    /// One finding, worded for an editor to jump to.
    pub(crate) fn finding(&self, line: usize, what: impl std::fmt::Display) -> String {
        format!("{}:{line}: {what}", self.path)
    }
}

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("tests/house has a root")
}

/// All text files.
pub(crate) fn all() -> Vec<Source> {
    let listed = git(&["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let paths = listed.split('\0').filter(|path| !path.is_empty());
    // A file that is deleted but still tracked, and a file that is no text, are under no rule.
    let read = |path: &str| {
        let text = std::fs::read_to_string(root().join(path)).ok()?;
        Some(Source { path: path.to_owned(), text })
    };
    let sources: Vec<_> = paths.filter_map(read).collect();
    assert!(sources.len() > 20, "git lists hardly a file: run this inside the repository");
    sources
}

/// Fails with every finding at once.
pub(crate) fn hold(rule: impl Fn(&Source) -> Vec<String>) {
    let findings: Vec<String> = all().iter().flat_map(rule).collect();
    none(&findings);
}

/// Fails with these findings, if there are any.
pub(crate) fn none(findings: &[String]) {
    assert!(findings.is_empty(), "{} to mend:\n{}\n", findings.len(), findings.join("\n"));
}

fn git(words: &[&str]) -> String {
    // WHY: a clone that belongs to somebody else (a container's volume) is still ours to read.
    output(Command::new("git").args(["-c", "safe.directory=*"]).args(words))
}

/// What `cargo` says about the workspace, from the lock file alone.
pub(crate) fn cargo(words: &[&str]) -> String {
    output(Command::new("cargo").args(words).args(["--locked", "--offline"]))
}

fn output(command: &mut Command) -> String {
    let output = command.current_dir(root()).output().expect("the command starts");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {complaint}");
    String::from_utf8(output.stdout).expect("the command prints UTF-8")
}
