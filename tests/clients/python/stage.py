"""What a suite runs against, and what the vendor and the ledger say about it afterwards."""

import json
import os
import time
import urllib.request
from dataclasses import dataclass
from decimal import Decimal

import anthropic
import openai

from setting import PATIENCE, differences, spend

WORDS = ["Hello", " from", " the", " pretend", " vendor", ",", " café", " and"]
WORDS += [" 東京", " say", " yes", " 🦀", " to", " every", " call", "."]

# A red dot, 5 pixels square.
PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4//8/w38GIAXDIBKE0DHxgljNBAAO"
    "9TXL0Y4OHwAAAABJRU5ErkJggg=="
)


def words(count: int) -> str:
    """What the vendor answers with: one word, one token."""
    return "".join(WORDS[index % len(WORDS)] for index in range(count))


@dataclass(frozen=True)
class Stage:
    """Where the clients point, and who keeps the books behind it."""

    url: str
    vendor: str
    key: str
    governed: bool

    @classmethod
    def from_environment(cls) -> "Stage":
        names = ["STAGE_URL", "STAGE_VENDOR", "STAGE_KEY", "STAGE_GOVERNED"]
        url, vendor, key, governed = (os.environ[name] for name in names)
        return cls(url, vendor, key, governed == "1")

    def openai(self, **options) -> openai.OpenAI:
        """The client as a user makes it: base URL and key are all that changes."""
        options = {"base_url": f"{self.url}/v1", "api_key": self.key, "max_retries": 0} | options
        return openai.OpenAI(**options)

    def anthropic(self, **options) -> anthropic.Anthropic:
        options = {"base_url": self.url, "api_key": self.key, "max_retries": 0} | options
        return anthropic.Anthropic(**options)

    def vendor_says(self, path: str) -> dict:
        with urllib.request.urlopen(f"{self.vendor}{path}", timeout=PATIENCE) as answer:
            return json.load(answer)

    def last_request(self) -> dict:
        """The last request as it reached the vendor."""
        return self.vendor_says("/seen?body=1")["seen"][0]

    def spend(self) -> dict:
        """What the ledger says of the whole organization."""
        return spend(os.environ["STAGE_REINS"], os.environ["STAGE_CONFIG"], dict(os.environ))

    def differences(self, exact: bool = True) -> list[str]:
        """What is wrong between bill and ledger, once they had time to agree."""
        wrong = lambda: differences(self.vendor_says("/books?last=0"), self.spend(), exact)
        return until(wrong, lambda faults: not faults)


@dataclass(frozen=True)
class Script:
    """One test's calls at the vendor: how they are steered, and what was billed for them."""

    stage: Stage
    tag: str

    def __call__(self, steps: str = "") -> dict[str, str]:
        """The header that tells the vendor what to do."""
        return {"x-test-script": f"id={self.tag} {steps}".strip()}

    def bills(self) -> list[dict]:
        entries = self.stage.vendor_says("/books?last=10000")["last"]
        return [entry for entry in entries if entry["tag"] == self.tag]

    def bill(self) -> dict:
        """The one call that was billed, once it was."""
        bills = until(self.bills, bool)
        assert len(bills) == 1, f"billed {len(bills)} times"
        return bills[0]

    def nothing_billed(self) -> bool:
        return self.bills() == []

    def cost(self) -> Decimal:
        return Decimal(self.bill()["rounded_usd"])


def until(ask, enough):
    """Asks until the answer is enough; the last answer, when patience ends."""
    deadline = time.monotonic() + PATIENCE
    while True:
        answer = ask()
        if enough(answer) or time.monotonic() > deadline:
            return answer
        time.sleep(0.01)
