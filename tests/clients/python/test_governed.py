"""What Reins adds, as the vendors' Python clients see it: refusals, amendments, headers."""

import hashlib
import json
import re
import uuid
from decimal import Decimal

import anthropic
import openai
import pytest

from stage import words

pytestmark = pytest.mark.governed

HELLO = [{"role": "user", "content": "Say hello."}]
HAIKU = "claude-haiku-4-5"


class Openai:
    """The calls of one client, so that one test can hold for both."""

    model, dear, unknown, errors = "gpt-4o-mini", "gpt-4o", "gpt-99-unheard-of", openai
    prefixed = "/openai/v1"

    @staticmethod
    def client(stage, **options):
        return stage.openai(**options)

    @staticmethod
    def ask(client, headers, model="gpt-4o-mini", **options):
        options = {"model": model, "messages": HELLO, "max_tokens": 100} | options
        raw = client.chat.completions.with_raw_response
        return raw.create(extra_headers=headers, **options)

    @staticmethod
    def text(raw):
        return raw.parse().choices[0].message.content

    @staticmethod
    def error(raised):
        return raised.value.body


class Anthropic:
    model, dear, unknown, errors = HAIKU, "claude-opus-4-5", "claude-99-unheard-of", anthropic
    prefixed = "/anthropic"

    @staticmethod
    def client(stage, **options):
        return stage.anthropic(**options)

    @staticmethod
    def ask(client, headers, model=HAIKU, **options):
        options = {"model": model, "messages": HELLO, "max_tokens": 100} | options
        return client.messages.with_raw_response.create(extra_headers=headers, **options)

    @staticmethod
    def text(raw):
        return raw.parse().content[0].text

    @staticmethod
    def error(raised):
        return raised.value.body["error"]


both = pytest.mark.parametrize("api", [Openai, Anthropic], ids=["openai", "anthropic"])


@pytest.fixture
def untouched(stage):
    """The vendor must not see a call during this test."""
    before = stage.vendor_says("/books?last=0")["calls"]
    yield
    assert stage.vendor_says("/books?last=0")["calls"] == before


@pytest.fixture
def sent():
    """How many requests a client sent, its own retries included: give it as its HTTP client."""
    return []


def counting(api, sent):
    """Options of a client that retries as it does by default, and counts."""
    hooks = {"request": [lambda request: sent.append(request.url)]}
    return {"http_client": api.errors.DefaultHttpxClient(event_hooks=hooks), "max_retries": 2}


def refused(api, stage, headers, error, sent, **options):
    """The error that a client with its usual retries raises, after one request."""
    with api.client(stage, **counting(api, sent)) as client, pytest.raises(error) as raised:
        api.ask(client, headers, **options)
    assert len(sent) == 1, "the client retried what no retry can help"
    assert raised.value.response.headers["x-should-retry"] == "false"
    return raised


@both
def test_blocked_by_a_rule(api, stage, script, sent, untouched):
    headers = {**script(), "X-Reins-Roles": "trial"}
    denied = api.errors.PermissionDeniedError
    raised = refused(api, stage, headers, denied, sent, model=api.dear)
    assert raised.value.status_code == 403
    error = api.error(raised)
    assert error["code"] == "policy_blocked"
    assert error["rule"] == "no big models for trial users"
    assert error["reason"]
    assert error["message"] == "Upgrade to Pro to use advanced models"


@both
def test_a_rule_blocks_a_stream_before_it_starts(api, stage, script, sent, untouched):
    headers = {**script(), "X-Reins-Roles": "trial"}
    denied = api.errors.PermissionDeniedError
    raised = refused(api, stage, headers, denied, sent, model=api.dear, stream=True)
    assert api.error(raised)["code"] == "policy_blocked"


@both
def test_over_budget(api, stage, script, sent, untouched):
    headers = {**script(), "X-Reins-User": f"poor-{uuid.uuid4()}"}
    denied = api.errors.PermissionDeniedError
    raised = refused(api, stage, headers, denied, sent, max_tokens=4000)
    error = api.error(raised)
    assert error["code"] == "policy_blocked"
    assert error["budget_used"] == 0
    assert error["budget_limit"] == 0.0001
    assert Decimal(error["budget_limit_usd"]) == Decimal("0.0001")
    assert error["window"] == "daily"
    assert "a poor user, a day" in error["message"]
    assert error["reason"] == error["message"]


