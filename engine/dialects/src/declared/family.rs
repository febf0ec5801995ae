//! A family with endpoints of its own, made of a declaration.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Request};
use jiff::Timestamp;
use reins_governor::{Call, Refusal, TransactionId};

use super::answer_rules;
use super::declaration::{Api, Declaration, DeclarationError, EndpointRules, KeyForm};
use super::endpoint::{DeclaredDialect, Endpoint};
use super::like::LikeFamily;
use super::pointer::Pointer;
use super::words;
use crate::read::Places;
use crate::signer::KeyHeader;
use crate::{Asked, Base, Billing, Credential, Dialect, Family, Found, Signer, Target};

/// A family with endpoints of its own.
#[derive(Debug)]
struct DeclaredFamily {
    declaration: Declaration,
    /// The names that lead to the message of an error.
    error: Vec<Box<str>>,
    endpoints: Vec<Arc<Endpoint>>,
}

/// Signs nothing: the vendor takes no key.
struct Unsigned;

/// Makes a family of its declaration.
///
/// # Errors
/// When its rules cannot hold together.
pub fn declare(declaration: Declaration) -> Result<Arc<dyn Family>, DeclarationError> {
    match &declaration.api {
        Api::Like { .. } => Ok(Arc::new(LikeFamily::new(declaration)?)),
        Api::Own { error, endpoints } => {
            let names = error.names().ok_or_else(|| DeclarationError::NotPlain(error.clone()))?;
            let error_names = names.into_iter().map(Box::from).collect();
            let made = |rules: &EndpointRules| Endpoint::new(rules, error).map(Arc::new);
            let endpoints = endpoints.iter().map(made).collect::<Result<_, _>>()?;
            Ok(Arc::new(DeclaredFamily { declaration, error: error_names, endpoints }))
        }
    }
}

/// The usage that an answer of an endpoint tells by these rules: of a stream, or in one piece.
///
/// # Errors
/// When the rules cannot hold together.
pub fn sample_usage(
    rules: &EndpointRules,
    error: &Pointer,
    stream: bool,
    answer: &[u8],
) -> Result<Found, DeclarationError> {
    let endpoint = Endpoint::new(rules, error)?;
    let asked = Asked { stream, ..Asked::new(rules.kind, "sample".into(), Places::default()) };
    let to = Target { vendor: "sample".into(), connection: "sample".into() };
    let sent: Call = asked.bind(to).call;
    let mut meter = endpoint.meter(&sent);
    meter.feed(answer);
    Ok(meter.finish().usage)
}

/// What shows a key in this form; `None` where no header can hold it.
pub(super) fn signer(form: &KeyForm, credential: Credential<'_>) -> Option<Box<dyn Signer>> {
    match form {
        KeyForm::Header { name, before, after } => {
            KeyHeader::boxed(name.clone(), &format!("{before}{}{after}", credential.key))
        }
        KeyForm::Keyless => Some(Box::new(Unsigned)),
    }
}

/// What signs without a key, where the vendor takes none.
pub(super) fn keyless(form: &KeyForm) -> Option<Box<dyn Signer>> {
    match form {
        KeyForm::Header { .. } => None,
        KeyForm::Keyless => Some(Box::new(Unsigned)),
    }
}

// === impl DeclaredFamily ===

impl Family for DeclaredFamily {
    fn name(&self) -> &str {
        &self.declaration.name
    }

    fn base(&self) -> Base<'_> {
        Base { url: &self.declaration.base_url, version: "" }
    }

    fn dialects(self: Arc<Self>) -> Vec<Arc<dyn Dialect>> {
        let dialect = |endpoint: &Arc<Endpoint>| {
            let family: Arc<dyn Family> = Arc::clone(&self) as Arc<dyn Family>;
            Arc::new(DeclaredDialect::new(family, Arc::clone(endpoint))) as Arc<dyn Dialect>
        };
        self.endpoints.iter().map(dialect).collect()
    }

    fn free(&self) -> &[&str] {
        &[]
    }

    fn sends(&self, _: &HeaderMap) -> bool {
        false
    }

    fn signer(&self, credential: Credential<'_>) -> Option<Box<dyn Signer>> {
        signer(&self.declaration.key, credential)
    }

    fn keyless(&self) -> Option<Box<dyn Signer>> {
        keyless(&self.declaration.key)
    }

    fn has_whole_paths(&self) -> bool {
        true
    }

    fn declaration(&self) -> Option<&Declaration> {
        Some(&self.declaration)
    }

    fn refuse(&self, refusal: &Refusal, id: Option<TransactionId>) -> Vec<u8> {
        words::refuse(&self.error, refusal, id)
    }

    /// The whole answer: its rules begin there.
    fn usage(&self, json: &[u8]) -> Found {
        let first = self.endpoints.first();
        first.map_or(Found::Missing, |endpoint| answer_rules::usage(&endpoint.answer, json))
    }

    /// Nothing is known of it.
    fn billing(&self, _: &str) -> Billing {
        Billing { closing_stops_streams: false, closing_stops_whole: false }
    }
}

impl Signer for Unsigned {
    fn sign(&self, _: &mut Request<Bytes>, _: Timestamp) {}
}
