"""What may become of a market, by Kalshi's page on its life."""

from collections.abc import Mapping
from types import MappingProxyType

from kalshi_cli.domain.market import MarketStatus

_S = MarketStatus
NEXT_STATUS: Mapping[MarketStatus, frozenset[MarketStatus]] = MappingProxyType(
    {
        _S.INITIALIZED: frozenset({_S.ACTIVE, _S.CLOSED}),
        _S.ACTIVE: frozenset({_S.INACTIVE, _S.CLOSED}),
        _S.INACTIVE: frozenset({_S.ACTIVE, _S.CLOSED}),
        _S.CLOSED: frozenset({_S.ACTIVE, _S.DETERMINED}),
        _S.DETERMINED: frozenset({_S.DISPUTED, _S.FINALIZED}),
        _S.DISPUTED: frozenset({_S.AMENDED, _S.DETERMINED, _S.FINALIZED}),
        _S.AMENDED: frozenset({_S.DISPUTED, _S.FINALIZED}),
        _S.FINALIZED: frozenset(),
    }
)
