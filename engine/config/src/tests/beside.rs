//! The file of a further organization: what is read, and every message that a broken one makes.

use std::path::Path;

use jiff::civil::date;

use super::{serve, variables};
use crate::{Checked, File, Organization, Other, Purpose, Rejected, read_beside};

const MAIN: &str = "/etc/reins/reins.toml";

/// The organization of the main file, whose keys and id are taken.
fn acme() -> Organization {
    let text = "[organization]\nid = \"acme\"\n[[key]]\nname = \"ci\"\nvalue_env = \"REINS_KEY\"\n\
                [[key]]\nname = \"plain\"\nvalue_env = \"PLAIN_KEY\"\n\
                [[connection]]\nvendor = \"openai\"\nkey_env = \"OPENAI_API_KEY\"\n";
    serve(text).expect("a file").first.organization
}

fn beside(text: &str) -> Result<Checked, Box<Rejected>> {
    let acme = acme();
    let file = File {
        path: Path::new("/etc/reins/organizations/beta.toml"),
        text,
        purpose: Purpose::Serve,
        today: date(2026, 9, 1),
        variables: &|name| match name {
            "BETA_OPENAI_API_KEY" => Some("sk-of-beta-0123456789".to_owned()),
            "BETA_REINS_KEY" | "BETA_KEY" => Some("rns_test_beta_0123456789".to_owned()),
            name => variables(name),
        },
        others: &[Other { path: Path::new(MAIN), organization: &acme }],
    };
    read_beside(&file, Path::new(MAIN))
}

const CONNECTION: &str = "[[connection]]\nvendor = \"openai\"\n";

#[test]
fn reports() {
    let cases = include_str!("broken/beside.txt");
    let shown = cases.split("---\n").map(|text| match beside(text) {
        Ok(checked) => format!("{}\n", checked.report),
        Err(rejected) => format!("{}\n", rejected.report),
    });
    insta::assert_snapshot!(shown.collect::<String>());
}

#[test]
fn is_one_organization_with_tables_of_its_own() {
    let text = format!(
        "[organization]\nid = \"beta\"\ntimezone = \"Asia/Tokyo\"\n{CONNECTION}\
         key_env = \"OPENAI_API_KEY\"\n[[key]]\nname = \"ci\"\nvalue_env = \"BETA_KEY\"\n"
    );
    let Checked { organization, snapshot, report } = beside(&text).expect("a file");
    assert_eq!((&*organization.id, &*snapshot.organization), ("beta", "beta"));
    assert_eq!(organization.zone.iana_name(), Some("Asia/Tokyo"));
    assert_eq!((organization.keys.len(), &organization.default_key), (1, &None));
    assert_eq!(report.problems, [], "two organizations may use one account of a vendor");
}

#[test]
fn the_example_is_read_without_a_warning() {
    let text = include_str!("../../organizations/beta.example.toml");
    let read = beside(text).unwrap_or_else(|rejected| panic!("{}", rejected.report));
    assert_eq!((&*read.organization.id, read.report.warnings), ("beta", vec![]));
}

/// A call with a key of a wrong file is refused for the file: those keys must be known.
#[test]
fn the_keys_of_a_wrong_file_are_known_as_far_as_it_can_be_read() {
    let beta = "[organization]\nid = \"beta\"\n";
    let key = |name: &str, variable: &str| {
        format!("[[key]]\nname = \"{name}\"\nvalue_env = \"{variable}\"\n")
    };
    let ci = key("ci", "BETA_KEY");
    for (text, id, keys) in [
        (format!("{beta}{ci}"), Some("beta"), Some(1)),
        (format!("{beta}{ci}[[budget]]\nname = 5\n"), Some("beta"), Some(1)),
        (beta.to_owned(), Some("beta"), Some(0)),
        // A key of another organization is that one's.
        (format!("{beta}{ci}{}", key("other", "REINS_KEY")), Some("beta"), Some(1)),
        (format!("{beta}{ci}{}", key("other", "NOT_SET")), Some("beta"), None),
        (format!("{beta}{ci}key = 1\n[[budget\n"), Some("beta"), None),
        (format!("key = [1]\n{beta}"), Some("beta"), None),
        (format!("[organization]\nid = \"acme\"\n{ci}"), None, Some(1)),
        (ci, None, Some(1)),
        ("\u{0}".to_owned(), None, None),
    ] {
        let rejected = beside(&text).expect_err("it lacks a connection");
        let known = (rejected.organization.as_deref(), rejected.keys.map(|keys| keys.len()));
        assert_eq!(known, (id, keys), "{text}");
    }
}
