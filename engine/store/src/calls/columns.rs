//! The columns of `calls`, written and read in one order: that of `schema/calls.sql`.

use std::sync::Arc;

use jiff::Timestamp;
use reins_governor::{
    Accuracy, Action, Call, Charge, Endpoint, Identity, InputSize, Latency, Opening, Picos,
    ServiceTier, Status, TraceDigest, Transaction, TransactionId, Usage, Usd, Wording,
};
use rusqlite::types::{FromSql, Value};
use rusqlite::{Connection, Row};
use ulid::Ulid;

use super::dictionary::{self, Dictionary};
use super::{repeated, texts};
use crate::StoreError;

/// Columns there are, so that a row is not moved about while it is written.
const COLUMNS: usize = 72;

/// A row that is being written.
struct Cells<'a> {
    names: &'a mut Dictionary,
    conn: &'a Connection,
    values: Vec<Value>,
}

/// A row that is being read, column by column.
struct Columns<'a> {
    conn: &'a Connection,
    row: &'a Row<'a>,
    next: usize,
}

/// What a record has in each column but that of its revision.
pub(super) fn cells(
    names: &mut Dictionary,
    conn: &Connection,
    from: &Transaction,
) -> Result<Vec<Value>, StoreError> {
    let mut to = Cells { names, conn, values: Vec::with_capacity(COLUMNS) };
    to.beginning(from)?;
    to.call(&from.opening.call)?;
    to.decision(&from.opening)?;
    to.money(from);
    to.ending(from);
    Ok(to.values)
}

/// The record of a row.
pub(super) fn transaction(conn: &Connection, row: &Row<'_>) -> Result<Transaction, StoreError> {
    Columns { conn, row, next: 0 }.transaction()
}

// === impl Cells ===

impl Cells<'_> {
    fn beginning(&mut self, from: &Transaction) -> Result<(), StoreError> {
        let opening = &*from.opening;
        let at = opening.at.as_microsecond();
        let judged = opening.judged_at.map(|judged| judged.as_microsecond().saturating_sub(at));
        let caller = self.names.caller(self.conn, &opening.who)?;
        self.values.push(Value::Blob(opening.id.0.to_bytes().to_vec()));
        self.values.push(at.into());
        self.values.push(judged.into());
        self.values.push(opening.utc_offset_s.into());
        self.values.push(caller.into());
        self.values.push(opening.who.observe.into());
        self.text(opening.who.metadata.as_deref());
        self.name(Some(&opening.call.vendor))?;
        self.name(Some(&opening.call.connection))?;
        self.name(Some(&opening.model_asked))?;
        self.name(Some(&opening.call.model))?;
        self.name(Some(&from.model_used))?;
        let tried = opening.models_tried.iter().map(|model| &**model);
        let tried = (tried.len() > 0).then(|| self.names.list(self.conn, tried)).transpose()?;
        self.values.push(tried.into());
        Ok(())
    }

    fn call(&mut self, call: &Call) -> Result<(), StoreError> {
        let InputSize {
            text_bytes,
            parts,
            images,
            pages,
            audio_bytes,
            by_reference,
            rereads,
            prompts,
        } = &call.input;
        self.values.push(call.endpoint.number().into());
        self.values.push(call.stream.into());
        self.counts([*text_bytes, *parts, *images, *pages, *audio_bytes]);
        self.words(by_reference.as_ref())?;
        self.counts([*rereads, *prompts]);
        self.values.push(call.output_cap.map(u64::cast_signed).into());
        self.counts([call.choices, call.thinking_budget]);
        self.values.push(call.tier.number().into());
        self.counts([call.tool_results]);
        self.values.push(call.web_search.into());
        self.values.push(call.web_search_cap.map(u64::cast_signed).into());
        self.words(call.extra_fee.as_ref())
    }

    fn decision(&mut self, opening: &Opening) -> Result<(), StoreError> {
        self.values.push(opening.attempt.into());
        self.values.push(opening.bound.map(Usd::nanos_i64).into());
        self.name(Some(&opening.price_version))?;
        self.name(Some(&opening.policy_version))?;
        self.values.push(opening.action.number().into());
        self.name(opening.policy.as_deref())?;
        self.name(opening.rule.as_deref())?;
        self.text(opening.reason.as_deref());
        self.values.push(opening.evaluated.into());
        let matched = repeated::matched(self.names, self.conn, &opening.matched)?;
        self.values.push(matched.into());
        self.values.push(repeated::readings(&opening.readings).into());
        Ok(())
    }

    fn money(&mut self, from: &Transaction) {
        let Usage { input, cached, cache_write, cache_write_1h, output, reasoning, .. } =
            from.tokens;
        let Usage { audio_input, audio_output, web_searches, tier, .. } = from.tokens;
        self.values.push(from.held.nanos_i64().into());
        self.counts([input, cached, cache_write, cache_write_1h, output, reasoning]);
        self.counts([audio_input, audio_output, web_searches]);
        self.values.push(tier.number().into());
        self.values.push(from.cost.total.nanos_i64().into());
        for Picos(picos) in [from.cost.input, from.cost.output, from.cost.fees] {
            let wide = |_| Value::Blob(picos.to_be_bytes().to_vec());
            self.values.push(i64::try_from(picos).map_or_else(wide, Value::Integer));
        }
    }

    fn ending(&mut self, from: &Transaction) {
        self.values.push(from.accuracy.number().into());
        self.values.push(from.status.number().into());
        self.values.push(repeated::attempts(&from.attempts).into());
        let Latency { auth_us, limit_us, policy_us, hold_us, commit_us, ours_us, .. } =
            from.latency;
        let Latency { vendor_first_byte_us, vendor_total_us, .. } = from.latency;
        self.counts([auth_us, limit_us, policy_us, hold_us, commit_us]);
        self.counts([vendor_first_byte_us, vendor_total_us, ours_us]);
        let at = from.opening.at.as_microsecond();
        let took = from.ended_at.map(|ended| ended.as_microsecond().saturating_sub(at));
        self.values.push(took.into());
        let digest = from.trace_digest.map(|TraceDigest(digest)| digest.to_vec());
        self.values.push(digest.into());
    }

    /// Counts, as signed numbers of the same bits.
    fn counts<const N: usize>(&mut self, counts: [u64; N]) {
        self.values.extend(counts.map(|count| Value::Integer(count.cast_signed())));
    }

    fn name(&mut self, text: Option<&str>) -> Result<(), StoreError> {
        let number = self.names.optional(self.conn, text)?;
        self.values.push(number.into());
        Ok(())
    }

    fn words(&mut self, words: Option<&Wording>) -> Result<(), StoreError> {
        self.name(words.map(Wording::as_str))
    }

    fn text(&mut self, text: Option<&str>) {
        self.values.push(text.map(str::to_owned).into());
    }
}

