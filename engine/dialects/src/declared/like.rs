//! A family that copies one that is built in: its endpoints are read and metered alike, under
//! another name, with another address, key and paths.

use std::sync::Arc;

use http::HeaderMap;
use http::uri::PathAndQuery;
use reins_governor::{Call, Endpoint, Refusal, Tokens, TransactionId};

use super::declaration::{Api, Declaration, DeclarationError};
use super::family::{keyless, signer};
use crate::{
    Asked, Base, Billing, Credential, Dialect, Family, Filter, Found, Framing, Head, Meter, Read,
    Rewritten, Signer,
};

/// A family that copies another.
#[derive(Debug)]
pub(super) struct LikeFamily {
    declaration: Declaration,
    original: &'static Arc<dyn Family>,
    paths: Vec<(Endpoint, PathAndQuery)>,
}

/// An endpoint of such a family.
#[derive(Debug)]
struct LikeDialect {
    family: Arc<LikeFamily>,
    original: Arc<dyn Dialect>,
    /// The vendor's path, where it is another than the original's.
    path: Option<PathAndQuery>,
}

// === impl LikeFamily ===

impl LikeFamily {
    pub(super) fn new(declaration: Declaration) -> Result<Self, DeclarationError> {
        let (name, paths) = match &declaration.api {
            Api::Like { family, paths } => (Arc::clone(family), paths.clone()),
            Api::Own { .. } => (Arc::clone(&declaration.name), Vec::new()),
        };
        let original = crate::family(&name).ok_or(DeclarationError::NoFamily(name))?;
        Ok(Self { declaration, original, paths })
    }
}

impl Family for LikeFamily {
    fn name(&self) -> &str {
        &self.declaration.name
    }

    fn base(&self) -> Base<'_> {
        Base { url: &self.declaration.base_url, ..self.original.base() }
    }

    fn dialects(self: Arc<Self>) -> Vec<Arc<dyn Dialect>> {
        let dialect = |original: Arc<dyn Dialect>| {
            let own = |(kind, _): &&(Endpoint, PathAndQuery)| *kind == original.endpoint();
            let path = self.paths.iter().find(own).map(|(_, path)| path.clone());
            Arc::new(LikeDialect { family: Arc::clone(&self), original, path }) as Arc<dyn Dialect>
        };
        Arc::clone(self.original).dialects().into_iter().map(dialect).collect()
    }

    fn free(&self) -> &[&str] {
        self.original.free()
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

    fn declaration(&self) -> Option<&Declaration> {
        Some(&self.declaration)
    }

    fn refuse(&self, refusal: &Refusal, id: Option<TransactionId>) -> Vec<u8> {
        self.original.refuse(refusal, id)
    }

    fn usage(&self, json: &[u8]) -> Found {
        self.original.usage(json)
    }

    fn billing(&self, vendor: &str) -> Billing {
        self.original.billing(vendor)
    }
}

// === impl LikeDialect ===

impl Dialect for LikeDialect {
    fn family(&self) -> &dyn Family {
        &*self.family
    }

    fn endpoint(&self) -> Endpoint {
        self.original.endpoint()
    }

    fn path(&self) -> &str {
        self.original.path()
    }

    fn carries(&self, path: &str) -> bool {
        self.original.carries(path)
    }

    fn read(&self, head: &Head<'_>, body: &[u8]) -> Result<Asked, Refusal> {
        self.original.read(head, body)
    }

    fn text_tokens(&self, body: &[u8], call: &Call) -> Option<Tokens> {
        self.original.text_tokens(body, call)
    }

    fn rewrite(&self, head: &Head<'_>, body: &[u8], read: &Read, call: &Call) -> Rewritten {
        let rewritten = self.original.rewrite(head, body, read, call);
        Rewritten { path: self.path.clone().or(rewritten.path), ..rewritten }
    }

    fn framing(&self, content_type: &str) -> Framing {
        self.original.framing(content_type)
    }

    fn default_cap(&self) -> Option<Tokens> {
        self.original.default_cap()
    }

    fn meter(&self, read: &Read, sent: &Call) -> Box<dyn Meter> {
        self.original.meter(read, sent)
    }

    fn filter(&self, read: &Read) -> Option<Box<dyn Filter>> {
        self.original.filter(read)
    }
}
