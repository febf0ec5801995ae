"""A vendor that bills and does not say: the ledger presumes, and never less than the bill."""

from decimal import Decimal

import openai
import pytest
from anthropic import AnthropicError

from stage import until

pytestmark = [pytest.mark.governed, pytest.mark.cruel]

HELLO = [{"role": "user", "content": "Say hello."}]


@pytest.fixture(autouse=True)
def charged(stage):
    """What this test's calls added to the ledger is at least what they added to the bill."""
    billed, spent = standing(stage)
    yield
    faults = until(lambda: shortfall(stage, billed, spent), lambda faults: not faults)
    assert faults == []


def standing(stage) -> tuple[Decimal, Decimal]:
    books = stage.vendor_says("/books?last=0")
    return Decimal(books["rounded_usd"]), Decimal(stage.spend()["spent_usd"])


def shortfall(stage, billed, spent) -> list[str]:
    bill, charge = (now - then for now, then in zip(standing(stage), (billed, spent)))
    if bill == 0:
        return ["the vendor billed nothing: the script does not do what it should"]
    return [f"billed ${bill}, charged ${charge}"] if charge < bill else []


def through_openai(stage, script, steps, stream):
    with stage.openai() as client:
        answer = client.chat.completions.create(
            model="gpt-4o-mini",
            messages=HELLO,
            max_tokens=100,
            stream=stream,
            extra_headers=script(steps),
        )
        return list(answer) if stream else answer


def through_anthropic(stage, script, steps, stream):
    with stage.anthropic() as client:
        answer = client.messages.create(
            model="claude-haiku-4-5",
            messages=HELLO,
            max_tokens=100,
            stream=stream,
            extra_headers=script(steps),
        )
        return list(answer) if stream else answer


both = pytest.mark.parametrize("through", [through_openai, through_anthropic])
kinds = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])

CLAIMS = ["missing", "null", "negative", "huge", "overflow", "string"]


@both
@kinds
@pytest.mark.parametrize("claim", CLAIMS)
def test_usage_that_nobody_can_believe(stage, script, through, stream, claim):
    try:
        through(stage, script, f"usage={claim}", stream)
    except (openai.OpenAIError, AnthropicError, ValueError, TypeError, AttributeError):
        # The client may choke on such an answer. What counts is the charge.
        pass


@both
@kinds
@pytest.mark.parametrize("bill", ["input", "1"])
def test_no_answer(stage, script, through, stream, bill):
    with pytest.raises((openai.APIStatusError, AnthropicError)) as raised:
        through(stage, script, f"hang=1 bill={bill}", stream)
    assert raised.value.status_code == 504


@both
@kinds
def test_reset_before_an_answer(stage, script, through, stream):
    with pytest.raises((openai.APIStatusError, AnthropicError)) as raised:
        through(stage, script, "reset=before bill=1", stream)
    assert raised.value.status_code == 502


@both
@kinds
def test_reset_in_an_answer(stage, script, through, stream):
    # The client may have seen enough to be content; the ledger may not.
    try:
        through(stage, script, "reset=mid gap_ms=2", stream)
    except Exception as error:
        assert not isinstance(error, AssertionError)


@both
@pytest.mark.parametrize("events", [1, 2, 5, 9])
def test_a_stream_that_is_cut(stage, script, through, events):
    try:
        through(stage, script, f"cut={events} gap_ms=2", True)
    except Exception as error:
        assert not isinstance(error, AssertionError)


@kinds
def test_leaving_a_vendor_that_stops_when_it_notices(stage, script, stream):
    """It bills less than it would have: never more than is charged."""
    with stage.openai(timeout=0.1) as client:
        with pytest.raises(openai.APITimeoutError):
            client.chat.completions.create(
                model="gpt-4o-mini",
                messages=HELLO,
                max_tokens=100,
                stream=stream,
                extra_headers=script("latency_ms=200 gap_ms=2 stop_on_close=1"),
            )
