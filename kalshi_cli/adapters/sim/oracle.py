"""A forecaster that looks at the simulated truth: for studies of the desk, in sim only."""

import hashlib
from statistics import NormalDist

from kalshi_cli.adapters.sim.simulation import Simulation
from kalshi_cli.domain.forecast import Judgement, Probability, probability
from kalshi_cli.engine.series_plan import market_logit_error
from kalshi_cli.errors import ConfigError
from kalshi_cli.forecasting.blend import inverse_variance_weight
from kalshi_cli.forecasting.logit import interval_80
from kalshi_cli.forecasting.oracle import blurred
from kalshi_cli.ports.forecaster import Judged, Planned, Question

_STANDARD = NormalDist()
_LEAST_ERROR = 0.02
_NEAREST = 1e-4


class OracleForecaster:
    """`ports.forecaster.Forecaster`: the truth blurred by `logit_error`, one draw for each
    (seed, ticker, instant).

    Raises `ConfigError` where the world knows no truth.
    """

    name = "oracle"
    at_once = 1

    def __init__(self, simulation: Simulation, logit_error: float, seed: int) -> None:
        if not simulation.knows_truth:
            raise ConfigError(
                "The oracle needs a generated world: a recording holds no truth.",
                remedy="Use --forecaster baseline in recorded worlds.",
            )
        self._simulation = simulation
        self._logit_error = logit_error
        self._seed = seed

    @property
    def label(self) -> str:
        return f"oracle: simulated truth blurred by {self._logit_error:g} logits, sim only"

    def preview(self, question: Question) -> tuple[Planned, ...]:  # noqa: ARG002 - no call at all
        return ()

    async def judge(self, question: Question) -> Judged:
        """A judgement of each market whose truth is known, weighed against the world's crowd."""
        market_error = market_logit_error(question.category, self._simulation.climates)
        weight = inverse_variance_weight(market_error, self._logit_error)
        asked = [listing.market.ticker for listing in question.listings]
        found = [(ticker, self._simulation.truth(ticker)) for ticker in asked]
        return Judged(
            tuple(
                self._judgement(ticker, truth, weight, question.now_us)
                for ticker, truth in found
                if truth is not None
            )
        )

    def _judgement(self, ticker: str, truth: float, weight: float, now_us: int) -> Judgement:
        chance = self._blurred(ticker, truth, now_us)
        low, high = interval_80(chance, max(self._logit_error, _LEAST_ERROR))
        return Judgement(
            ticker=ticker,
            probability=chance,
            low=low,
            high=high,
            logit_error=self._logit_error,
            weight=weight,
            rationale="The simulated truth, blurred.",
            model=self.name,
        )

    def _blurred(self, ticker: str, truth: float, now_us: int) -> Probability:
        """A truth that is settled already is shown as all but certain: logits have no end."""
        inside = min(max(truth, _NEAREST), 1.0 - _NEAREST)
        told = blurred(inside, self._logit_error, self._noise(ticker, now_us))
        return probability(min(max(told, _NEAREST), 1.0 - _NEAREST))

    def _noise(self, ticker: str, now_us: int) -> float:
        """A standard normal draw that depends on nothing but (seed, ticker, instant)."""
        text = f"{self._seed}\x1f{ticker}\x1f{now_us}"
        digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
        return _STANDARD.inv_cdf((int.from_bytes(digest) + 0.5) / 2**64)
