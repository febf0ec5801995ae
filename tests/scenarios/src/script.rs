//! The script of a scenario: its fenced blocks, in order, checked for form.

use std::time::Duration;

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};
use serde::Deserialize;
use serde_json::{Map, Value};

/// A scenario.
#[derive(Clone, Debug)]
pub struct Script {
    /// Its title: what the user saw.
    pub title: String,
    /// What happens, in order.
    pub steps: Vec<Step>,
}

/// One thing that happens.
#[derive(Clone, Debug)]
pub enum Step {
    /// A file says this from now on (a block `toml reins`, or `toml beside NAME`).
    File(File, String),
    /// Somebody writes this into a file, and it is refused (`toml refused`, `toml refused NAME`).
    Refused(File, String),
    /// A file beside the main one is removed (a block `json removed`).
    Removed(Removed),
    /// Time passes (a block `json later`).
    Later(Later),
    /// Somebody calls, and sees this (blocks `json call` and `json seen`).
    Call(Box<Call>, Value),
    /// The books stand like this (a block `json balance`).
    Balance(Balance),
}

/// Which file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum File {
    /// The main one.
    Main,
    /// `organizations/NAME.toml` beside it.
    Beside(String),
}

/// A file that is removed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Removed {
    /// The name of the file beside the main one.
    pub beside: String,
}

/// A call.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// Whose key it shows, by the name of that organization's file; left out: the main file's.
    #[serde(default)]
    pub organization: Option<String>,
    /// Whose agent calls.
    #[serde(default)]
    pub agent: Option<String>,
    /// Other headers; `null` leaves out one that would be there, a list sends one for each value.
    #[serde(default)]
    pub headers: Map<String, Value>,
    /// The method; one without a body is sent none.
    #[serde(default = "post")]
    pub method: String,
    /// The path; left out: `/v1/chat/completions`, or `/v1/messages` for a model of Anthropic.
    #[serde(default)]
    pub path: Option<String>,
    /// What the vendor is told to do.
    #[serde(default)]
    pub vendor: Option<String>,
    /// The body: what is left out of a message is filled in, so that scenarios stay short.
    #[serde(default)]
    pub body: Map<String, Value>,
    /// The body as text, where it is not to be JSON of ours.
    #[serde(default)]
    pub raw: Option<String>,
    /// How often the same call is made, one after the other; what is seen is the last.
    #[serde(default = "once")]
    pub times: u32,
    /// A call that the vendor has not answered yet when this one is made.
    #[serde(default)]
    pub beside: Option<Box<Self>>,
}

/// How much later it is.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Later {
    /// So many hours,
    #[serde(default)]
    pub hours: u32,
    /// and minutes.
    #[serde(default)]
    pub minutes: u32,
}

/// How the books stand.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Balance {
    /// Whose; left out: `acme`.
    #[serde(default = "acme")]
    pub organization: String,
    /// Charged to the organization, as a decimal string.
    pub spent_usd: String,
    /// Set aside.
    #[serde(default = "nothing")]
    pub held_usd: String,
    /// Calls that were charged.
    pub calls: u64,
    /// Charged to single scopes, such as `agent=bot`.
    #[serde(default)]
    pub scopes: Map<String, Value>,
    /// The vendor's bill, by its own books.
    #[serde(default)]
    pub vendor_usd: Option<String>,
}

/// Why a file is no scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptError(pub String);

fn acme() -> String {
    "acme".to_owned()
}

fn once() -> u32 {
    1
}

fn post() -> String {
    "POST".to_owned()
}

fn nothing() -> String {
    "0.00".to_owned()
}

// === impl Later ===

impl Later {
    /// All of it.
    #[must_use]
    pub fn time(self) -> Duration {
        Duration::from_secs(3600 * u64::from(self.hours) + 60 * u64::from(self.minutes))
    }
}

/// Reads a scenario.
///
/// # Errors
/// What is wrong with it, and how to mend it.
pub fn read(text: &str) -> Result<Script, ScriptError> {
    let title = text.lines().find_map(|line| line.strip_prefix("# "));
    let title = title.ok_or_else(|| wrong("it has no title: begin with `# What the user saw`"))?;
    let mut steps = Vec::new();
    let mut call: Option<Box<Call>> = None;
    for (info, block) in blocks(text) {
        match (info.as_str(), call.take()) {
            ("json seen", Some(made)) => steps.push(Step::Call(made, json(&info, &block)?)),
            ("json seen", None) => return Err(wrong("a block `json seen` follows no `json call`")),
            (_, Some(_)) => return Err(wrong("a `json call` is not followed by `json seen`")),
            ("toml reins", None) => steps.push(Step::File(File::Main, block)),
            ("toml refused", None) => steps.push(Step::Refused(File::Main, block)),
            ("json removed", None) => steps.push(Step::Removed(json(&info, &block)?)),
            ("json later", None) => steps.push(Step::Later(json(&info, &block)?)),
            ("json call", None) => call = Some(json(&info, &block)?),
            ("json balance", None) => steps.push(Step::Balance(json(&info, &block)?)),
            (other, None) => steps.push(beside(other, block)?),
        }
    }
    if call.is_some() {
        return Err(wrong("the last `json call` is not followed by `json seen`"));
    }
    Ok(Script { title: title.to_owned(), steps })
}

/// A block that is about a file beside the main one.
fn beside(info: &str, block: String) -> Result<Step, ScriptError> {
    let of = |name: &str| File::Beside(name.to_owned());
    match info.rsplit_once(' ') {
        Some(("toml beside", name)) => Ok(Step::File(of(name), block)),
        Some(("toml refused", name)) => Ok(Step::Refused(of(name), block)),
        Some(_) | None => Err(wrong(&format!("a block `{info}` means nothing here"))),
    }
}

fn json<T: serde::de::DeserializeOwned>(info: &str, block: &str) -> Result<T, ScriptError> {
    serde_json::from_str(block).map_err(|error| wrong(&format!("a block `{info}`: {error}")))
}

fn wrong(what: &str) -> ScriptError {
    ScriptError(what.to_owned())
}

/// Every fenced block with its info string.
fn blocks(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open: Option<(String, String)> = None;
    for event in Parser::new(text) {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                open = Some((info.trim().to_owned(), String::new()));
            }
            Event::Text(piece) => {
                if let Some((_, block)) = &mut open {
                    block.push_str(&piece);
                }
            }
            Event::End(TagEnd::CodeBlock) => found.extend(open.take()),
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    //! What is a scenario and what is not.
    use super::read;

    #[test]
    fn reads_blocks_in_order() {
        let text = "# A title\n\nProse.\n\n```toml reins\na = 1\n```\n\n\
                    ```json call\n{\"body\":{}}\n```\n```json seen\n{\"status\":200}\n\
                    ```\n```json balance\n{\"spent_usd\":\"0.00\",\"calls\":0}\n```\n";
        assert_eq!(read(text).expect("a scenario").steps.len(), 3);
    }

    #[test]
    fn refuses_what_would_not_be_performed() {
        for text in [
            "no title",
            "# T\n```json call\n{\"body\":{}}\n```\n",
            "# T\n```json seen\n{}\n```\n",
            "# T\n```json call\n{\"bodi\":{}}\n```\n```json seen\n{}\n```\n",
            "# T\n```python\n1\n```\n",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
