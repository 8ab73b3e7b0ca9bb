"""Pages of public trades, live and historical."""

from starlette.responses import Response

from kalshi_cli.adapters.sim.wire.books import trade_wire
from kalshi_cli.adapters.sim.wire.query import Query
from kalshi_cli.adapters.sim.wire.replies import at_position, read_position, reply
from kalshi_cli.engine.print_log import Print, PrintLog


def trades_page(query: Query, log: PrintLog, first: int, end: int) -> Response:
    """One page of the trades from one position to before another, newest first.

    Block trades are made away from the book, and there are none.
    """
    limit, span = query.limit(least=0), query.span("")
    if span.start_us is not None:
        first = max(first, log.since(span.start_us))
    if span.end_us is not None:
        end = min(end, log.since(span.end_us + 1))
    if query.flag_if_given("is_block_trade"):
        end = first
    end = min(end, read_position(query.text("cursor"), end))
    found: list[Print] = []
    cursor = ""
    for each in log.newest_first(query.text("ticker"), end):
        if each.position < first:
            break
        if len(found) == limit:
            cursor = at_position(found[-1].position)
            break
        found.append(each)
    return reply({"trades": [trade_wire(each.trade) for each in found], "cursor": cursor})
