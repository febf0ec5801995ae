//! Needles: a secret in every form that it could be written in, whole or in part.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use memchr::memmem;
use sha2::{Digest, Sha256};

/// Letters of a secret that give it away: no two canaries have so many in common.
const PART: usize = 12;
/// Letters around a found form that are shown.
const AROUND: usize = 60;

/// One form of a secret.
pub(crate) struct Needle {
    form: &'static str,
    bytes: Vec<u8>,
}

// === impl Needle ===

impl Needle {
    pub(crate) fn plain(text: &str) -> Self {
        Self { form: "plain", bytes: text.into() }
    }

    /// Every form of a secret.
    pub(crate) fn all_of(secret: &str) -> Vec<Self> {
        let of = |form, bytes: Vec<u8>| Self { form, bytes };
        // What keys have in common is no secret.
        let own = secret.len() - 32..;
        let parts = secret.as_bytes()[own].windows(PART);
        let mut all: Vec<Self> = parts.map(|part| of("in part", part.to_vec())).collect();
        for shift in 0..3 {
            let shifted = [&vec![b' '; shift], secret.as_bytes()].concat();
            // The first and last letters depend on what stands beside it.
            let inner =
                |text: String| text.into_bytes()[4..].split_last_chunk::<4>().unwrap().0.to_vec();
            all.push(of("base64", inner(STANDARD.encode(&shifted))));
            all.push(of("base64url", inner(URL_SAFE.encode(&shifted))));
        }
        all.push(of("hex", hex::encode(secret).into_bytes()));
        all.push(of("HEX", hex::encode_upper(secret).into_bytes()));
        all.push(of("URL", url(secret, false).into_bytes()));
        all.push(of("url", url(secret, true).into_bytes()));
        all.push(of("JSON", secret.replace('/', "\\/").into_bytes()));
        all.push(of("reversed", secret.bytes().rev().collect()));
        // A hash without a key can be looked up.
        let hash = Sha256::digest(secret);
        all.push(of("SHA-256", hash.iter().copied().filter(|byte| *byte != 0).collect()));
        all.push(of("SHA-256 in hex", hex::encode(hash).into_bytes()));
        all.push(of("SHA-256 in base64", STANDARD.encode(hash).into_bytes()));
        all
    }
}

/// A text as it stands in a URL.
fn url(text: &str, lower: bool) -> String {
    let one = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => char::from(byte).to_string(),
        _ if lower => format!("%{byte:02x}"),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}

/// Which needles are in the hay, with what stands around the first of each form. Zero bytes are
/// left out, so that wide letters are found as well.
pub(crate) fn found_in(what: &str, hay: &[u8], needles: &[Needle]) -> Vec<String> {
    let hay: Vec<u8> = hay.iter().copied().filter(|byte| *byte != 0).collect();
    let shown = |at: usize| {
        let around = &hay[at.saturating_sub(AROUND)..hay.len().min(at + AROUND)];
        String::from_utf8_lossy(around).into_owned()
    };
    let found = |needle: &Needle| {
        let at = memmem::find(&hay, &needle.bytes)?;
        Some(format!("{what}: {}: …{}…", needle.form, shown(at)))
    };
    needles.iter().filter_map(found).collect()
}

/// Each form is found where it is.
#[test]
fn every_form_is_found() {
    let secret = super::VENDOR;
    let needles = Needle::all_of(secret);
    let wide: Vec<u8> = secret.bytes().flat_map(|byte| [byte, 0]).collect();
    let hash = Sha256::digest(secret).to_vec();
    for (form, hay) in [
        ("in part", secret.as_bytes()[10..30].to_vec()),
        ("in part", wide),
        ("base64", STANDARD.encode(format!("Bearer {secret} and more")).into_bytes()),
        ("base64", STANDARD.encode(format!("key: {secret}")).into_bytes()),
        ("base64", STANDARD.encode(secret).into_bytes()),
        ("base64url", URL_SAFE.encode(format!("x{secret}x")).into_bytes()),
        ("hex", hex::encode(format!("x{secret}x")).into_bytes()),
        ("HEX", hex::encode_upper(secret).into_bytes()),
        ("URL", url(&format!("?{secret}"), false).into_bytes()),
        ("JSON", secret.replace('/', "\\/").into_bytes()),
        ("reversed", secret.bytes().rev().collect()),
        ("SHA-256", hash.clone()),
        ("SHA-256 in hex", hex::encode(hash).into_bytes()),
    ] {
        let found = found_in("hay", &hay, &needles);
        assert!(
            found.iter().any(|found| found.contains(&format!(": {form}:"))),
            "{form}: {found:?}"
        );
    }
    assert!(found_in("hay", b"sk-canary-", &needles).is_empty());
}
