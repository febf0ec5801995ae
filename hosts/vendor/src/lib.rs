//! A pretend vendor, with the APIs of OpenAI, Anthropic, Cohere and Ollama, that keeps its own
//! books, so that what a gateway charged can be compared with what the vendor billed. It shares no
//! code with the rest of the workspace: its token counts, its price list and its arithmetic are its
//! own.
//!
//! ```text
//! accept ─ route ─ read ask + script ─ plan ─ latency ─┬─ whole answer ─ bill
//!                     │ refusal                        └─ stream … bill at its end
//! ```
//!
//! | path | what |
//! |---|---|
//! | `POST /v1/chat/completions`, `POST /v1/messages` | metered and billed |
//! | `POST /v1/embeddings`, `POST /v1/completions` | the same, scripted by header alone |
//! | `POST /v2/chat`, `POST /api/chat` | the same, as Cohere and Ollama have them |
//! | `POST /v1/messages/count_tokens`, `GET /v1/models` | free |
//! | `GET /books?last=20`, `GET /books/last` | the sums and the newest calls, the newest call |
//! | `DELETE /books` | a new page |
//! | `GET /seen`, `GET /seen?body=1` | the last 32 requests |
//! | `GET /seen/body` | the last body as it came |
//!
//! A call says what it wants done in `x-test-script`, or in `[[script: …]]` in its first user
//! message: `key=value` words, listed in `script.rs`.
//!
//! **What is billed.** The vendor bills what it generated, and it counts that itself.
//! A client that hangs up changes nothing: generation runs to the end and all of it is billed;
//! with `stop_on_close=1` only what was generated until the vendor noticed. Where the vendor itself
//! cuts a stream, it bills what it had generated up to there. A refusal, a hang, or a reset before
//! the headers generated nothing and is not billed, unless the script says `bill=input` or
//! `bill=1`.

mod options;
mod serve;

mod desk;
mod route;

mod ask;
mod call;
mod plan;
mod script;
mod text;
mod weight;

mod anthropic;
mod claim;
mod cohere;
mod dialect;
mod ollama;
mod openai;
mod refusal;

mod answer;
mod dress;
mod frames;
mod hangup;
mod job;

pub mod bill;
pub mod books;
mod clock;
pub mod prices;
mod seen;

pub use books::Books;
pub use options::Options;
pub use serve::{Vendor, serve};

#[cfg(test)]
mod tests;
