"""Forecasts, the AI calls behind them and what those cost."""

from sqlalchemy import Index
from sqlmodel import Field

from kalshi_cli.adapters.store.tables._base import Record, big, key, refers, table, text


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


class AiCallRecord(Record, table=True):
    __tablename__ = "ai_calls"

    call_id: str = key()
    run_id: str = refers("runs.run_id", index=True)
    ticker: str = Field(index=True)
    role: str
    requested_model: str
    served_model: str
    prompt_tokens: int
    completion_tokens: int
    cost_units: int = big()
    latency_ms: int
    outcome: str = text()
    called_wall_us: int = big(index=True)


class DailyAiCostRecord(Record, table=True):
    """`wall_day` counts UTC days since 1970, in real time."""

    __tablename__ = "daily_ai_cost"

    wall_day: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    calls: int
    cost_units: int = big()


FORECASTS = table(ForecastRecord)
AI_CALLS = table(AiCallRecord)
DAILY_AI_COST = table(DailyAiCostRecord)
