//! Answers as vendors send them: whole, cut anywhere, broken off anywhere.

use reins_governor::{ServiceTier, Tokens, Usage};

use super::{asked, dialects, metered};
use crate::sse::EVENT_BYTES_MAX;
use crate::{ChatCompletions, Dialect, Failure, Found, Messages, Metered, OUTPUT_UNSEEN};

/// An answer and what it tells.
pub(super) struct Answer {
    dialect: &'static dyn Dialect,
    pub(super) stream: bool,
    pub(super) bytes: &'static [u8],
    usage: Found,
    model: Option<&'static str>,
    output_bound: Tokens,
    complete: bool,
    failure: Option<Failure>,
}

macro_rules! answer {
    ($dialect:ident $folder:literal $file:literal) => {
        Answer {
            dialect: &$dialect,
            stream: $file.ends_with(".sse"),
            bytes: include_bytes!(concat!("../../fixtures/", $folder, "/", $file)),
            usage: Found::Missing,
            model: None,
            output_bound: Tokens(0),
            complete: false,
            failure: None,
        }
    };
}

const ZERO: Usage = Usage {
    input: Tokens(0),
    cached: Tokens(0),
    cache_write: Tokens(0),
    cache_write_1h: Tokens(0),
    output: Tokens(0),
    reasoning: Tokens(0),
    audio_input: Tokens(0),
    audio_output: Tokens(0),
    web_searches: 0,
    tier: ServiceTier::Standard,
};

/// What the answers of OpenAI's fixtures used, in their order.
fn openai_usages() -> [Usage; 6] {
    let plain = Usage { input: Tokens(17), output: Tokens(28), ..ZERO };
    let tools = Usage {
        input: Tokens(512),
        cached: Tokens(1024),
        cache_write: Tokens(512),
        output: Tokens(640),
        reasoning: Tokens(576),
        tier: ServiceTier::Priority,
        ..ZERO
    };
    let unseen = Usage { input: Tokens(9), output: Tokens(203), reasoning: Tokens(200), ..ZERO };
    let two = Usage { input: Tokens(5), output: Tokens(4), ..ZERO };
    let whole = Usage {
        input: Tokens(101),
        cached: Tokens(128),
        output: Tokens(17),
        tier: ServiceTier::Flex,
        ..ZERO
    };
    let audio = Usage {
        input: Tokens(20),
        audio_input: Tokens(40),
        output: Tokens(12),
        audio_output: Tokens(38),
        ..ZERO
    };
    [plain, tools, unseen, two, whole, audio]
}

pub(super) fn openai() -> Vec<Answer> {
    let mini = Some("gpt-4o-mini-2024-07-18");
    let [plain, tools, unseen, two, whole, audio] = openai_usages();
    vec![
        Answer {
            usage: Found::Usage(plain),
            model: mini,
            output_bound: Tokens(36),
            complete: true,
            ..answer!(ChatCompletions "openai" "stream.sse")
        },
        Answer {
            model: mini,
            output_bound: Tokens(36),
            complete: true,
            ..answer!(ChatCompletions "openai" "stream_unasked.sse")
        },
        Answer {
            usage: Found::Usage(tools),
            model: Some("gpt-5.6-sol"),
            output_bound: OUTPUT_UNSEEN,
            complete: true,
            ..answer!(ChatCompletions "openai" "stream_tools.sse")
        },
        Answer {
            usage: Found::Usage(unseen),
            model: Some("grok-4"),
            output_bound: OUTPUT_UNSEEN,
            complete: true,
            ..answer!(ChatCompletions "openai" "stream_crlf.sse")
        },
        Answer {
            usage: Found::Usage(two),
            model: mini,
            output_bound: Tokens(14),
            complete: true,
            ..answer!(ChatCompletions "openai" "stream_two.sse")
        },
        Answer {
            usage: Found::Usage(whole),
            model: mini,
            output_bound: Tokens(194),
            complete: true,
            ..answer!(ChatCompletions "openai" "whole.json")
        },
        Answer {
            usage: Found::Usage(audio),
            model: Some("gpt-4o-audio-preview-2024-12-17"),
            output_bound: Tokens(187),
            complete: true,
            ..answer!(ChatCompletions "openai" "whole_audio.json")
        },
    ]
}

