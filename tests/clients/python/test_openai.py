"""OpenAI's Python client, unchanged but for base URL and key."""

import asyncio
import json

import openai
import pytest

from stage import PNG, words

HELLO = [{"role": "user", "content": "Say hello."}]
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "weather_of",
            "description": "The weather of a city.",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
        },
    }
]
# A stream of ten chunks: the role, the words, the finish.
EVENTS = 12


def ask(client, script, steps="", model="gpt-4o-mini", messages=HELLO, **options):
    return client.chat.completions.create(
        model=model, messages=messages, extra_headers=script(steps), **options
    )


def check_usage(usage, bill):
    """The client's usage is what the vendor billed."""
    tokens = bill["usage"]
    prompt = tokens["input"] + tokens["cached"] + tokens["cache_write_5m"]
    assert usage.prompt_tokens == prompt
    assert usage.completion_tokens == tokens["output"]
    assert usage.total_tokens == prompt + tokens["output"]
    assert usage.prompt_tokens_details.cached_tokens == tokens["cached"]
    assert usage.completion_tokens_details.reasoning_tokens == tokens["reasoning"]


def text_of(chunks) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def test_whole(client, script):
    answer = ask(client, script)
    assert answer.choices[0].message.content == words(20)
    assert answer.choices[0].finish_reason == "stop"
    assert answer.model == "gpt-4o-mini-2024-07-18"
    assert answer.id == script.bill()["id"]
    check_usage(answer.usage, script.bill())


def test_stream(client, script):
    chunks = list(ask(client, script, stream=True))
    assert text_of(chunks) == words(20)
    assert chunks[-1].choices[0].finish_reason == "stop"
    # Nobody asked for usage: there is no chunk for it, and no field.
    assert [chunk for chunk in chunks if not chunk.choices] == []
    assert [chunk for chunk in chunks if "usage" in chunk.model_fields_set] == []
    assert len(chunks) == EVENTS
    assert script.bill()["usage"]["output"] == 20


def test_stream_that_declines_usage(client, script):
    chunks = list(ask(client, script, stream=True, stream_options={"include_usage": False}))
    assert text_of(chunks) == words(20)
    assert all(chunk.choices and chunk.usage is None for chunk in chunks)


def test_stream_with_usage(client, script):
    chunks = list(ask(client, script, stream=True, stream_options={"include_usage": True}))
    assert text_of(chunks) == words(20)
    assert chunks[-1].choices == []
    assert all(chunk.usage is None for chunk in chunks[:-1])
    check_usage(chunks[-1].usage, script.bill())


def test_stream_helper(client, script):
    with client.chat.completions.stream(
        model="gpt-4o", messages=HELLO, extra_headers=script("output=33")
    ) as stream:
        text = "".join(event.delta for event in stream if event.type == "content.delta")
        answer = stream.get_final_completion()
    assert text == words(33)
    assert answer.choices[0].message.content == words(33)
    assert script.bill()["usage"]["output"] == 33


@pytest.mark.parametrize("wire", ["split=1", "crlf=1", "gzip=1", "gzip=1 split=1", "gap_ms=1"])
def test_stream_however_it_comes(client, script, wire):
    options = {"stream": True, "stream_options": {"include_usage": True}}
    chunks = list(ask(client, script, f"{wire} reasoning=4", model="gpt-5-mini", **options))
    assert text_of(chunks) == words(20)
    check_usage(chunks[-1].usage, script.bill())


@pytest.mark.parametrize("wire", ["split=1", "gzip=1", "slow_body=5"])
def test_whole_however_it_comes(client, script, wire):
    answer = ask(client, script, wire)
    assert answer.choices[0].message.content == words(20)
    check_usage(answer.usage, script.bill())


def test_tool(client, script):
    answer = ask(client, script, "tool=1", tools=TOOLS)
    (call,) = answer.choices[0].message.tool_calls
    assert answer.choices[0].finish_reason == "tool_calls"
    assert call.function.name == "weather_of"
    assert json.loads(call.function.arguments) == {"city": "Paris"}
    check_usage(answer.usage, script.bill())


def test_tool_stream(client, script):
    chunks = list(ask(client, script, "tool=1", tools=TOOLS, stream=True))
    calls = [chunk.choices[0].delta.tool_calls[0] for chunk in chunks[:-1]]
    assert calls[0].function.name == "weather_of"
    arguments = "".join(call.function.arguments for call in calls)
    assert json.loads(arguments) == {"city": "Paris"}
    assert len(calls) > 2
    assert chunks[-1].choices[0].finish_reason == "tool_calls"
    assert script.bill()["usage"]["output"] == 20


def test_tool_result(client, script):
    call = {"name": "weather_of", "arguments": '{"city":"Paris"}'}
    messages = [
        *HELLO,
        {
            "role": "assistant",
            "tool_calls": [{"id": "call_1", "type": "function", "function": call}],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "It rains."},
    ]
    answer = ask(client, script, messages=messages, tools=TOOLS)
    check_usage(answer.usage, script.bill())


@pytest.mark.parametrize("url", [f"data:image/png;base64,{PNG}", "https://example.com/cat.png"])
def test_vision(client, script, url):
    image = {"type": "image_url", "image_url": {"url": url, "detail": "high"}}
    content = [{"type": "text", "text": "What is this?"}, image]
    answer = ask(client, script, model="gpt-4o", messages=[{"role": "user", "content": content}])
    check_usage(answer.usage, script.bill())
    assert answer.usage.prompt_tokens > 765


