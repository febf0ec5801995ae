"""The processes that a suite runs against: a vendor, and Reins in front of it."""

import json
import os
import subprocess
import tempfile
import time
import urllib.request
from decimal import Decimal
from pathlib import Path
from threading import Thread

# A suite takes seconds; a hang is cut off, generously for a machine under load.
WATCHED = 600
# How long a process may take to say where it listens, or to stop, in seconds.
PATIENCE = 60

REINS_KEY = "rns_test_9f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c5b4a39281706f5e4d3c2b1a0"
VENDOR_KEYS = {"OPENAI_API_KEY": "sk-vendor-openai", "ANTHROPIC_API_KEY": "sk-ant-vendor"}


class Process:
    """A child that prints `listening on ADDRESS`, and is stopped by its id."""

    def __init__(self, command: list[str], environment: dict[str, str], log: Path):
        self.log = log
        self.child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log.open("wb"),
            env=environment,
            text=True,
        )
        try:
            self.address = self._listening()
        except BaseException:
            self.stop()
            raise

    def _listening(self) -> str:
        for line in self.child.stdout:
            if "listening on " in line:
                rest = line.split("listening on ", 1)[1]
                # Whatever it prints from now on must not fill the pipe and stop it.
                Thread(target=self.child.stdout.read, daemon=True).start()
                return rest.split()[0].strip('",}')
        raise RuntimeError(f"{self.child.args}: never listened\n{self.log.read_text()}")

    def stop(self) -> None:
        if self.child.poll() is None:
            self.child.terminate()
        try:
            self.child.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()


class Vendor:
    """The pretend vendor."""

    def __init__(self, binaries: Path):
        self.folder = tempfile.TemporaryDirectory(prefix="reins-clients-")
        command = [str(binaries / "reins-vendor"), "--listen", "127.0.0.1:0"]
        log = Path(self.folder.name) / "vendor.log"
        self.process = Process(command, dict(os.environ), log)
        self.url = f"http://{self.process.address}"

    def __enter__(self) -> "Vendor":
        return self

    def __exit__(self, *_) -> None:
        self.process.stop()
        self.folder.cleanup()

    def environment(self) -> dict[str, str]:
        return {
            "STAGE_URL": self.url,
            "STAGE_VENDOR": self.url,
            "STAGE_KEY": REINS_KEY,
            "STAGE_GOVERNED": "0",
        }

    def books(self) -> dict:
        with urllib.request.urlopen(f"{self.url}/books?last=0", timeout=PATIENCE) as answer:
            return json.load(answer)


class Reins:
    """The gateway in front of a vendor, with a store of its own."""

    def __init__(self, binaries: Path, vendor: Vendor, **options):
        self.vendor = vendor
        self.binary = str(binaries / "reins")
        self.folder = tempfile.TemporaryDirectory(prefix="reins-clients-")
        place = Path(self.folder.name)
        self.config = place / "reins.toml"
        self.config.write_text(configuration(vendor.url, **options))
        self.secrets = {**os.environ, **VENDOR_KEYS, "REINS_KEY": REINS_KEY}
        command = [self.binary, "serve", "--config", str(self.config)]
        self.process = Process(command, self.secrets, place / "reins.log")

    def __enter__(self) -> "Reins":
        return self

    def __exit__(self, *_) -> None:
        self.stop()
        self.folder.cleanup()

    def stop(self) -> None:
        self.process.stop()

    def environment(self) -> dict[str, str]:
        return {
            **self.vendor.environment(),
            **VENDOR_KEYS,
            "STAGE_URL": f"http://{self.process.address}",
            "STAGE_GOVERNED": "1",
            "STAGE_REINS": self.binary,
            "STAGE_CONFIG": str(self.config),
            "REINS_KEY": REINS_KEY,
        }

    def compare(self, exact: bool) -> list[str]:
        """What is wrong between the vendor's books and the ledger, once no call is in flight."""
        deadline = time.monotonic() + PATIENCE
        while True:
            faults = differences(self.vendor.books(), self.spend(), exact)
            if not faults or time.monotonic() > deadline:
                return faults
            time.sleep(0.05)

    def spend(self) -> dict:
        return spend(self.binary, str(self.config), self.secrets)


def spend(binary: str, config: str, environment: dict[str, str]) -> dict:
    """The organization's line of `reins spend`, as another process sees it."""
    command = [binary, "spend", "--config", config, "--scope", "organization=acme", "--json"]
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(said.stdout)


def differences(books: dict, spend: dict, exact: bool) -> list[str]:
    """Bill and ledger to the nano-dollar; from a cruel vendor, the ledger may only be higher."""
    billed, spent = Decimal(books["rounded_usd"]), Decimal(spend["spent_usd"])
    faults = []
    if books["open"]:
        faults.append(f"{books['open']} calls are still open at the vendor")
    if Decimal(spend["held_usd"]):
        faults.append(f"${spend['held_usd']} is still held, with no call in flight")
    if spent < billed or (exact and spent != billed):
        faults.append(f"the vendor billed ${billed}, the ledger says ${spent}")
    if exact and books["billed"] != spend["calls"]:
        faults.append(f"the vendor billed {books['billed']} calls, the ledger {spend['calls']}")
    return faults


def configuration(vendor: str, budget_status: int = 403, cruel: bool = False) -> str:
    """The gateway's file."""
    text = (Path(__file__).resolve().parent / "reins.toml").read_text()
    # A cruel vendor is not waited for as long as a slow one.
    headers_ms = 300 if cruel else 120_000
    places = {"VENDOR": vendor, "BUDGET_STATUS": budget_status, "HEADERS_MS": headers_ms}
    for place, value in places.items():
        text = text.replace(f"@{place}@", str(value))
    return text
