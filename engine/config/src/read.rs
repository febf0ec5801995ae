//! Reading a file: the main one, which says what the process is, or one more organization's.

use std::net::SocketAddr;
use std::path::Path;

use jiff::civil::Date;
use reins_governor::{Name, Snapshot};
use toml::de::DeTable;

use crate::environment::Purpose;
use crate::file::File;
use crate::findings::{Findings, Place};
use crate::judge::Told;
use crate::names::Names;
use crate::organization::{DeclaredKey, Organization};
use crate::parts::{Parts, parts};
use crate::problem::Report;
use crate::process::Process;
use crate::reader::Reader;
use crate::tables::organization::{self, reference};
use crate::tables::{server, store};
use crate::value::Value;

/// The folder beside the main file that holds one file more for each further organization.
pub const FOLDER: &str = "organizations";

/// What only the main file says.
const OF_THE_PROCESS: [&str; 5] = ["listen", "store", "durability", "default_key", "server"];

/// A main file that can be used.
#[derive(Clone, Debug)]
pub struct Main {
    /// What it says of the process.
    pub process: Process,
    /// What it says of its organization.
    pub first: Checked,
}

/// An organization whose file can be used.
#[derive(Clone, Debug)]
pub struct Checked {
    /// What it says.
    pub organization: Organization,
    /// What calls are judged by.
    pub snapshot: Snapshot,
    /// Warnings, and no problem.
    pub report: Report,
}

/// A further organization's file that cannot be used, and what is known of it all the same: a call
/// with one of its keys is refused for the file, and not for its key.
#[derive(Clone, Debug)]
pub struct Rejected {
    /// Every problem there is, with every warning.
    pub report: Report,
    /// The organization, where its id can be read and is no other's.
    pub organization: Option<Name>,
    /// The keys that the file declares and no other has; `None` where there may be more of them.
    pub keys: Option<Vec<DeclaredKey>>,
}

/// Reads and checks the main file of a process.
///
/// # Errors
/// Every problem there is, with every warning.
pub fn read(file: &File<'_>) -> Result<Main, Report> {
    let (read, report) = reading(file, |mut root, told| {
        let process = process(&mut root, file.folder());
        let default_key = root.field(&["default_key"]);
        let table = |value: Value<'_>, connections: &Names| {
            value.table().map(|table| organization::read(table, connections, file.others))
        };
        let parts = parts(&mut root, file, told, |written, connections| match written {
            Some(value) => table(value, connections),
            None => Some(organization::default()),
        });
        let listen = process.as_ref().map(|process| process.listen);
        let default_key = default_key.map(|value| self::default_key(&value, &parts, listen));
        let checked = parts.checked(file)?;
        Some((process?, checked, default_key.flatten()))
    });
    match read {
        Some((process, (organization, snapshot), default_key)) if report.problems.is_empty() => {
            let organization = Organization { default_key, ..organization };
            Ok(Main { process, first: Checked { organization, snapshot, report } })
        }
        _ => Err(report),
    }
}

/// Reads the policies of an earlier version again, from the text that a store has of it: the main
/// file's or a further organization's. No variable is read, since keys do not matter. `day` is the
/// day whose prices held.
///
/// # Errors
/// Every problem that the text has for this program.
pub fn read_again(path: &Path, text: &str, day: Date) -> Result<Snapshot, Report> {
    // A file of one organization is a main file that says nothing of the process.
    let variables = &|_: &str| None;
    let file = File { path, text, purpose: Purpose::Check, today: day, variables, others: &[] };
    read(&file).map(|main| main.first.snapshot)
}

/// Reads and checks the file of a further organization, beside the main file of its process.
///
/// # Errors
/// Every problem there is, with every warning, and what is known of the organization.
pub fn read_beside(file: &File<'_>, main: &Path) -> Result<Checked, Box<Rejected>> {
    let ((id, keys, checked), report) = reading(file, |mut root, told| {
        for field in OF_THE_PROCESS {
            let what = format!("`{field}` is of the process, and this file is of one organization");
            let hint = format!("write it into {}", main.display());
            let hint = match field {
                "default_key" => {
                    format!("{hint}: the organization of that file alone can have one")
                }
                _ => hint,
            };
            root.elsewhere(field, &what, &hint);
        }
        let parts = parts(&mut root, file, told, |written, connections| match written {
            Some(value) => Some(organization::read(value.table()?, connections, file.others)),
            None => None,
        });
        if root.again("organization").is_none() {
            let hint = "name it, such as:  [organization]  id = \"beta\"";
            root.place.at_odds("no [organization] says whose file this is", hint);
        }
        (parts.id().cloned(), parts.all_keys(), parts.checked(file))
    });
    match checked {
        Some((organization, snapshot)) if report.problems.is_empty() => {
            Ok(Checked { organization, snapshot, report })
        }
        _ => {
            let keys = keys.filter(|_| report.is_toml());
            Err(Box::new(Rejected { report, organization: id, keys }))
        }
    }
}

/// Parses a file, reads it by `read`, and reports all that was found.
fn reading<T>(file: &File<'_>, read: impl FnOnce(Reader<'_>, &Told<'_>) -> T) -> (T, Report) {
    let findings = Findings::new(file.text);
    let (table, errors) = DeTable::parse_recoverable(file.text);
    errors.iter().for_each(|error| findings.not_toml(error));
    let place = Place { findings: &findings, path: String::new(), span: 0..0 };
    let root = Reader::new(table.get_ref(), place.clone());
    let read = read(root, &Told { file: table.get_ref(), place: &place });
    drop(place);
    (read, findings.report(&file.path.display().to_string()))
}

fn process(root: &mut Reader<'_>, folder: &Path) -> Option<Process> {
    let listen = store::listen(root);
    let store = store::store(root, folder);
    let durability = store::durability(root);
    let server = root.defaulted(&["server"], server::DEFAULT, |v| server::read(v.table()?));
    Some(Process { listen: listen?, store: store?, durability: durability?, server: server? })
}

/// The key of calls that bring none: one of the file's own, and only for calls of this machine.
fn default_key(value: &Value<'_>, parts: &Parts, listen: Option<SocketAddr>) -> Option<Name> {
    if let Some(listen) = listen.filter(|listen| !listen.ip().is_loopback()) {
        value.place.at_odds(
            format!("a default key lets in whoever reaches {listen}"),
            "listen on 127.0.0.1, or leave `default_key` out",
        );
    }
    reference("key", value, parts.key_names())
}