// === impl Columns ===

impl Columns<'_> {
    fn transaction(&mut self) -> Result<Transaction, StoreError> {
        let id: [u8; 16] = self.get()?;
        let _revision: i64 = self.get()?;
        let start: i64 = self.get()?;
        let (judged, utc_offset_s): (Option<i64>, i32) = (self.get()?, self.get()?);
        let who = self.who()?;
        let (vendor, connection, model_asked) = (self.name()?, self.name()?, self.name()?);
        let (model_sent, model_used) = (self.name()?, self.name()?);
        let models_tried = self.models_tried()?;
        let call = self.call(vendor, connection, model_sent)?;
        let opening = Opening {
            id: TransactionId(Ulid::from_bytes(id)),
            at: time(start, 0)?,
            judged_at: judged.map(|after| time(start, after)).transpose()?,
            utc_offset_s,
            who: Arc::new(who),
            call,
            model_asked,
            models_tried,
            attempt: self.get()?,
            bound: self.get::<Option<i64>>()?.map(usd),
            price_version: self.name()?,
            policy_version: self.name()?,
            action: self.word(Action::from_number)?,
            policy: self.optional_name()?,
            rule: self.optional_name()?,
            reason: self.get()?,
            evaluated: self.get()?,
            matched: repeated::read_matched(self.conn, self.get::<Option<String>>()?.as_deref())?,
            readings: repeated::read_readings(self.get::<Option<String>>()?.as_deref())?,
        };
        self.closing(opening, model_used, start)
    }

    fn who(&mut self) -> Result<Identity, StoreError> {
        let caller = dictionary::caller(self.conn, self.get()?)?;
        Ok(Identity { observe: self.get()?, metadata: self.get()?, ..caller })
    }

    fn models_tried(&mut self) -> Result<Vec<Arc<str>>, StoreError> {
        let list: Option<String> = self.get()?;
        list.map_or(Ok(Vec::new()), |list| texts(self.conn, &list))
    }

    fn call(
        &mut self,
        vendor: Arc<str>,
        connection: Arc<str>,
        model: Arc<str>,
    ) -> Result<Call, StoreError> {
        Ok(Call {
            vendor,
            connection,
            model,
            endpoint: self.word(Endpoint::from_number)?,
            stream: self.get()?,
            input: InputSize {
                text_bytes: self.count()?,
                parts: self.count()?,
                images: self.count()?,
                pages: self.count()?,
                audio_bytes: self.count()?,
                by_reference: self.optional_name()?.map(|words| Wording::kept(&words)),
                rereads: self.count()?,
                prompts: self.count()?,
            },
            output_cap: self.get::<Option<i64>>()?.map(i64::cast_unsigned),
            choices: self.count()?,
            thinking_budget: self.count()?,
            tier: self.word(ServiceTier::from_number)?,
            tool_results: self.count()?,
            web_search: self.get()?,
            web_search_cap: self.get::<Option<i64>>()?.map(i64::cast_unsigned),
            extra_fee: self.optional_name()?.map(|words| Wording::kept(&words)),
        })
    }

    fn closing(
        &mut self,
        opening: Opening,
        model_used: Arc<str>,
        start: i64,
    ) -> Result<Transaction, StoreError> {
        Ok(Transaction {
            opening: Arc::new(opening),
            model_used,
            held: usd(self.get()?),
            tokens: self.usage()?,
            cost: Charge {
                total: usd(self.get()?),
                input: self.picos()?,
                output: self.picos()?,
                fees: self.picos()?,
            },
            accuracy: self.word(Accuracy::from_number)?,
            status: self.word(Status::from_number)?,
            attempts: repeated::read_attempts(self.get::<Option<String>>()?.as_deref())?,
            latency: self.latency()?,
            ended_at: self.get::<Option<i64>>()?.map(|took| time(start, took)).transpose()?,
            trace_digest: self.get::<Option<[u8; 16]>>()?.map(TraceDigest),
        })
    }

    fn usage(&mut self) -> Result<Usage, StoreError> {
        Ok(Usage {
            input: self.count()?,
            cached: self.count()?,
            cache_write: self.count()?,
            cache_write_1h: self.count()?,
            output: self.count()?,
            reasoning: self.count()?,
            audio_input: self.count()?,
            audio_output: self.count()?,
            web_searches: self.count()?,
            tier: self.word(ServiceTier::from_number)?,
        })
    }

    fn latency(&mut self) -> Result<Latency, StoreError> {
        Ok(Latency {
            auth_us: self.count()?,
            limit_us: self.count()?,
            policy_us: self.count()?,
            hold_us: self.count()?,
            commit_us: self.count()?,
            vendor_first_byte_us: self.count()?,
            vendor_total_us: self.count()?,
            ours_us: self.count()?,
        })
    }

    fn get<T: FromSql>(&mut self) -> Result<T, StoreError> {
        let at = self.next;
        self.next += 1;
        Ok(self.row.get(at)?)
    }

    fn count(&mut self) -> Result<u64, StoreError> {
        self.get::<i64>().map(i64::cast_unsigned)
    }

    fn name(&mut self) -> Result<Arc<str>, StoreError> {
        dictionary::text(self.conn, self.get()?)
    }

    fn optional_name(&mut self) -> Result<Option<Arc<str>>, StoreError> {
        dictionary::optional_text(self.conn, self.get()?)
    }

    fn word<T>(&mut self, from_number: fn(u8) -> Option<T>) -> Result<T, StoreError> {
        let number: u8 = self.get()?;
        let unknown = || StoreError::Damaged(format!("a row of `calls` has the word {number}"));
        from_number(number).ok_or_else(unknown)
    }

    fn picos(&mut self) -> Result<Picos, StoreError> {
        let damaged = || StoreError::Damaged("a row of `calls` has no amount".into());
        let picos = match self.get()? {
            Value::Integer(picos) => u128::try_from(picos).ok(),
            Value::Blob(picos) => picos.try_into().ok().map(u128::from_be_bytes),
            Value::Null | Value::Real(_) | Value::Text(_) => None,
        };
        picos.map(Picos).ok_or_else(damaged)
    }
}

fn usd(nanos: i64) -> Usd {
    Usd::from_nanos(u64::try_from(nanos).unwrap_or(0))
}

/// A time so many microseconds after another.
fn time(start: i64, after: i64) -> Result<Timestamp, StoreError> {
    let far = |_| StoreError::Damaged("a row of `calls` has a time outside of the calendar".into());
    Timestamp::from_microsecond(start.saturating_add(after)).map_err(far)
}
