//! The table of paths: which are metered, which are free by nature, and that all others are
//! refused. An unmetered path would void every budget.

use http::Method;
use reins_dialects::Dialect;

/// What a path stands for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Path<'a> {
    /// A paid call.
    Metered {
        /// The vendor or connection that the path is prefixed with.
        prefix: Option<&'a str>,
        /// How the vendor speaks.
        dialect: &'static dyn Dialect,
    },
    /// A call that vendors answer for nothing: it is passed on for whoever has a key.
    Free {
        /// The vendor or connection that the path is prefixed with.
        prefix: Option<&'a str>,
        /// The vendor's own path, from its version on.
        rest: &'a str,
        /// How the vendor speaks.
        dialect: &'static dyn Dialect,
    },
    /// A page of Reins itself.
    Own,
    /// Nothing that is carried.
    Refused,
}

/// Where vendors' paths begin.
const VERSION: &str = "/v1/";

// === impl Path ===

impl<'a> Path<'a> {
    /// Looks a request up in the table.
    pub(crate) fn of(method: &Method, path: &'a str) -> Self {
        if matches!(path, "/healthz" | "/readyz" | "/metrics") {
            return Self::Own;
        }
        let (prefix, rest) = split(path);
        match (method, rest) {
            (&Method::POST, "chat/completions") => {
                Self::Metered { prefix, dialect: &reins_dialects::OpenAi }
            }
            (&Method::POST, "messages") => {
                Self::Metered { prefix, dialect: &reins_dialects::Anthropic }
            }
            (&Method::POST, "messages/count_tokens") => {
                Self::Free { prefix, rest, dialect: &reins_dialects::Anthropic }
            }
            (&Method::GET, "models") => Self::Free { prefix, rest, dialect: models_of(prefix) },
            (&Method::GET, rest) if rest.strip_prefix("models/").is_some_and(is_model) => {
                Self::Free { prefix, rest, dialect: models_of(prefix) }
            }
            _ => Self::Refused,
        }
    }
}

/// `/v1/x` → no prefix and `x`; `/openai/v1/x` and `/openai/x` → `openai` and `x`.
fn split(path: &str) -> (Option<&str>, &str) {
    if let Some(rest) = path.strip_prefix(VERSION) {
        return (None, rest);
    }
    let Some((prefix, rest)) = path.strip_prefix('/').and_then(|path| path.split_once('/')) else {
        return (None, "");
    };
    (Some(prefix), rest.strip_prefix("v1/").unwrap_or(rest))
}

/// A model's name, and nothing that could lead elsewhere once somebody decodes or resolves it.
fn is_model(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':' | b'/');
    name.bytes().all(plain) && !name.contains("..")
}

fn models_of(prefix: Option<&str>) -> &'static dyn Dialect {
    match prefix {
        Some("anthropic") => &reins_dialects::Anthropic,
        Some(_) | None => &reins_dialects::OpenAi,
    }
}

#[cfg(test)]
mod tests {
    //! Which request is what.
    use http::Method;

    use super::Path;

    fn shown(method: &Method, path: &str) -> String {
        match Path::of(method, path) {
            Path::Metered { prefix, dialect } => {
                format!("metered {} {}", prefix.unwrap_or("-"), dialect.name())
            }
            Path::Free { prefix, rest, dialect } => {
                format!("free {} {rest} {}", prefix.unwrap_or("-"), dialect.name())
            }
            Path::Own => "own".to_owned(),
            Path::Refused => "refused".to_owned(),
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
            (Method::GET, "/v1/chat/completions", "refused"),
            (Method::POST, "/v1/messages/batches", "refused"),
            (Method::POST, "/v1/images/generations", "refused"),
            (Method::GET, "/v1/models/../files", "refused"),
            (Method::GET, "/v1/models/%2e%2e/files", "refused"),
            (Method::POST, "/v1//chat/completions", "refused"),
            (Method::POST, "/v1/chat/completions/", "refused"),
            (Method::GET, "/", "refused"),
            (Method::GET, "/healthz", "own"),
        ] {
            assert_eq!(shown(&method, path), expected, "{method} {path}");
        }
    }
}
