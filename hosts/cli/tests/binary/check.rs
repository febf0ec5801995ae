//! `reins check`, and what every other command says of a wrong file.

use crate::place::Place;

const FINE: &str = "[[connection]]\nvendor = \"openai\"\nkey_env = \"OPENAI_API_KEY\"\n";
const WRONG: &str = "listen = \"here\"\n[[connection]]\nvendor = \"openai\"\nretries = 9\n";

#[test]
fn a_fine_file_is_said_to_be_fine() {
    let place = Place::with(FINE).set("OPENAI_API_KEY", "sk-0123456789");
    insta::assert_snapshot!(place.run(&["check", "reins.toml"]));
}

#[test]
fn a_variable_that_is_not_set_is_a_warning() {
    insta::assert_snapshot!(Place::with(FINE).run(&["check"]));
}

#[test]
fn every_problem_comes_at_once() {
    insta::assert_snapshot!(Place::with(WRONG).run(&["check", "reins.toml"]));
}

#[test]
fn a_file_that_is_not_there_is_named() {
    insta::assert_snapshot!(Place::bare().run(&["check", "--config", "elsewhere.toml"]));
}

#[test]
fn every_command_shows_the_problems_and_ends_with_2() {
    let place = Place::with(WRONG);
    let report = place.run(&["check"]).stdout;
    let usage = r#"{"prompt_tokens":1,"completion_tokens":1}"#;
    for arguments in [
        &["serve"][..],
        &["spend"],
        &["key", "list"],
        &["key", "create", "--name", "ci"],
        &["connection", "key", "openai"],
        &["price", "--vendor", "openai", "--model", "gpt-4o", "--usage", usage],
    ] {
        let ran = place.run(arguments);
        assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{arguments:?}: {ran}");
        assert_eq!(ran.stderr, report, "{arguments:?}");
    }
}

const BETA: &str = "[organization]\nid = \"beta\"\n[[connection]]\nvendor = \"openai\"\n";

#[test]
fn the_files_of_further_organizations_are_checked_with_it() {
    let place = Place::with(&format!("[organization]\nid = \"acme\"\n{FINE}"));
    place.write_beside("beta", BETA);
    place.write_beside("gamma", &format!("listen = \"127.0.0.1:1\"\n{BETA}"));
    place.write_beside("delta", "[organization]\nid = \"acme\"\nzone = \"Mars\"\n");
    place.write_beside(".beta", "half a file");
    std::fs::create_dir(place.file("organizations/folder.toml")).expect("a folder");
    insta::assert_snapshot!(place.run(&["check"]));
}

#[test]
fn a_wrong_main_file_hides_no_problem_of_another() {
    let place = Place::with(WRONG);
    place.write_beside("beta", "[organization]\nid = 5\n");
    let ran = place.run(&["check"]);
    assert_eq!(ran.status, 2, "{ran}");
    for what in ["reins.toml cannot be used: 2 problems", "beta.toml cannot be used: 2 problems"] {
        assert!(ran.stdout.contains(what), "{ran}");
    }
}
