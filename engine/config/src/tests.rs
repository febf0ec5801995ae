//! The example, and every message that a broken file makes.

use std::path::Path;

use jiff::civil::date;

use crate::{File, Main, Purpose, Report, read};

mod beside;
mod dialects;
mod example;
mod properties;
mod reports;
mod sold;

const EXAMPLE: &str = include_str!("../reins.example.toml");

fn variables(name: &str) -> Option<String> {
    let value = match name {
        "OPENAI_API_KEY" => "sk-from-the-environment",
        "REINS_KEY" => "rns_test_0123456789abcdef",
        "PLAIN_KEY" => "correct-horse-battery",
        "SHORT" => "rns_short",
        "QUOTED" => "\"rns_test_0123 456789\"",
        _ => return None,
    };
    Some(value.to_owned())
}

fn read_for(purpose: Purpose, text: &str) -> Result<Main, Report> {
    let path = Path::new("/etc/reins/reins.toml");
    let today = date(2026, 9, 1);
    read(&File { path, text, purpose, today, variables: &variables, others: &[] })
}

fn serve(text: &str) -> Result<Main, Report> {
    read_for(Purpose::Serve, text)
}
