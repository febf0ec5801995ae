"""What every test gets: the stage, a script of its own, and a comparison of the books behind it."""

import re

import pytest

from stage import Script, Stage


@pytest.fixture(scope="session")
def stage() -> Stage:
    return Stage.from_environment()


@pytest.fixture
def script(stage: Stage, request: pytest.FixtureRequest) -> Script:
    name = re.sub(r"[^A-Za-z0-9]+", "-", request.node.nodeid)
    return Script(stage, name.encode("ascii", "ignore").decode())


@pytest.fixture
def client(stage: Stage, request: pytest.FixtureRequest):
    """The client of the vendor that the test's module is named for."""
    make = stage.anthropic if "anthropic" in request.module.__name__ else stage.openai
    with make() as client:
        yield client


@pytest.fixture(autouse=True)
def the_bill_is_the_ledger(stage: Stage, request: pytest.FixtureRequest):
    """To the nano-dollar, after each test, so that a difference names the test that made it."""
    yield
    if stage.governed:
        exact = request.node.get_closest_marker("cruel") is None
        assert stage.differences(exact) == []
