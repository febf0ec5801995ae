//! Fields that cost extra at vendors who speak as `OpenAI` does, and that no price counts.
//!
//! | field | vendor | what costs extra |
//! |---|---|---|
//! | `search_parameters` | xAI [^1] | each source it read |
//! | `plugins` | `OpenRouter` [^2] | search results, scanned pages |
//! | `preset` | `OpenRouter` [^3] | a preset may add plugins |
//! | `enable_search` | Alibaba [^4] | each search |
//! | `modalities` with `image` | `OpenRouter` [^5] | tokens of images, dearer than text |
//! | `tools` of another type | several | each use: see `tool.rs` |
//!
//! [^1]: <https://docs.x.ai/docs/guides/live-search>
//! [^2]: <https://openrouter.ai/docs/guides/features/plugins>
//! [^3]: <https://openrouter.ai/docs/features/presets>
//! [^4]: <https://www.alibabacloud.com/help/en/model-studio/web-search>
//! [^5]: <https://openrouter.ai/docs/features/multimodal/image-generation>
//!
//! Looked at on 2026-11-21. `web_search_options` has a price. What models cost extra, and not
//! fields, `reins_governor::ModelFee` knows.

use crate::input::Input;
use crate::scan::{Kind, Scan, Scanned};

pub(super) const SEARCH_PARAMETERS: &str = "search_parameters";
pub(super) const PLUGINS: &str = "plugins";
pub(super) const PRESET: &str = "preset";
pub(super) const ENABLE_SEARCH: &str = "enable_search";
pub(super) const MODALITIES: &str = "modalities";

/// Reads one of these fields; answers what has no price, where it asks for anything.
pub(super) fn read(
    scan: &mut Scan<'_>,
    field: &'static str,
    input: &mut Input,
) -> Scanned<Option<&'static str>> {
    let (asked, fee) = match field {
        ENABLE_SEARCH => {
            let asked = scan.flag(field)? == Some(true);
            (asked, "the searches that `enable_search` asks for have no price")
        }
        MODALITIES => (images(scan, input)?, "images in an answer have no price"),
        PLUGINS => (anything(scan, input)?, "what `plugins` add has no price"),
        PRESET => (anything(scan, input)?, "what a `preset` adds has no price"),
        _ => {
            let asked = anything(scan, input)?;
            (asked, "the sources that `search_parameters` asks for have no price")
        }
    };
    Ok(asked.then_some(fee))
}

/// Whether there is more than `null` or an empty list.
fn anything(scan: &mut Scan<'_>, input: &mut Input) -> Scanned<bool> {
    let kind = scan.kind()?;
    if kind != Kind::List {
        input.text(scan)?;
        return Ok(kind != Kind::Null);
    }
    let mut any = false;
    scan.list(|scan| {
        any = true;
        input.text(scan)
    })?;
    Ok(any)
}

/// Whether an answer may have images in it.
fn images(scan: &mut Scan<'_>, input: &mut Input) -> Scanned<bool> {
    let mut images = false;
    scan.list_or_null(MODALITIES, |scan| {
        if scan.kind()? != Kind::String {
            return input.text(scan);
        }
        images |= scan.word("modalities[]")?.as_deref() == Some("image");
        Ok(())
    })?;
    Ok(images)
}
