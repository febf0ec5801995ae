//! What a case asks of the ledger: how much to set aside, and where.

use std::sync::Arc;

use smallvec::SmallVec;

use super::Case;
use crate::{Ask, Budget, Claim, NoBound, Refusal, Scope, Unbounded, Usd, Wording};

const UNCAPPED: Wording = Wording::new(
    "the request has no output cap, the connection has no default_max_tokens, and the model's \
     maximum is not known",
);
const TOO_DEAR: Wording = Wording::new("its price is more than can be counted");

impl Case {
    /// What to set aside, and where.
    pub(crate) fn ask(&self) -> Result<Ask<'_>, Refusal> {
        let identity = &self.asking.identity;
        let claim = |(index, budget, scope): (usize, &Budget, Scope)| Claim {
            scope,
            window: budget.window,
            budget: Some(index),
        };
        let mut claims: SmallVec<[Claim; 8]> =
            self.snapshot.budgets.counting(identity).map(claim).collect();
        let bound = match &self.bound {
            Ok(bound) => bound.total,
            Err(_) if claims.is_empty() => Usd::ZERO,
            Err(no_bound) => return Err(self.no_bound(no_bound.clone())),
        };
        let reads = self.snapshot.judge.reads();
        claims.extend(reads.iter().filter_map(|read| {
            let name = identity.name(read.kind)?;
            let scope = Scope::new(read.kind, name.clone());
            Some(Claim { scope, window: read.window, budget: None })
        }));
        Ok(Ask {
            organization: &identity.organization,
            budgets: &self.snapshot.budgets,
            scopes: identity.scopes(),
            claims,
            reads,
            model: (&self.asking.call.vendor, &self.asking.call.model),
            bound,
            zone: &self.snapshot.zone,
            now: self.now,
        })
    }

    fn no_bound(&self, no_bound: NoBound) -> Refusal {
        let unbounded = |kind, what| Refusal::Unbounded { kind, what };
        match no_bound {
            NoBound::Unpriced => Refusal::Unpriced { model: Arc::clone(&self.call().model) },
            NoBound::UnboundedInput { what } => unbounded(Unbounded::Input, what),
            NoBound::UnpricedFee { what } => unbounded(Unbounded::Fee, what),
            NoBound::UnboundedOutput => unbounded(Unbounded::Output, UNCAPPED),
            NoBound::Overflow => unbounded(Unbounded::Overflow, TOO_DEAR),
        }
    }
}
