//! The table of paths: which are metered, which are free by nature, and that all others are
//! refused. An unmetered path would void every budget.
//!
//! Its rows are those of the dialects; see [`reins_dialects::FAMILIES`].

use std::sync::{Arc, LazyLock};

use http::{HeaderMap, Method};
use reins_dialects::{Dialect, FAMILIES, Family, dialects, family_of};
use reins_governor::Refusal;

use crate::Runtime;
use crate::pools::Pools;
use crate::spoken::{Spoken, declared_by};
use crate::version::Upstream;

/// What a path stands for.
#[derive(Clone, Debug)]
pub enum Path<'a> {
    /// A paid call.
    Metered {
        /// The vendor or connection that the path is prefixed with.
        prefix: Option<&'a str>,
        /// The vendor's own path, below the version.
        rest: &'a str,
        /// The wire format of the endpoint.
        dialect: Arc<dyn Dialect>,
    },
    /// A call that vendors answer for nothing: it is passed on for whoever has a key.
    Free {
        /// The vendor or connection that the path is prefixed with.
        prefix: Option<&'a str>,
        /// The vendor's own path, below the version.
        rest: &'a str,
        /// The caller's family, and the vendor's too, unless it is asked for its models.
        family: Arc<dyn Family>,
    },
    /// Nothing that is carried.
    Refused {
        /// The caller's family.
        family: Arc<dyn Family>,
    },
}

/// Where vendors' paths begin.
const VERSION: &str = "/v1/";

// === impl Runtime ===

impl<P: Pools> Runtime<P> {
    /// What a request's path stands for, with the dialects that any organization declares.
    #[must_use]
    pub fn path<'a>(&self, method: &Method, path: &'a str, headers: &HeaderMap) -> Path<'a> {
        let served = self.served.load_full();
        let lines = served.versions().flat_map(|version| &version.upstreams);
        Path::of(method, path, headers, lines)
    }
}

// === impl Path ===

impl<'a> Path<'a> {
    /// Looks a request up in the table.
    ///
    /// `lines` are those of all organizations: as long as the caller is not known, a path is
    /// carried that one of them declares. Which dialect a call is in follows from the lines of its
    /// own organization; see [`crate::spoken`].
    #[must_use]
    pub(crate) fn of<'l, P: 'l>(
        method: &Method,
        path: &'a str,
        headers: &HeaderMap,
        lines: impl Iterator<Item = &'l Arc<Upstream<P>>>,
    ) -> Self {
        let (prefix, rest) = split(path);
        if *method == Method::POST {
            let metered = |spoken: &Spoken<'a>| {
                let Spoken { dialect, prefix, rest } = spoken.clone();
                Self::Metered { prefix, rest, dialect }
            };
            let declared: Vec<_> = lines.flat_map(|line| declared_by(line, path)).collect();
            if let Some(named) = declared.iter().find(|spoken| spoken.prefix.is_some()) {
                return metered(named);
            }
            if let Some(dialect) = dialects().find(|dialect| dialect.carries(rest)) {
                return Self::Metered { prefix, rest, dialect: Arc::clone(dialect) };
            }
            if let Some(spoken) = declared.first() {
                return metered(spoken);
            }
            if let Some(family) = FAMILIES.iter().find(|family| family.free().contains(&rest)) {
                return Self::Free { prefix, rest, family: Arc::clone(family) };
            }
        }
        let family = Arc::clone(family_of(prefix, rest, headers));
        if *method == Method::GET && is_models(rest) {
            return Self::Free { prefix, rest, family };
        }
        Self::Refused { family }
    }
}

/// The refusal of a path that is not carried.
pub(crate) fn not_carried(path: &str) -> Refusal {
    static HINT: LazyLock<String> = LazyLock::new(|| {
        format!(
            "Reins carries {}, also behind the name of a connection; other paths could spend past \
             every budget",
            carried()
        )
    });
    Refusal::NotFound { path: path.chars().take(200).collect(), hint: &HINT }
}

