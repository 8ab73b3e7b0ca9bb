"""AI calls with their words, and what each day of them cost."""

from sqlmodel import Field

from kalshi_cli.adapters.store.tables._base import (
    Record,
    big,
    key,
    may_refer,
    maybe_big,
    maybe_text,
    refers,
    table,
    text,
)


class AiTextRecord(Record, table=True):
    """A prompt or an answer; its id is a hash of it. `body` is null once it was dropped."""

    __tablename__ = "ai_texts"

    text_id: str = key()
    body: str | None = maybe_text()


class AiCallRecord(Record, table=True):
    """One call; `cost_units` is null while it is in flight. The `*_text` are ids of texts, null
    where there is none; `parsed` is what an answer that could be used says, in JSON. `tools` are
    those that it might use at the provider, `citations` a JSON list of what it found there.
    """

    __tablename__ = "ai_calls"

    call_id: str = key()
    decision_id: str = Field(index=True)
    run_id: str = refers("runs.run_id", index=True)
    event_ticker: str = Field(index=True)
    role: str
    prompt_version: str
    requested_model: str
    served_model: str
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    reasoning_tokens: int
    reserved_units: int = big()
    cost_units: int | None = maybe_big()
    cost_source: str
    latency_ms: int | None = None
    outcome: str
    form: str | None
    reason: str = text()
    system_text: str = refers("ai_texts.text_id")
    user_text: str | None = may_refer("ai_texts.text_id")
    answer_text: str | None = may_refer("ai_texts.text_id")
    parsed: str | None = maybe_text()
    citations: str | None = maybe_text()
    provider: str
    tools: str
    searches: int
    called_us: int = big()
    called_wall_us: int = big(index=True)


class DailyAiCostRecord(Record, table=True):
    """`wall_day` counts UTC days since 1970, in real time."""

    __tablename__ = "daily_ai_cost"

    wall_day: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    calls: int
    cost_units: int = big()
    reserved_units: int = big()


AI_TEXTS = table(AiTextRecord)
AI_CALLS = table(AiCallRecord)
DAILY_AI_COST = table(DailyAiCostRecord)
