"""Forecasts."""

from sqlalchemy import Index

from kalshi_cli.adapters.store.tables._base import Record, big, key, maybe_big, refers, table, text


class ForecastRecord(Record, table=True):
    __tablename__ = "forecasts"
    __table_args__ = (Index(None, "ticker", "made_us"), Index(None, "made_us"))

    forecast_id: str = key()
    run_id: str = refers("runs.run_id")
    ticker: str = refers("markets.ticker")
    event_ticker: str
    category: str
    forecaster: str
    model: str
    made_us: int = big()
    probability: float
    low: float
    high: float
    logit_error: float
    weight: float
    market: float | None
    blended: float | None
    cost_units: int = big()
    rationale: str = text()
    label: str
    decision_id: str
    advice: str | None = None
    advice_limit_units: int | None = maybe_big()
    slope: float
    inputs: str
    prompt_version: str
    variant: str
    slope_error: float


FORECASTS = table(ForecastRecord)