def test_spent_out(stage, script):
    """Calls pass until the money is gone; the refusal says what was spent, to the nano-dollar."""
    headers = {**script(), "X-Reins-User": f"poor-{uuid.uuid4()}"}
    passed = 0
    with stage.openai() as client:
        with pytest.raises(openai.PermissionDeniedError) as raised:
            for passed in range(100):
                Openai.ask(client, headers, max_tokens=20)
    error = Openai.error(raised)
    spent = sum(Decimal(bill["rounded_usd"]) for bill in script.bills())
    assert 2 <= passed == len(script.bills())
    assert Decimal(error["budget_used_usd"]) == spent <= Decimal("0.0001")
    assert error["resets_at"]


@both
def test_unpriced(api, stage, script, sent, untouched):
    status = api.errors.APIStatusError
    raised = refused(api, stage, script(), status, sent, model=api.unknown)
    assert raised.value.status_code == 402
    assert api.error(raised)["code"] == "unpriced"
    assert api.unknown in api.error(raised)["message"]


@both
def test_unknown_key(api, stage, script, untouched):
    key = "rns_test_" + "0" * 64
    with api.client(stage, api_key=key) as client:
        with pytest.raises(api.errors.AuthenticationError) as raised:
            api.ask(client, script())
    assert api.error(raised)["code"] == "invalid_key"
    assert key not in raised.value.response.text


@both
def test_a_vendors_key_is_no_reins_key(api, stage, script, untouched):
    with api.client(stage, api_key="sk-somebodys-own") as client:
        with pytest.raises(api.errors.AuthenticationError):
            api.ask(client, script())


@pytest.mark.parametrize(
    "body",
    [
        b'{"model":"gpt-4o-mini","model":"gpt-4o","messages":[]}',
        b'{"model":"gpt-4o-mini","mod\\u0065l":"gpt-4o","messages":[]}',
        b'{"model":"gpt-4o-mini","max_tokens":-1,"messages":[]}',
        b'{"model":"gpt-4o-mini","max_tokens":"5","messages":[]}',
        b"[]",
        b"",
        b"\xff",
    ],
)
def test_unreadable(stage, script, body, untouched):
    headers = {"content-type": "application/json", **script()}
    with stage.openai() as client, pytest.raises(openai.BadRequestError) as raised:
        client.post(
            "/chat/completions", cast_to=object, content=body, options={"headers": headers}
        )
    assert Openai.error(raised)["code"] == "bad_request"


def test_too_large(stage, script, untouched):
    messages = [{"role": "user", "content": "a" * (33 << 20)}]
    with stage.openai() as client, pytest.raises(openai.APIStatusError) as raised:
        Openai.ask(client, script(), messages=messages)
    assert raised.value.status_code == 413
    assert Openai.error(raised)["code"] == "too_large"


def test_a_path_that_nobody_meters(stage, script, untouched):
    with stage.openai() as client, pytest.raises(openai.NotFoundError) as raised:
        client.fine_tuning.jobs.create(
            model="gpt-4o-mini", training_file="file-1", extra_headers=script()
        )
    assert Openai.error(raised)["code"] == "not_found"


@both
def test_prefix(api, stage, script):
    with api.client(stage, base_url=f"{stage.url}{api.prefixed}") as client:
        assert api.text(api.ask(client, script())) == words(20)
    assert script.bill()["vendor"] == api.__name__.lower()


@both
def test_the_vendor_sees_its_own_key_and_nothing_of_ours(api, stage, script):
    ours = {"X-Reins-Agent": "bot", "X-Reins-Team": "core", "X-Reins-Metadata": '{"a":"b"}'}
    ours |= {"X-Reins-User": "ann", "X-Reins-Session": "s1", "X-Reins-Roles": "admin"}
    with api.client(stage) as client:
        api.ask(client, {**script(), **ours})
    request = stage.last_request()
    headers = {name.lower(): value for name, value in request["headers"]}
    assert [name for name in headers if name.startswith(("x-reins", "x-vendor"))] == []
    assert stage.key not in json.dumps(request)
    if api is Openai:
        assert headers["authorization"] == "Bearer sk-vendor-openai"
        assert "x-api-key" not in headers
    else:
        assert headers["x-api-key"] == "sk-ant-vendor"
        # The SDK's own choice, untouched.
        assert re.fullmatch(r"20\d\d-\d\d-\d\d", headers["anthropic-version"])