/// The paths that are carried, for those who ask for another.
fn carried() -> String {
    let metered = dialects().map(|dialect| dialect.path().to_owned());
    let free = FAMILIES.iter().flat_map(|family| family.free()).map(|&path| path.to_owned());
    let paths: Vec<_> = metered.chain(free).map(|path| format!("{VERSION}{path}")).collect();
    format!("{} and {VERSION}models", paths.join(", "))
}

/// `/v1/x` → no prefix and `x`; `/openai/v1/x` and `/openai/x` → `openai` and `x`.
pub(crate) fn split(path: &str) -> (Option<&str>, &str) {
    if let Some(rest) = path.strip_prefix(VERSION) {
        return (None, rest);
    }
    let Some((prefix, rest)) = path.strip_prefix('/').and_then(|path| path.split_once('/')) else {
        return (None, "");
    };
    (Some(prefix), rest.strip_prefix("v1/").unwrap_or(rest))
}

/// The list of a vendor's models, or one of them.
pub(crate) fn is_models(rest: &str) -> bool {
    rest == "models" || rest.strip_prefix("models/").is_some_and(is_model)
}

/// A model's name, and nothing that could lead elsewhere once somebody decodes or resolves it.
fn is_model(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':' | b'/');
    name.bytes().all(plain) && !name.contains("..")
}

#[cfg(test)]
mod tests {
    //! Which request is what.
    use http::{HeaderMap, HeaderValue, Method};

    use super::Path;

    fn shown(method: &Method, path: &str, headers: &HeaderMap) -> String {
        match Path::of::<()>(method, path, headers, std::iter::empty()) {
            Path::Metered { prefix, rest, dialect } => {
                assert!(dialect.carries(rest), "{path}");
                format!("metered {} {}", prefix.unwrap_or("-"), dialect.family().name())
            }
            Path::Free { prefix, rest, family } => {
                format!("free {} {rest} {}", prefix.unwrap_or("-"), family.name())
            }
            Path::Refused { family } => format!("refused {}", family.name()),
        }
    }

    #[test]
    fn every_path_has_its_place() {
        for (method, path, expected) in [
            (Method::POST, "/v1/chat/completions", "metered - openai"),
            (Method::POST, "/openai/v1/chat/completions", "metered openai openai"),
            (Method::POST, "/groq/chat/completions", "metered groq openai"),
            (Method::POST, "/v1/messages", "metered - anthropic"),
            (Method::POST, "/anthropic/v1/messages", "metered anthropic anthropic"),
            (Method::POST, "/v1/messages/count_tokens", "free - messages/count_tokens anthropic"),
            (Method::GET, "/v1/models", "free - models openai"),
            (
                Method::GET,
                "/anthropic/v1/models/claude-x",
                "free anthropic models/claude-x anthropic",
            ),
            (Method::GET, "/v1/chat/completions", "refused openai"),
            (Method::POST, "/v1/messages/batches", "refused anthropic"),
            (Method::POST, "/anthropic/v1/complete", "refused anthropic"),
            (Method::POST, "/claude/v1/messages/batches", "refused anthropic"),
            (Method::POST, "/v1/images/generations", "refused openai"),
            (Method::GET, "/v1/models/../files", "refused openai"),
            (Method::GET, "/v1/models/%2e%2e/files", "refused openai"),
            (Method::POST, "/v1//chat/completions", "refused openai"),
            (Method::POST, "/v1/chat/completions/", "refused openai"),
            (Method::GET, "/", "refused openai"),
        ] {
            assert_eq!(shown(&method, path, &HeaderMap::new()), expected, "{method} {path}");
        }
    }
    #[test]
    fn a_client_of_claude_is_known_by_its_version() {
        let version = HeaderValue::from_static("2023-06-01");
        let headers = HeaderMap::from_iter([("anthropic-version".parse().unwrap(), version)]);
        for (path, expected) in [
            ("/v1/models", "free - models anthropic"),
            ("/claude/v1/models", "free claude models anthropic"),
            ("/v1/files", "refused anthropic"),
        ] {
            assert_eq!(shown(&Method::GET, path, &headers), expected, "{path}");
        }
    }
}