/// Answers that say that they failed, and two that may look as if they did.
fn openai_failures() -> Vec<Answer> {
    let mini = Some("gpt-4o-mini-2024-07-18");
    let told = Found::Usage(Usage { input: Tokens(9), output: Tokens(12), ..ZERO });
    let (before, after) = (Some(Failure::BeforeOutput), Some(Failure::AfterOutput));
    vec![
        Answer {
            model: mini,
            output_bound: Tokens(11),
            failure: after,
            ..answer!(ChatCompletions "openai" "stream_error.sse")
        },
        Answer { failure: before, ..answer!(ChatCompletions "openai" "failed_at_once.sse") },
        Answer {
            failure: before,
            model: mini,
            ..answer!(ChatCompletions "openai" "failed_at_role.sse")
        },
        Answer { failure: before, ..answer!(ChatCompletions "openai" "whole_error.json") },
        Answer {
            usage: told,
            failure: after,
            model: mini,
            output_bound: Tokens(4),
            ..answer!(ChatCompletions "openai" "failed_after_usage.sse")
        },
        Answer {
            usage: told,
            model: mini,
            output_bound: Tokens(37),
            complete: true,
            ..answer!(ChatCompletions "openai" "stream_null_error.sse")
        },
        Answer {
            usage: told,
            model: mini,
            output_bound: Tokens(5),
            complete: true,
            ..answer!(ChatCompletions "openai" "stream_falling.sse")
        },
        Answer {
            usage: told,
            model: mini,
            output_bound: Tokens(5),
            complete: true,
            ..answer!(ChatCompletions "openai" "stream_cost_last.sse")
        },
        Answer {
            usage: told,
            model: mini,
            output_bound: Tokens(5),
            complete: true,
            ..answer!(ChatCompletions "openai" "stream_usage_at_finish.sse")
        },
    ]
}

fn anthropic() -> Vec<Answer> {
    let sonnet = Some("claude-sonnet-4-5-20250929");
    let plain = Usage { input: Tokens(25), output: Tokens(15), ..ZERO };
    let thinking = Usage {
        input: Tokens(7),
        cached: Tokens(30_000),
        cache_write: Tokens(1000),
        cache_write_1h: Tokens(500),
        output: Tokens(89),
        ..ZERO
    };
    let search = Usage { input: Tokens(10_682), output: Tokens(510), web_searches: 1, ..ZERO };
    let whole = Usage { input: Tokens(2095), output: Tokens(503), ..ZERO };
    let cache = Usage {
        input: Tokens(3),
        cached: Tokens(1111),
        cache_write: Tokens(56),
        cache_write_1h: Tokens(400),
        tier: ServiceTier::Batch,
        ..ZERO
    };
    vec![
        Answer {
            usage: Found::Usage(plain),
            model: sonnet,
            output_bound: Tokens(20),
            complete: true,
            ..answer!(Messages "anthropic" "stream.sse")
        },
        Answer {
            usage: Found::Usage(thinking),
            model: sonnet,
            output_bound: Tokens(50),
            complete: true,
            ..answer!(Messages "anthropic" "stream_thinking.sse")
        },
        Answer {
            usage: Found::Usage(search),
            model: Some("claude-opus-4-1-20250805"),
            output_bound: Tokens(103),
            complete: true,
            ..answer!(Messages "anthropic" "stream_search.sse")
        },
        Answer {
            model: sonnet,
            output_bound: Tokens(11),
            failure: Some(Failure::AfterOutput),
            ..answer!(Messages "anthropic" "stream_error.sse")
        },
        Answer {
            usage: Found::Usage(whole),
            model: sonnet,
            output_bound: Tokens(156),
            complete: true,
            ..answer!(Messages "anthropic" "whole.json")
        },
        Answer {
            usage: Found::Usage(cache),
            model: sonnet,
            output_bound: Tokens(156),
            complete: true,
            ..answer!(Messages "anthropic" "whole_cache.json")
        },
    ]
}

