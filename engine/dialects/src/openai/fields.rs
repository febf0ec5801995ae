//! Fields that the endpoints of `OpenAI` share: how many answers, in which tier, of which models.

use reins_governor::ServiceTier;

use super::usage;
use crate::input::passed_value;
use crate::malformed::Malformed;
use crate::scan::{Scan, Scanned};

/// The most answers a request may ask for: far more than the 128 that `OpenAI` gives.
const CHOICES_MAX: u64 = 10_000;

pub(super) fn choices(scan: &mut Scan<'_>, field: &'static str) -> Scanned<Option<u64>> {
    match scan.positive(field)? {
        Some(n) if n > CHOICES_MAX => Err(Malformed::value(
            field,
            &n.to_string(),
            &format!("ask for at most {CHOICES_MAX} answers"),
        )),
        n => Ok(n),
    }
}

pub(super) fn refuse_models(scan: &mut Scan<'_>) -> Scanned<()> {
    let at = scan.at();
    match passed_value(scan)? {
        None => Ok(()),
        Some(_) => Err(Malformed::new(format!(
            "`models` at byte {at} lets the vendor choose the model: name one in `model`"
        ))),
    }
}

pub(super) fn tier(scan: &mut Scan<'_>) -> Scanned<ServiceTier> {
    let Some(word) = scan.word("service_tier")? else { return Ok(ServiceTier::Standard) };
    usage::tier(&word).ok_or_else(|| {
        Malformed::value("service_tier", &word, "use auto, default, flex, priority or fast")
    })
}