def test_bytes_pass_untouched(stage, script):
    body = (
        b'{ "messages" : [ {"content":"caf\\u00e9 \\ud83e\\udd80 \xf0\x9f\xa6\x80","role":"user"} ]'
        b',\r\n\t"temperature":1.0e-0, "max_tokens":9 ,"model":"gpt-4o-mini"}\n'
    )
    headers = {"content-type": "application/json", **script()}
    with stage.openai() as client:
        client.post(
            "/chat/completions", cast_to=object, content=body, options={"headers": headers}
        )
    assert stage.last_request()["body_sha256"] == hashlib.sha256(body).hexdigest()
    assert script.bill()["usage"]["output"] == 9


def test_usage_is_asked_for_and_nothing_else(stage, script):
    with stage.openai() as client:
        stream = client.chat.completions.create(
            model="gpt-4o-mini", messages=HELLO, stream=True, extra_headers=script()
        )
        list(stream)
    sent = json.loads(stage.last_request()["body"])
    assert sent == {
        "model": "gpt-4o-mini",
        "messages": HELLO,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_downgrade(stage, script):
    headers = {**script(), "X-Reins-Agent": "thrifty"}
    with stage.openai() as client:
        raw = Openai.ask(client, headers, model="gpt-4.1")
    assert raw.headers["x-reins-action"] == "downgrade"
    assert raw.headers["x-reins-model"] == "gpt-4.1-mini"
    assert raw.headers["x-reins-policy"] == "models"
    assert script.bill()["model"] == "gpt-4.1-mini"
    assert Decimal(raw.headers["x-reins-cost"]) == script.cost()
    sent = json.loads(stage.last_request()["body"])
    assert sent == {"model": "gpt-4.1-mini", "messages": HELLO, "max_tokens": 100}


@both
def test_clip(api, stage, script):
    with api.client(stage) as client:
        raw = api.ask(client, {**script(), "X-Reins-Agent": "brief"})
    assert raw.headers["x-reins-action"] == "clip"
    assert api.text(raw) == words(7)
    assert script.bill()["usage"]["output"] == 7


@both
@pytest.mark.parametrize(("agent", "action"), [("flagged", "flag"), ("warned", "warn")])
def test_a_mark(api, stage, script, agent, action):
    with api.client(stage) as client:
        raw = api.ask(client, {**script(), "X-Reins-Agent": agent})
    assert api.text(raw) == words(20)
    assert raw.headers["x-reins-action"] == action
    if action == "warn":
        assert "somebody should know" in raw.headers["x-reins-warning"]


def test_one_team_one_vendor(stage, script):
    headers = {**script(), "X-Reins-Team": "openai-only"}
    with stage.openai() as client:
        assert Openai.text(Openai.ask(client, headers)) == words(20)
    with stage.anthropic() as client:
        with pytest.raises(anthropic.PermissionDeniedError) as raised:
            Anthropic.ask(client, headers)
    assert Anthropic.error(raised)["rule"] == "one vendor"
    assert script.bill()["vendor"] == "openai"


def test_loop_breaker(stage, script):
    headers = {**script(), "X-Reins-Agent": "looping"}
    with stage.openai() as client:
        for _ in range(2):
            Openai.ask(client, headers)
        with pytest.raises(openai.PermissionDeniedError) as raised:
            Openai.ask(client, headers)
    assert Openai.error(raised)["rule"] == "loop breaker"
    assert len(script.bills()) == 2


def test_the_remaining_budget_goes_down(stage, script):
    headers = {**script(), "X-Reins-User": f"user-{uuid.uuid4()}"}
    with stage.openai() as client:
        answers = [Openai.ask(client, headers, model="gpt-4o") for _ in range(2)]
    left = [Decimal(raw.headers["x-reins-budget-remaining"]) for raw in answers]
    assert 0 < left[1] < left[0]


@pytest.mark.too_many
@both
def test_over_budget_answered_429(api, stage, script, sent, untouched):
    headers = {**script(), "X-Reins-User": f"poor-{uuid.uuid4()}"}
    limited = api.errors.RateLimitError
    raised = refused(api, stage, headers, limited, sent, max_tokens=4000)
    error = api.error(raised)
    assert (error["code"], error["reason"]) == ("budget_exceeded", "budget_exceeded")
    assert error["budget_limit"] == 0.0001
    assert "a poor user, a day" in error["message"]
