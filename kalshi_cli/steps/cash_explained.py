"""What makes up a difference of cash, in words and to the last unit."""

from collections.abc import Iterable

from kalshi_cli.domain.account import Settlement
from kalshi_cli.domain.history import Entry
from kalshi_cli.domain.money import Money
from kalshi_cli.steps.missing_facts import Record


def as_shown(history: Iterable[Entry], record: Record) -> list[Entry]:
    """The history without what the exchange shows no more, and with fills as it shows them now.

    What it cannot show, because a row is illegible or older than its archive tells, stays.
    """
    fills = {fill.fill_id: fill for fill in record.fills}
    settled = {settlement.ticker for settlement in record.settlements}
    shown: list[Entry] = []
    for entry in history:
        if isinstance(entry, Settlement):
            is_shown = entry.ticker in settled or entry.settled_us < record.settled_from_us
            shown += [entry] if is_shown else []
            continue
        fill, owner = entry
        is_shown = fill.fill_id in fills or fill.ticker in record.illegible_fills
        shown += [(fills.get(fill.fill_id, fill), owner)] if is_shown else []
    return shown


def cash_explained(ours: Money, theirs: Money, after: Money, shown: Money) -> tuple[str, str]:
    """What explains the exchange's cash, and the repair that is proved.

    `after` is the ledger's once the missing facts are booked, `shown` what it would be by what the
    exchange shows now.
    """
    parts = [
        ("the missing facts make up", after - ours),
        ("facts that the exchange shows no more, or otherwise, make up", shown - after),
    ]
    told = [f"{words} {amount}" for words, amount in parts if amount]
    if theirs != shown:
        told.append(f"nothing {'on record ' if not told else ''}explains {theirs - shown}")
    elif len(told) == 1:
        told = [f"{words} all of {amount}" for words, amount in parts if amount]
    if after == ours:
        return ", ".join(told), ""
    return ", ".join(told), "book them" if theirs == after else "book them; the rest stays"
