"""Routes about the use of the API itself: budgets, what requests cost, the account's keys."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kalshi_cli.adapters.sim.access.auth import KeyRing
from kalshi_cli.adapters.sim.access.budgets import COSTS, Budgets
from kalshi_cli.adapters.sim.wire.replies import reply
from kalshi_cli.domain.instant import DAY, SECOND
from kalshi_cli.engine.limits import DEFAULT_COST, Allowance, limits_of

_ATTESTED_US = 365 * DAY
"""How long the account's location counts as attested once the exchange is opened."""


class CostRoutes:
    """Public: what requests cost that do not cost the default."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix

    def routes(self) -> list[Route]:
        return [Route("/account/endpoint_costs", self.costs)]

    async def costs(self, _request: Request) -> Response:
        rows = [
            {"method": method, "path": f"{self._prefix}{_as_listed(path)}", "cost": cost}
            for (method, path), cost in COSTS.items()
        ]
        return reply({"default_cost": DEFAULT_COST, "endpoint_costs": rows})


class AccountRoutes:
    """Signed: the account's budgets and its keys."""

    def __init__(self, budgets: Budgets, keys: KeyRing, opened_wall_us: int) -> None:
        self._budgets, self._keys = budgets, keys
        self._attested_until_s = (opened_wall_us + _ATTESTED_US) // SECOND

    def routes(self) -> list[Route]:
        return [
            Route("/account/limits", self.limits, methods=["GET"]),
            Route("/api_keys", self.keys, methods=["GET"]),
        ]

    async def limits(self, _request: Request) -> Response:
        limits = limits_of(self._budgets.tier)
        return reply(
            {
                "usage_tier": self._budgets.tier,
                "read": _bucket(limits.read),
                "write": _bucket(limits.write),
                "grants": [],
            }
        )

    async def keys(self, request: Request) -> Response:
        """Every key; none is bound to a subtrader."""
        bound = request.query_params.get("fcm_subtrader_id")
        rows = [
            {"api_key_id": key_id, "name": key.name, "scopes": sorted(key.scopes)}
            for key_id, key in self._keys.keys.items()
            if not bound
        ]
        return reply({"api_keys": rows, "api_key_region_expiration_ts": self._attested_until_s})


def _bucket(allowance: Allowance) -> dict[str, int]:
    return {"refill_rate": allowance.rate, "bucket_capacity": allowance.capacity}


def _as_listed(path: str) -> str:
    """A path with its parameters as the exchange lists them: `:order_id`."""
    return path.replace("{", ":").replace("}", "")
