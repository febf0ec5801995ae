"""Anthropic's Python client, unchanged but for base URL and key."""

import asyncio
from decimal import Decimal

import anthropic
import pytest

from stage import PNG, words

HELLO = [{"role": "user", "content": "Say hello."}]
HAIKU = "claude-haiku-4-5"
TOOLS = [
    {
        "name": "weather_of",
        "description": "The weather of a city.",
        "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
    }
]
# A stream of ten chunks, as the client counts: start, block start, words, block stop, delta, stop.
EVENTS = 15


def ask(client, script, steps="", model=HAIKU, messages=HELLO, max_tokens=100, **options):
    return client.messages.create(
        model=model,
        messages=messages,
        max_tokens=max_tokens,
        extra_headers=script(steps),
        **options,
    )


def check_usage(usage, bill):
    """The client's usage is what the vendor billed."""
    tokens = bill["usage"]
    assert usage.input_tokens == tokens["input"]
    assert usage.cache_read_input_tokens == tokens["cached"]
    written = tokens["cache_write_5m"] + tokens["cache_write_1h"]
    assert usage.cache_creation_input_tokens == written
    assert usage.output_tokens == tokens["output"]


def text_of(events) -> str:
    deltas = [event.delta for event in events if event.type == "content_block_delta"]
    return "".join(delta.text for delta in deltas if delta.type == "text_delta")


def test_whole(client, script):
    answer = ask(client, script)
    assert answer.content[0].text == words(20)
    assert answer.stop_reason == "end_turn"
    assert answer.model == "claude-haiku-4-5-20251001"
    assert answer.id == script.bill()["id"]
    check_usage(answer.usage, script.bill())


def test_stream(client, script):
    events = list(ask(client, script, stream=True))
    assert text_of(events) == words(20)
    assert events[0].type == "message_start"
    assert events[-1].type == "message_stop"
    assert events[-2].usage.output_tokens == script.bill()["usage"]["output"]
    assert len(events) == EVENTS


def test_stream_helper(client, script):
    with client.messages.stream(
        model=HAIKU, max_tokens=100, messages=HELLO, extra_headers=script("output=33")
    ) as stream:
        text = "".join(stream.text_stream)
        answer = stream.get_final_message()
    assert text == words(33)
    assert answer.content[0].text == words(33)
    check_usage(answer.usage, script.bill())


@pytest.mark.parametrize("wire", ["split=1", "crlf=1", "gzip=1", "gzip=1 split=1", "gap_ms=1"])
def test_stream_however_it_comes(client, script, wire):
    events = list(ask(client, script, wire, stream=True))
    assert text_of(events) == words(20)
    assert events[-2].usage.output_tokens == script.bill()["usage"]["output"]


@pytest.mark.parametrize("wire", ["split=1", "gzip=1", "slow_body=5"])
def test_whole_however_it_comes(client, script, wire):
    answer = ask(client, script, wire)
    assert answer.content[0].text == words(20)
    check_usage(answer.usage, script.bill())


def test_tool(client, script):
    answer = ask(client, script, "tool=1", tools=TOOLS)
    assert answer.stop_reason == "tool_use"
    (call,) = [block for block in answer.content if block.type == "tool_use"]
    assert (call.name, call.input) == ("weather_of", {"city": "Paris"})
    check_usage(answer.usage, script.bill())


def test_tool_stream(client, script):
    with client.messages.stream(
        model=HAIKU, max_tokens=100, messages=HELLO, tools=TOOLS, extra_headers=script("tool=1")
    ) as stream:
        pieces = [event.partial_json for event in stream if event.type == "input_json"]
        answer = stream.get_final_message()
    assert "".join(pieces) == '{"city":"Paris"}'
    assert answer.content[-1].input == {"city": "Paris"}
    check_usage(answer.usage, script.bill())


def test_tool_result(client, script):
    use = {"type": "tool_use", "id": "toolu_1", "name": "weather_of", "input": {"city": "Paris"}}
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "It rains."}
    messages = [
        *HELLO,
        {"role": "assistant", "content": [use]},
        {"role": "user", "content": [result]},
    ]
    answer = ask(client, script, messages=messages, tools=TOOLS)
    check_usage(answer.usage, script.bill())


@pytest.mark.parametrize(
    "source",
    [
        {"type": "base64", "media_type": "image/png", "data": PNG},
        {"type": "url", "url": "https://example.com/cat.png"},
    ],
    ids=["base64", "url"],
)
def test_vision(client, script, source):
    content = [{"type": "image", "source": source}, {"type": "text", "text": "What is this?"}]
    answer = ask(client, script, messages=[{"role": "user", "content": content}])
    check_usage(answer.usage, script.bill())
    assert answer.usage.input_tokens > 765


def test_long_prompt(client, script):
    content = "Every word of this counts, über alles. " * 10_500
    assert len(content.encode()) > 400_000
    answer = ask(client, script, messages=[{"role": "user", "content": content}])
    check_usage(answer.usage, script.bill())
    assert answer.usage.input_tokens > 100_000


@pytest.mark.parametrize("stream", [False, True])
def test_cache(client, script, stream):
    kind = {"type": "ephemeral", "ttl": "1h"}
    system = [{"type": "text", "text": "Be brief.", "cache_control": kind}]
    steps = "input=5000 cached=2048 cache_write=1024 cache_write_1h=512"
    answer = ask(client, script, steps, system=system, stream=stream)
    usage = list(answer)[-2].usage if stream else answer.usage
    check_usage(usage, script.bill())
    tokens = script.bill()["usage"]
    assert (tokens["cache_write_5m"], tokens["cache_write_1h"]) == (1024, 512)


