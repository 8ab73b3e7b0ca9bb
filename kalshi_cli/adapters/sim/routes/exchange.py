"""Public routes of the exchange as a whole: status, schedule, how old its answers are."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kalshi_cli.adapters.sim.wire.markets import Wire, instant
from kalshi_cli.adapters.sim.wire.replies import reply
from kalshi_cli.adapters.sim.world.host import Host
from kalshi_cli.engine.schedule import PAUSE_HOURS, in_weekly_pause, weekly_pause
from kalshi_cli.engine.treasury import SHARDS

_DAYS = ("monday", "tuesday", "wednesday", "friday", "saturday", "sunday")
_FROM, _UNTIL = "2024-12-01T00:00:00Z", "2200-12-01T00:00:00Z"
_MIDNIGHT = "00:00"
_SHARD_NAMES = ("Default", "Combos", "Crypto & Commodities", "Tennis, Baseball & Basketball")


class ExchangeRoutes:
    """Answers questions about the exchange that `host` owns."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def routes(self) -> list[Route]:
        return [
            Route("/exchange/status", self.status),
            Route("/exchange/schedule", self.schedule),
            Route("/exchange/user_data_timestamp", self.user_data_timestamp),
        ]

    async def status(self, _request: Request) -> Response:
        """Of every shard; shard 0 speaks for the whole. Transfers go on while trading pauses."""
        exchange = self._host.exchange
        shards = [
            {
                "exchange_index": shard,
                "description": _SHARD_NAMES[shard],
                "exchange_active": True,
                "trading_active": not exchange.is_paused(shard),
                "intra_exchange_transfers_active": True,
            }
            for shard in SHARDS
        ]
        body: Wire = {
            "exchange_active": True,
            "trading_active": shards[0]["trading_active"],
            "intra_exchange_transfers_active": True,
            "exchange_index_statuses": shards,
        }
        if in_weekly_pause(exchange.now_us):
            body["exchange_estimated_resume_time"] = instant(weekly_pause(exchange.now_us)[1])
        return reply(body)

    async def schedule(self, _request: Request) -> Response:
        """The week by the clock in New York, and the next pause as an instant."""
        start_us, end_us = weekly_pause(self._host.exchange.now_us)
        window = {"start_datetime": instant(start_us), "end_datetime": instant(end_us)}
        schedule = {"standard_hours": [_week()], "maintenance_windows": [window]}
        return reply({"schedule": schedule})

    async def user_data_timestamp(self, _request: Request) -> Response:
        return reply({"as_of_time": instant(self._host.account_as_of())})


def _week() -> Wire:
    first, after = (f"{hour:02d}:00" for hour in PAUSE_HOURS)
    whole = [{"open_time": _MIDNIGHT, "close_time": _MIDNIGHT}]
    thursday = [
        {"open_time": _MIDNIGHT, "close_time": first},
        {"open_time": after, "close_time": _MIDNIGHT},
    ]
    return {
        "start_time": _FROM,
        "end_time": _UNTIL,
        "thursday": thursday,
        **dict.fromkeys(_DAYS, whole),
    }
