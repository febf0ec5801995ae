//! `stream_options`: the asking for usage in a stream, read and written.

use crate::read::{Asking, Places};
use crate::rewrite::Rewrite;
use crate::scan::{Fields, Scan, Scanned};

const OPTIONS: Fields = Fields { within: "stream_options.", names: &["include_usage"] };

/// Reads the options of a stream.
pub(super) fn read(scan: &mut Scan<'_>) -> Scanned<Asking> {
    scan.kind()?;
    let start = scan.at();
    let mut others = false;
    let mut asking = None;
    let open = scan.object_or_null("stream_options", &OPTIONS, |scan, field| {
        others = true;
        match field {
            "include_usage" => asking = Some(include_usage(scan)?),
            _ => {
                scan.pass()?;
            }
        }
        Ok(())
    })?;
    Ok(match (open, asking) {
        (None, _) => Asking::Null(start..scan.at()),
        (Some(_), Some(asking)) => asking,
        (Some(open), None) => Asking::Silent { open, others },
    })
}

fn include_usage(scan: &mut Scan<'_>) -> Scanned<Asking> {
    scan.kind()?;
    let start = scan.at();
    let asked = scan.flag("stream_options.include_usage")? == Some(true);
    Ok(if asked { Asking::Asked } else { Asking::Declined(start..scan.at()) })
}

/// Makes a stream tell its usage.
pub(super) fn ask(rewrite: &mut Rewrite, places: &Places) {
    const ASK: &str = r#""include_usage":true"#;
    match &places.asking {
        Asking::Asked => {}
        Asking::Absent => rewrite.insert(places.open, format!(r#""stream_options":{{{ASK}}},"#)),
        Asking::Null(place) => rewrite.replace(place, format!("{{{ASK}}}")),
        Asking::Silent { open, others: true } => rewrite.insert(*open, format!("{ASK},")),
        Asking::Silent { open, others: false } => rewrite.insert(*open, ASK.to_owned()),
        Asking::Declined(place) => rewrite.replace(place, "true".to_owned()),
    }
}