@pytest.mark.parametrize("stream", [False, True])
def test_thinking(client, script, stream):
    thinking = {"type": "enabled", "budget_tokens": 1024}
    options = {"thinking": thinking, "max_tokens": 2000, "stream": stream}
    answer = ask(client, script, "reasoning=64", **options)
    if stream:
        events = list(answer)
        kinds = [event.content_block.type for event in events if hasattr(event, "content_block")]
        usage = events[-2].usage
    else:
        kinds, usage = [block.type for block in answer.content], answer.usage
    assert kinds[0] == "thinking"
    check_usage(usage, script.bill())
    assert usage.output_tokens == 84


def test_caps(client, script):
    answer = ask(client, script, max_tokens=5)
    assert answer.stop_reason == "max_tokens"
    assert answer.usage.output_tokens == 5
    assert script.bill()["usage"]["output"] == 5


def test_raw_response(client, script, stage):
    raw = client.messages.with_raw_response.create(
        model=HAIKU, max_tokens=100, messages=HELLO, extra_headers=script()
    )
    assert raw.status_code == 200
    assert raw.headers["request-id"].startswith("req_")
    assert raw.parse().content[0].text == words(20)
    if stage.governed:
        usage = script.bill()["usage"]
        assert raw.headers["x-reins-transaction-id"].startswith("txn_")
        assert raw.headers["x-reins-tokens-in"] == str(usage["input"])
        assert raw.headers["x-reins-tokens-out"] == str(usage["output"])
        assert float(raw.headers["x-reins-latency-overhead"]) < 1000
        assert Decimal(raw.headers["x-reins-cost"]) == script.cost()


def test_many_at_once(stage, script):
    async def everybody():
        options = {"base_url": stage.url, "api_key": stage.key, "max_retries": 0}
        async with anthropic.AsyncAnthropic(**options) as client:
            calls = [ask(client, script, f"output={count} latency_ms=20") for count in range(1, 41)]
            return await asyncio.gather(*calls)

    answers = asyncio.run(everybody())
    assert [answer.usage.output_tokens for answer in answers] == list(range(1, 41))
    assert len(script.bills()) == 40


def test_counting_is_free(client, script):
    counted = client.messages.count_tokens(model=HAIKU, messages=HELLO, extra_headers=script())
    assert counted.input_tokens > 0
    assert script.nothing_billed()


def test_models(client):
    names = [model.id for model in client.models.list()]
    assert "claude-haiku-4-5-20251001" in names


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, anthropic.BadRequestError),
        (401, anthropic.AuthenticationError),
        (403, anthropic.PermissionDeniedError),
        (404, anthropic.NotFoundError),
        (413, anthropic.APIStatusError),
        (429, anthropic.RateLimitError),
        (500, anthropic.InternalServerError),
        (503, anthropic.InternalServerError),
        (529, anthropic.InternalServerError),
    ],
)
def test_vendor_errors(client, script, stage, status, error):
    with pytest.raises(error) as raised:
        ask(client, script, f"status={status}")
    assert raised.value.status_code == status
    assert raised.value.body["type"] == "error"
    assert raised.value.body["error"]["message"]
    headers = raised.value.response.headers
    assert headers["request-id"].startswith("req_")
    if status == 429:
        assert headers["retry-after"] == "1"
    if stage.governed and status >= 500:
        assert headers["x-reins-retry-count"] == "1"
    # What the vendor says of asking again is what its client gets.
    assert headers.get("x-should-retry") == ("true" if status == 429 or status >= 500 else None)
    assert script.nothing_billed()


@pytest.mark.parametrize("status", [429, 500, 529])
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("times", [1, 2])
def test_a_retry_is_not_charged_twice(stage, script, status, stream, times):
    with stage.anthropic(max_retries=2) as client:
        words_for_it = f"status={status} fail_times={times} retry_after=0"
        answer = ask(client, script, words_for_it, stream=stream)
        text = text_of(answer) if stream else answer.content[0].text
    assert text == words(20)
    assert script.bill()["usage"]["output"] == 20


def test_malformed(client, script):
    with pytest.raises(anthropic.BadRequestError) as raised:
        client.post(
            "/v1/messages",
            cast_to=object,
            content=b'{"model":"claude-haiku-4-5","messages":[',
            options={"headers": {"content-type": "application/json", **script()}},
        )
    assert raised.value.body["error"]["type"] == "invalid_request_error"
    assert script.nothing_billed()


@pytest.mark.parametrize("stream", [False, True])
def test_giving_up_is_not_free(stage, script, stream):
    with stage.anthropic(timeout=0.15) as client, pytest.raises(anthropic.APITimeoutError):
        ask(client, script, "latency_ms=600", stream=stream)
    assert script.bill()["usage"]["output"] == 20


@pytest.mark.parametrize("events", range(EVENTS + 1))
def test_leaving_a_stream(client, script, events):
    stream = ask(client, script, "gap_ms=3 chunks=10", stream=True)
    for _ in range(events):
        next(stream)
    stream.close()
    assert script.bill()["usage"]["output"] == 20