fn anthropic_failures() -> Vec<Answer> {
    let sonnet = Some("claude-sonnet-4-5-20250929");
    let told = Found::Usage(Usage { input: Tokens(25), output: Tokens(12), ..ZERO });
    let before = Some(Failure::BeforeOutput);
    vec![
        Answer { failure: before, ..answer!(Messages "anthropic" "failed_at_once.sse") },
        Answer {
            failure: before,
            model: sonnet,
            ..answer!(Messages "anthropic" "failed_at_start.sse")
        },
        Answer { failure: before, ..answer!(Messages "anthropic" "whole_error.json") },
        Answer {
            usage: told,
            failure: Some(Failure::AfterOutput),
            model: sonnet,
            output_bound: Tokens(4),
            ..answer!(Messages "anthropic" "failed_after_usage.sse")
        },
        Answer {
            usage: told,
            model: sonnet,
            output_bound: Tokens(5),
            complete: true,
            ..answer!(Messages "anthropic" "stream_falling.sse")
        },
    ]
}

fn answers() -> impl Iterator<Item = Answer> {
    let said = openai().into_iter().chain(anthropic());
    said.chain(openai_failures()).chain(anthropic_failures())
}

// === impl Answer ===

impl Answer {
    fn expected(&self) -> Metered {
        Metered {
            usage: self.usage,
            model: self.model.map(Into::into),
            output_bound: self.output_bound,
            complete: self.complete,
            failure: self.failure,
        }
    }

    fn metered<'a>(&self, pieces: impl IntoIterator<Item = &'a [u8]>) -> Metered {
        metered(self.dialect, self.stream, pieces)
    }
}

#[test]
fn each_answer_tells_what_the_vendor_bills() {
    for answer in answers() {
        let text = String::from_utf8_lossy(answer.bytes);
        assert_eq!(answer.metered([answer.bytes]), answer.expected(), "{text}");
    }
}

#[test]
fn it_does_not_matter_how_an_answer_is_cut() {
    for answer in answers() {
        for at in 0..=answer.bytes.len() {
            let (before, after) = answer.bytes.split_at(at);
            assert_eq!(answer.metered([before, after]), answer.expected(), "cut at {at}");
        }
        for size in [1, 2, 3, 7] {
            assert_eq!(answer.metered(answer.bytes.chunks(size)), answer.expected());
        }
    }
}

#[test]
fn an_answer_that_breaks_off_never_passes_a_part_for_the_whole() {
    for answer in answers() {
        let mut bound = Tokens::ZERO;
        for at in 0..answer.bytes.len() {
            let metered = answer.metered([&answer.bytes[..at]]);
            let exact = metered.usage == answer.usage || metered.usage == Found::Missing;
            assert!(exact, "broken off at {at}: {metered:?}");
            assert!(bound <= metered.output_bound, "broken off at {at}: the output shrank");
            bound = metered.output_bound;
        }
        assert!(bound <= answer.output_bound);
    }
}

#[test]
fn line_ends_and_marks_change_nothing() {
    for answer in answers().filter(|answer| answer.stream) {
        let text = String::from_utf8_lossy(answer.bytes).replace("\r\n", "\n");
        for other in [
            text.replace('\n', "\r\n"),
            text.replace('\n', "\r"),
            format!("\u{feff}{text}"),
            text.replace("data: ", "data:"),
            text.replace("\n\n", "\n: comment\nid: 7\n\n"),
        ] {
            assert_eq!(answer.metered([other.as_bytes()]), answer.expected(), "{other:?}");
        }
    }
}

