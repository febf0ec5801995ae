//! An endpoint that rules describe, as a dialect.

use std::sync::Arc;

use reins_governor::{Call, Refusal, Tokens};

use super::declaration::{DeclarationError, EndpointRules};
use super::meter::DeclaredMeter;
use super::pointer::Pointer;
use super::{answer_rules, cap, request, request_rules};
use crate::rewrite::Rewrite;
use crate::{Asked, Dialect, Family, Head, Meter, Read, Rewritten};

/// Its rules, ready for calls.
#[derive(Debug)]
pub(super) struct Endpoint {
    path: Box<str>,
    request: request_rules::Rules,
    pub(super) answer: Arc<answer_rules::Rules>,
}

/// The dialect of an endpoint.
#[derive(Debug)]
pub(super) struct DeclaredDialect {
    family: Arc<dyn Family>,
    endpoint: Arc<Endpoint>,
}

// === impl Endpoint ===

impl Endpoint {
    pub(super) fn new(rules: &EndpointRules, error: &Pointer) -> Result<Self, DeclarationError> {
        Ok(Self {
            path: rules.path.clone(),
            request: request_rules::Rules::new(rules)?,
            answer: Arc::new(answer_rules::Rules::new(rules, error)?),
        })
    }

    pub(super) fn meter(&self, sent: &Call) -> Box<dyn Meter> {
        Box::new(DeclaredMeter::new(&self.answer, sent.stream))
    }
}

// === impl DeclaredDialect ===

impl DeclaredDialect {
    pub(super) const fn new(family: Arc<dyn Family>, endpoint: Arc<Endpoint>) -> Self {
        Self { family, endpoint }
    }
}

impl Dialect for DeclaredDialect {
    fn family(&self) -> &dyn Family {
        &*self.family
    }

    fn endpoint(&self) -> reins_governor::Endpoint {
        self.endpoint.request.kind
    }

    fn path(&self) -> &str {
        &self.endpoint.path
    }

    fn read(&self, _: &Head<'_>, body: &[u8]) -> Result<Asked, Refusal> {
        request::read(&self.endpoint.request, body).map_err(Refusal::from)
    }

    fn rewrite(&self, _: &Head<'_>, body: &[u8], read: &Read, call: &Call) -> Rewritten {
        let mut rewrite = Rewrite::model(read, call);
        if let Some(rule) = &self.endpoint.request.cap {
            cap::write(&mut rewrite, rule, &read.places, call);
        }
        rewrite.apply(body).into()
    }

    fn default_cap(&self) -> Option<Tokens> {
        self.endpoint.request.cap.as_ref()?.default
    }

    fn meter(&self, _: &Read, sent: &Call) -> Box<dyn Meter> {
        self.endpoint.meter(sent)
    }
}
