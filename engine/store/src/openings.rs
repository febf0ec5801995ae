//! The openings of calls whose end the journal has: an end has only the closing of its record, and
//! the opening is looked up where the intent is.

use std::sync::Arc;

use hashbrown::HashMap;
use reins_governor::{
    Action, Call, Endpoint, Environment, Identity, KeyId, Opening, RecordError, ScopeKind,
    TransactionId,
};
use rusqlite::{Connection, OptionalExtension};

use crate::StoreError;
use crate::calls;
use crate::entry::{Ended, Entry, Fact};
use crate::kept::Kept;

/// What stands for each text of a call whose opening is lost.
const LOST: &str = "lost";

/// The openings that the entries so far have.
#[derive(Debug, Default)]
pub(crate) struct Openings {
    known: HashMap<(TransactionId, u32), Arc<Opening>>,
}

// === impl Openings ===

impl Openings {
    /// Remembers the opening of an intent; gives the end of an attempt its record.
    pub(crate) fn complete(
        &mut self,
        conn: &Connection,
        entry: &mut Entry,
    ) -> Result<(), StoreError> {
        match entry {
            Entry::Intent(intent) => {
                let opening = &intent.draft.transaction.opening;
                let attempt = (opening.id, intent.draft.last_try().0);
                self.known.insert(attempt, Arc::clone(opening));
            }
            Entry::End(end) => {
                if end.record.is_none() {
                    return Ok(());
                }
                let opening = self.find(conn, end)?;
                let attempt = (end.fact.txn, end.fact.attempt);
                self.known.insert(attempt, Arc::clone(&opening));
                let completed = end
                    .record
                    .iter_mut()
                    .try_for_each(|record| record.complete(Arc::clone(&opening)));
                completed.map_err(|error| damaged(&error))?;
            }
            Entry::Record(_) | Entry::Clock(_) => {}
        }
        Ok(())
    }

    /// The opening of an attempt: of an entry before, of the attempts that are open in the
    /// database, or of an earlier revision of the call's record. Where all of them are lost, and
    /// the operator accepted that, what the end itself says.
    fn find(&self, conn: &Connection, end: &Ended) -> Result<Arc<Opening>, StoreError> {
        let fact = &end.fact;
        if let Some(opening) = self.known.get(&(fact.txn, fact.attempt)) {
            return Ok(Arc::clone(opening));
        }
        if let Some(draft) = open_attempt(conn, fact)? {
            let draft = Kept::read(&draft).map_err(|error| damaged(&error))?;
            return Ok(Arc::clone(&draft.transaction.opening));
        }
        if let Some(record) = calls::read(conn, fact.txn)? {
            return Ok(record.opening);
        }
        tracing::warn!(call = %fact.txn, "the intent of a call is lost: its record says little");
        Ok(Arc::new(lost(end)))
    }
}

/// The opening of a call of which nothing is left but its end.
fn lost(Ended { fact, postings, .. }: &Ended) -> Opening {
    let name = |kind| {
        let mut of_kind = postings.iter().filter(|posting| posting.scope.kind == kind);
        of_kind.next().map(|posting| posting.scope.name.clone())
    };
    let who = Identity {
        organization: fact.organization.clone(),
        team: name(ScopeKind::Team),
        agent: name(ScopeKind::Agent).unwrap_or_else(|| LOST.into()),
        user: name(ScopeKind::User),
        session: name(ScopeKind::Session),
        parent: None,
        key: KeyId(LOST.into()),
        key_name: name(ScopeKind::Key).unwrap_or_else(|| LOST.into()),
        environment: Environment::default(),
        roles: [].into(),
        metadata: None,
        observe: false,
    };
    Opening {
        id: fact.txn,
        at: fact.at,
        judged_at: None,
        utc_offset_s: 0,
        who: Arc::new(who),
        call: Call::new(LOST, LOST, Endpoint::ChatCompletions),
        model_asked: LOST.into(),
        models_tried: Vec::new(),
        attempt: fact.attempt,
        bound: None,
        price_version: LOST.into(),
        policy_version: LOST.into(),
        action: Action::Pass,
        policy: None,
        rule: None,
        reason: None,
        evaluated: false,
        matched: Vec::new(),
        readings: Vec::new(),
    }
}

fn open_attempt(conn: &Connection, fact: &Fact) -> Result<Option<Vec<u8>>, StoreError> {
    let Some(intent) = fact.intent else { return Ok(None) };
    let query = "SELECT draft FROM open_attempts WHERE seq = ?";
    let mut query = conn.prepare_cached(query)?;
    Ok(query.query_row([intent.cast_signed()], |row| row.get(0)).optional()?)
}

fn damaged(error: &RecordError) -> StoreError {
    StoreError::Damaged(error.to_string())
}

#[cfg(test)]
mod tests {
    //! Where the opening of a call is found, and what its record says where it is found nowhere.
    use std::sync::Arc;

    use jiff::Timestamp;
    use reins_governor::ScopeKind;
    use reins_ledger::Posting;

    use super::{LOST, Openings};
    use crate::entry::{Closed, Ended, Entry, Fact, Intent};
    use crate::kept::Kept;
    use crate::trial::{caller, closed, database, draft, settled, usd};
    use crate::{Durability, schema};

    #[test]
    fn an_end_has_the_opening_of_its_intent_and_without_one_what_it_says_itself() {
        let folder = tempfile::tempdir().unwrap();
        let database = database(folder.path());
        let mut conn = schema::writer(&database, Durability::Process).unwrap();
        schema::migrate(&mut conn, database.path()).unwrap();
        let at = Timestamp::UNIX_EPOCH;
        let began = draft(9, &caller("bot", "s"), usd(1_000), at);
        let record = closed(began.clone(), &settled(7), at);
        let (opening, who) = (Arc::clone(&began.opening), &began.opening.who);
        let post = |scope| Posting { scope, slot: 0, nanos: 7, calls: 1 };
        let closing = Kept::closing(record.clone()).unwrap().form;
        let end = Ended {
            fact: Fact {
                organization: who.organization.clone(),
                intent: Some(3),
                txn: opening.id,
                attempt: 1,
                at,
                end: settled(7),
            },
            record: Some(Closed::Form(closing)),
            postings: who.scopes().into_iter().map(post).collect(),
        };
        let completed = |openings: &mut Openings| {
            let mut entry = Entry::End(Box::new(end.clone()));
            openings.complete(&conn, &mut entry).unwrap();
            let Entry::End(end) = entry else { panic!("it was an end") };
            end.record.and_then(|record| record.record().cloned()).unwrap()
        };
        let lost = completed(&mut Openings::default());
        for kind in ScopeKind::ALL {
            assert_eq!(lost.opening.who.name(kind), who.name(kind), "{kind:?}");
        }
        assert_eq!((&*lost.opening.call.vendor, &*lost.opening.who.key.0), (LOST, LOST));
        assert_eq!((lost.opening.id, lost.cost.total), (opening.id, usd(7)));
        let mut openings = Openings::default();
        let intent = Intent { at, draft: Kept::whole(began.clone()).unwrap() };
        openings.complete(&conn, &mut Entry::Intent(intent)).unwrap();
        assert_eq!(completed(&mut openings), record);
    }
}
