"""The public route of incentive programmes."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kalshi_cli.adapters.sim.stream.wire import market_id
from kalshi_cli.adapters.sim.wire.markets import Wire, instant
from kalshi_cli.adapters.sim.wire.query import Query
from kalshi_cli.adapters.sim.wire.replies import page, reply
from kalshi_cli.adapters.sim.world.host import Host
from kalshi_cli.engine.incentives import IncentiveKind, IncentiveProgram, Stage, programs

_KINDS = {"all", *IncentiveKind, "margin_maker_volume", "margin_taker_volume"}
_MOST = 10_000
_TEXTS = {
    IncentiveKind.LIQUIDITY: "Rewards resting orders near the best price",
    IncentiveKind.VOLUME: "Rewards trading volume",
}


class IncentiveRoutes:
    """Tells the programmes of the markets that the exchange of `host` ever listed."""

    def __init__(self, host: Host) -> None:
        self._exchange = host.exchange

    def routes(self) -> list[Route]:
        return [Route("/incentive_programs", self.programs)]

    async def programs(self, request: Request) -> Response:
        query = Query("GetIncentivePrograms", request.query_params)
        limit = query.limit(most=_MOST)
        stage = query.word("status", {"all", *Stage})
        kind, text = query.word("type", _KINDS), query.text("incentive_description")
        now_us = self._exchange.now_us
        found, cursor = page(
            self._all(),
            limit,
            query.text("cursor"),
            lambda each: (
                stage in {"", "all", each.stage(now_us)}
                and kind in {"", "all", each.kind}
                and text in {"", _TEXTS[each.kind]}
            ),
        )
        wire = [_wire(each, self._exchange.world.world_id) for each in found]
        return reply({"incentive_programs": wire, "next_cursor": cursor})

    def _all(self) -> list[IncentiveProgram]:
        """In order of listing."""
        catalog, world_id = self._exchange.catalog, self._exchange.world.world_id
        return [
            program
            for ticker, event in catalog.events.items()
            for leg in catalog.legs[ticker]
            for program in programs(world_id, event, catalog.markets[leg])
        ]


def _wire(program: IncentiveProgram, world_id: str) -> Wire:
    """Rewards are in centi-cents: $0.0001."""
    wire: Wire = {
        "id": program.program_id,
        "market_id": market_id(world_id, program.ticker),
        "market_ticker": program.ticker,
        "incentive_type": program.kind,
        "incentive_description": _TEXTS[program.kind],
        "start_date": instant(program.start_us),
        "end_date": instant(program.end_us),
        "period_reward": program.reward.units // 100,
        "paid_out": program.paid_out,
    }
    if program.target is not None:
        wire["target_size_fp"] = str(program.target)
    if program.discount_bps is not None:
        wire["discount_factor_bps"] = program.discount_bps
    return wire
