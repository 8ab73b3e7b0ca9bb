"""The recorded streams through the desk's client: every recording, and with faults put in."""

from pathlib import Path

import pytest

from studies.book_agreement import DUE
from studies.stream_replay import Faults, Replay, agreement, replayed
from studies.test_book_agreement import FOUND

FAULTS = Faults(drop=0.002, twice=0.01, late=0.005, reset=0.0005, stall=0.002)


def played(shared_data: Path, name: str, faults: Faults | None = None) -> Replay:
    return replayed(shared_data / "orderbook_stream" / f"{name}.jsonl.gz", faults)


@pytest.mark.slow
@pytest.mark.parametrize("name", FOUND)
def test_a_recording_agrees_with_its_ticker(shared_data: Path, name: str):
    """As often as the reader of recordings, which shares with the client how a level changes."""
    found = played(shared_data, name)
    assert found.unknown == found.wrong == 0
    assert found.compared >= found.changes // 60
    assert agreement(found) == (FOUND[name].compared, FOUND[name].agreed)


@pytest.mark.parametrize("name", ["run_20260513T1640Z", "run_20260513T1808Z"])
def test_faults_make_a_book_unknown_and_never_wrong(shared_data: Path, name: str):
    """Frames lost, doubled and out of order, stalls and broken connections, some five hundred of
    them: what is shown is the true book, and it is back within a few frames."""
    found = played(shared_data, name, FAULTS)
    assert found.wrong == 0
    assert found.compared > 300
    assert 0 < found.unknown < found.changes / 100
    told, agreed = agreement(found)
    assert told == FOUND[name].compared
    assert agreed / told >= DUE


def test_the_measure_can_fail(shared_data: Path):
    """Books whose bids are two cents off disagree."""
    name = "run_20260513T1640Z"
    found = played(shared_data, name)
    for touches in found.touches.values():
        touches[:] = [(at_us, bid - 200, ask) for at_us, bid, ask in touches]
    told, agreed = agreement(found)
    assert agreed / told < DUE