def test_long_prompt(client, script):
    content = "Every word of this counts, über alles. " * 10_500
    assert len(content.encode()) > 400_000
    answer = ask(client, script, messages=[{"role": "user", "content": content}])
    check_usage(answer.usage, script.bill())
    assert answer.usage.prompt_tokens > 100_000


def test_cached_and_reasoning(client, script):
    answer = ask(client, script, "input=1500 cached=1024 reasoning=64", model="gpt-5-mini")
    check_usage(answer.usage, script.bill())
    assert answer.usage.prompt_tokens_details.cached_tokens == 1024
    assert answer.usage.completion_tokens_details.reasoning_tokens == 64


def test_caps(client, script):
    answer = ask(client, script, model="o4-mini", max_completion_tokens=5)
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage.completion_tokens == 5
    assert script.bill()["usage"]["output"] == 5


def test_choices(client, script):
    options = {"n": 3, "stream": True, "stream_options": {"include_usage": True}}
    chunks = list(ask(client, script, max_tokens=50, **options))
    texts = ["", "", ""]
    for chunk in chunks[:-1]:
        texts[chunk.choices[0].index] += chunk.choices[0].delta.content or ""
    assert texts == [words(20)] * 3
    check_usage(chunks[-1].usage, script.bill())
    assert script.bill()["usage"]["output"] == 60


def test_raw_response(client, script, stage):
    raw = client.chat.completions.with_raw_response.create(
        model="gpt-4o", messages=HELLO, extra_headers=script()
    )
    assert raw.status_code == 200
    assert raw.headers["x-request-id"].startswith("req_")
    assert raw.headers["openai-version"] == "2020-10-01"
    assert raw.parse().choices[0].message.content == words(20)
    if stage.governed:
        usage = script.bill()["usage"]
        assert raw.headers["x-reins-transaction-id"].startswith("txn_")
        assert raw.headers["x-reins-tokens-in"] == str(usage["input"])
        assert raw.headers["x-reins-tokens-out"] == str(usage["output"])
        assert float(raw.headers["x-reins-latency-overhead"]) < 1000
        assert script.cost() == script.cost().__class__(raw.headers["x-reins-cost"])


def test_streaming_response(client, script):
    with client.chat.completions.with_streaming_response.create(
        model="gpt-4o", messages=HELLO, stream=True, extra_headers=script()
    ) as raw:
        lines = [line for line in raw.iter_lines() if line]
    assert raw.headers["content-type"].startswith("text/event-stream")
    assert lines[-1] == "data: [DONE]"
    assert len(lines) == EVENTS + 1


def test_many_at_once(stage, script):
    async def everybody():
        options = {"base_url": f"{stage.url}/v1", "api_key": stage.key, "max_retries": 0}
        async with openai.AsyncOpenAI(**options) as client:
            calls = [ask(client, script, f"output={count} latency_ms=20") for count in range(1, 41)]
            return await asyncio.gather(*calls)

    answers = asyncio.run(everybody())
    assert [answer.usage.completion_tokens for answer in answers] == list(range(1, 41))
    assert len(script.bills()) == 40


def test_models(client):
    names = [model.id for model in client.models.list()]
    assert "gpt-4o-mini" in names


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, openai.BadRequestError),
        (401, openai.AuthenticationError),
        (403, openai.PermissionDeniedError),
        (404, openai.NotFoundError),
        (409, openai.ConflictError),
        (422, openai.UnprocessableEntityError),
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
        (503, openai.InternalServerError),
        (529, openai.InternalServerError),
    ],
)
def test_vendor_errors(client, script, stage, status, error):
    with pytest.raises(error) as raised:
        ask(client, script, f"status={status}")
    assert raised.value.status_code == status
    assert raised.value.type in ("invalid_request_error", "requests", "server_error")
    headers = raised.value.response.headers
    assert headers["x-request-id"].startswith("req_")
    if status == 429:
        assert headers["retry-after"] == "1"
    if stage.governed and status >= 500:
        assert headers["x-reins-retry-count"] == "1"
    # What the vendor says of asking again, which is nothing, is what its client gets.
    assert "x-should-retry" not in headers
    assert script.nothing_billed()


def test_vendor_error_before_a_stream(client, script):
    with pytest.raises(openai.InternalServerError):
        ask(client, script, "status=500", stream=True)
    assert script.nothing_billed()


@pytest.mark.parametrize("status", [429, 500, 503])
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("times", [1, 2])
def test_a_retry_is_not_charged_twice(stage, script, status, stream, times):
    with stage.openai(max_retries=2) as client:
        words_for_it = f"status={status} fail_times={times} retry_after=0"
        answer = ask(client, script, words_for_it, stream=stream)
        text = text_of(answer) if stream else answer.choices[0].message.content
    assert text == words(20)
    assert script.bill()["usage"]["output"] == 20


def test_malformed(client, script):
    with pytest.raises(openai.BadRequestError) as raised:
        client.post(
            "/chat/completions",
            cast_to=object,
            content=b'{"model":"gpt-4o-mini","messages":[',
            options={"headers": {"content-type": "application/json", **script()}},
        )
    assert raised.value.message
    assert script.nothing_billed()


@pytest.mark.parametrize("stream", [False, True])
def test_giving_up_is_not_free(stage, script, stream):
    with stage.openai(timeout=0.15) as client, pytest.raises(openai.APITimeoutError):
        ask(client, script, "latency_ms=600", stream=stream)
    assert script.bill()["usage"]["output"] == 20


@pytest.mark.parametrize("events", range(EVENTS + 1))
def test_leaving_a_stream(client, script, events):
    stream = ask(client, script, "gap_ms=3 chunks=10", stream=True)
    for _ in range(events):
        next(stream)
    stream.close()
    assert script.bill()["usage"]["output"] == 20
