"""The bounds of a queue on a real recording: ordered, and apart enough to be worth stating."""

from pathlib import Path

from kalshi_cli.adapters.sim.recordings.books import load_books
from kalshi_cli.engine.tape_queue import QueueRule
from studies.queue_bounds import filled, rendered


def test_on_a_real_recording_the_pessimist_fills_least(shared_data: Path):
    books = load_books(shared_data / "orderbook_stream" / "run_20260513T1640Z.jsonl.gz")
    found = {rule: filled(books, rule) for rule in QueueRule}
    least, likely, most = (found[rule].share for rule in QueueRule)
    assert 0.02 < least < likely < most < 0.98, rendered(found)
    assert len({each.orders for each in found.values()}) == 1