#[test]
fn data_may_stand_on_several_lines() {
    let text = [
        r#"data: {"choices":[],"usage""#,
        r#"data: :{"prompt_tokens":1,"#,
        r#"data: "completion_tokens":2}}"#,
        "\n",
    ]
    .join("\n");
    let usage = Usage { input: Tokens(1), output: Tokens(2), ..ZERO };
    assert_eq!(metered(&ChatCompletions, true, [text.as_bytes()]).usage, Found::Usage(usage));
}

#[test]
fn an_event_without_end_is_not_followed_beyond_its_limit() {
    for dialect in dialects() {
        let read = asked(dialect, true);
        let mut meter = dialect.meter(&read, &read.call);
        let block = vec![b' '; 1 << 20];
        meter.feed(b"data: {\"choices\":[{\"text\":\"");
        for _ in 0..=EVENT_BYTES_MAX >> 20 {
            meter.feed(&block);
        }
        for answer in answers().filter(|answer| answer.stream) {
            meter.feed(b"\"}]}\n\n");
            meter.feed(answer.bytes);
        }
        let metered = meter.finish();
        assert_eq!((metered.usage, metered.complete), (Found::Missing, false));
    }
}

#[test]
fn an_event_that_cannot_be_read_may_have_hidden_the_usage() {
    let usage = r#"{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1}}"#;
    for broken in ["{\"usage\":{\"prompt_tokens\":9", "[]", "nonsense", "{}}", "[DONE"] {
        let text = format!("data: {usage}\n\ndata: {broken}\n\ndata: [DONE]\n\n");
        assert_eq!(
            metered(&ChatCompletions, true, [text.as_bytes()]).usage,
            Found::Missing,
            "{broken}"
        );
    }
}

#[test]
fn whoever_leaves_after_an_event_that_cannot_be_read_pays_for_all_that_came() {
    let before = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n";
    for strange in ["data: keep-alive\n\n", "data: {\"x\":]", "data: {\"choices\":[\"abc\"}\n\n"] {
        for dialect in dialects() {
            let text = format!("{before}{strange}{before}");
            let metered = metered(dialect, true, [text.as_bytes()]);
            assert_eq!(metered.output_bound, OUTPUT_UNSEEN, "{strange}");
            assert!(!metered.complete);
        }
    }
}

#[test]
fn what_a_model_writes_for_a_tool_is_output() {
    let text = include_str!("../../fixtures/openai/stream_tools.sse");
    let text = text.replace("gpt-5.6-sol", "gpt-4o");
    let written = r#"geocode{"term":"L\u00f6ndon"}"#.len() as u64;
    assert_eq!(metered(&ChatCompletions, true, [text.as_bytes()]).output_bound, Tokens(written));
}

#[test]
fn usage_on_its_way_is_not_final() {
    let chunk = |choices: &str, tokens| {
        let usage = format!(r#"{{"prompt_tokens":5,"completion_tokens":{tokens}}}"#);
        format!("data: {{\"choices\":[{choices}],\"usage\":{usage}}}\n\n")
    };
    let on_its_way = chunk(r#"{"delta":{"content":"a"}}"#, 1);
    assert_eq!(metered(&ChatCompletions, true, [on_its_way.as_bytes()]).usage, Found::Missing);
    let early = chunk("", 0) + &on_its_way;
    assert_eq!(metered(&ChatCompletions, true, [early.as_bytes()]).usage, Found::Missing);
    let last = on_its_way + &chunk("", 7);
    let usage = Usage { input: Tokens(5), output: Tokens(7), ..ZERO };
    assert_eq!(metered(&ChatCompletions, true, [last.as_bytes()]).usage, Found::Usage(usage));
}

#[test]
fn the_placeholder_of_a_start_is_not_believed() {
    let start = r#"data: {"type":"message_start","message":{"model":"m","usage":{"input_tokens":5,"output_tokens":1}}}"#;
    let stop = r#"data: {"type":"message_stop"}"#;
    let text = format!("{start}\n\n{stop}\n\n");
    let metered = metered(&Messages, true, [text.as_bytes()]);
    assert_eq!((metered.usage, metered.complete), (Found::Missing, true));
}
