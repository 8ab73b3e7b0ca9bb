"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "balance_snapshots",
        sa.Column("at_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("cash_units", sa.BigInteger(), nullable=False),
        sa.Column("equity_units", sa.BigInteger(), nullable=False),
        sa.Column("liquidation_units", sa.BigInteger(), nullable=False),
        sa.Column("unmarked", sa.Integer(), nullable=False),
        sa.Column("positions", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("at_us", name=op.f("pk_balance_snapshots")),
    )
    op.create_table(
        "cash_movements",
        sa.Column("movement_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("amount_units", sa.BigInteger(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("movement_id", name=op.f("pk_cash_movements")),
    )
    op.create_table(
        "daily_ai_cost",
        sa.Column("wall_day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("cost_units", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("wall_day", name=op.f("pk_daily_ai_cost")),
    )
    op.create_table(
        "desk_requests",
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("asked_wall_us", sa.BigInteger(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("exit_code", sa.Integer(), nullable=True),
        sa.Column("answered_wall_us", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_desk_requests")),
    )
    op.create_table(
        "desk_states",
        sa.Column("change_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("changed_wall_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("change_id", name=op.f("pk_desk_states")),
    )
    op.create_table(
        "exit_plans",
        sa.Column("ticker", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("stop_price_units", sa.BigInteger(), nullable=True),
        sa.Column("target_price_units", sa.BigInteger(), nullable=True),
        sa.Column("leave_by_us", sa.BigInteger(), nullable=True),
        sa.Column("entry_confidence", sa.Float(), nullable=True),
        sa.Column("entry_fair", sa.Float(), nullable=True),
        sa.Column("made_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("ticker", "owner", name=op.f("pk_exit_plans")),
    )
    op.create_table(
        "fills",
        sa.Column("fill_id", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("ticker", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("price_units", sa.BigInteger(), nullable=False),
        sa.Column("count_units", sa.BigInteger(), nullable=False),
        sa.Column("is_taker", sa.Boolean(), nullable=False),
        sa.Column("fee_units", sa.BigInteger(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("exchange_index", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("fill_id", name=op.f("pk_fills")),
    )
    op.create_index(op.f("ix_fills_at_us"), "fills", ["at_us"], unique=False)
    op.create_index(op.f("ix_fills_order_id"), "fills", ["order_id"], unique=False)
    op.create_index(op.f("ix_fills_ticker_at_us"), "fills", ["ticker", "at_us"], unique=False)
    op.create_table(
        "identity",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("env", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("world", sa.String(), nullable=False),
        sa.Column("nonce", sa.LargeBinary(), nullable=False),
        sa.Column("created_wall_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_identity")),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("acquired_wall_us", sa.BigInteger(), nullable=False),
        sa.Column("renewed_wall_us", sa.BigInteger(), nullable=False),
        sa.Column("expires_wall_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.create_table(
        "markers",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("instant_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_markers")),
    )
    op.create_table(
        "positions",
        sa.Column("ticker", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("net_units", sa.BigInteger(), nullable=False),
        sa.Column("cost_units", sa.BigInteger(), nullable=False),
        sa.Column("realized_units", sa.BigInteger(), nullable=False),
        sa.Column("fees_units", sa.BigInteger(), nullable=False),
        sa.Column("opened_us", sa.BigInteger(), nullable=True),
        sa.Column("updated_us", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("ticker", "owner", name=op.f("pk_positions")),
    )
    op.create_table(
        "round_trips",
        sa.Column("round_trip_id", sa.String(), nullable=False),
        sa.Column("ticker", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("count_units", sa.BigInteger(), nullable=False),
        sa.Column("entry_cost_units", sa.BigInteger(), nullable=False),
        sa.Column("proceeds_units", sa.BigInteger(), nullable=False),
        sa.Column("fees_units", sa.BigInteger(), nullable=False),
        sa.Column("opened_us", sa.BigInteger(), nullable=False),
        sa.Column("closed_us", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("round_trip_id", name=op.f("pk_round_trips")),
    )
    op.create_index(op.f("ix_round_trips_closed_us"), "round_trips", ["closed_us"], unique=False)
    op.create_index(
        op.f("ix_round_trips_ticker_owner"), "round_trips", ["ticker", "owner"], unique=False
    )
    op.create_table(
        "runs",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("command", sa.String(), nullable=False),
        sa.Column("started_us", sa.BigInteger(), nullable=False),
        sa.Column("started_wall_us", sa.BigInteger(), nullable=False),
        sa.Column("ended_us", sa.BigInteger(), nullable=True),
        sa.Column("ended_wall_us", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_runs")),
        sa.UniqueConstraint("number", name=op.f("uq_runs_number")),
    )
    op.create_table(
        "series",
        sa.Column("ticker", sa.String(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("fee_type", sa.String(), nullable=False),
        sa.Column("fee_multiplier_units", sa.BigInteger(), nullable=False),
        sa.Column("frequency", sa.String(), nullable=False),
        sa.Column("exchange_index", sa.Integer(), nullable=False),
        sa.Column("row_hash", sa.BigInteger(), nullable=False),
        sa.Column("changed_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("ticker", name=op.f("pk_series")),
    )
    op.create_table(
        "settlements",
        sa.Column("ticker", sa.String(), nullable=False),
        sa.Column("settled_us", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("event_ticker", sa.String(), nullable=False),
        sa.Column("result", sa.String(), nullable=False),
        sa.Column("value_units", sa.BigInteger(), nullable=False),
        sa.Column("net_units", sa.BigInteger(), nullable=False),
        sa.Column("revenue_units", sa.BigInteger(), nullable=False),
        sa.Column("fee_units", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("ticker", "settled_us", "revision", name=op.f("pk_settlements")),
    )
    op.create_table(
        "ai_calls",
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("ticker", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("requested_model", sa.String(), nullable=False),
        sa.Column("served_model", sa.String(), nullable=False),
        sa.Column("prompt_tokens", sa.Integer(), nullable=False),
        sa.Column("completion_tokens", sa.Integer(), nullable=False),
        sa.Column("cost_units", sa.BigInteger(), nullable=False),
        sa.Column("latency_ms", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("called_wall_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name=op.f("fk_ai_calls_run_id")),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_ai_calls")),
    )
    op.create_index(
        op.f("ix_ai_calls_called_wall_us"), "ai_calls", ["called_wall_us"], unique=False
    )
    op.create_index(op.f("ix_ai_calls_run_id"), "ai_calls", ["run_id"], unique=False)
    op.create_index(op.f("ix_ai_calls_ticker"), "ai_calls", ["ticker"], unique=False)
    op.create_table(
        "denials",
        sa.Column("denial_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("strategy", sa.String(), nullable=False),
        sa.Column("ticker", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("limit", sa.String(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name=op.f("fk_denials_run_id")),
        sa.PrimaryKeyConstraint("denial_id", name=op.f("pk_denials")),
    )
    op.create_index(op.f("ix_denials_run_id"), "denials", ["run_id"], unique=False)
    op.create_index(op.f("ix_denials_ticker_at_us"), "denials", ["ticker", "at_us"], unique=False)
    op.create_table(
        "events",
        sa.Column("event_ticker", sa.String(), nullable=False),
        sa.Column("series_ticker", sa.String(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("sub_title", sa.Text(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("mutually_exclusive", sa.Boolean(), nullable=False),
        sa.Column("fee_type", sa.String(), nullable=True),
        sa.Column("fee_multiplier_units", sa.BigInteger(), nullable=True),
        sa.Column("strike_us", sa.BigInteger(), nullable=True),
        sa.Column("exchange_index", sa.Integer(), nullable=False),
        sa.Column("row_hash", sa.BigInteger(), nullable=False),
        sa.Column("changed_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["series_ticker"], ["series.ticker"], name=op.f("fk_events_series_ticker")
        ),
        sa.PrimaryKeyConstraint("event_ticker", name=op.f("pk_events")),
    )
    op.create_index(op.f("ix_events_series_ticker"), "events", ["series_ticker"], unique=False)
    op.create_table(
        "funnel_counts",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("pass_number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name=op.f("fk_funnel_counts_run_id")),
        sa.PrimaryKeyConstraint("run_id", "pass_number", "name", name=op.f("pk_funnel_counts")),
    )
    op.create_table(
        "performance_snapshots",
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("strategy", sa.String(), nullable=False),
        sa.Column("realized_units", sa.BigInteger(), nullable=False),
        sa.Column("unrealized_units", sa.BigInteger(), nullable=False),
        sa.Column("fees_units", sa.BigInteger(), nullable=False),
        sa.Column("ai_cost_units", sa.BigInteger(), nullable=False),
        sa.Column("round_trips", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["at_us"], ["balance_snapshots.at_us"], name=op.f("fk_performance_snapshots_at_us")
        ),
        sa.PrimaryKeyConstraint("at_us", "strategy", name=op.f("pk_performance_snapshots")),
    )
    op.create_table(
        "markets",
        sa.Column("ticker", sa.String(), nullable=False),
        sa.Column("event_ticker", sa.String(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("open_us", sa.BigInteger(), nullable=False),
        sa.Column("close_us", sa.BigInteger(), nullable=False),
        sa.Column("latest_expiration_us", sa.BigInteger(), nullable=False),
        sa.Column("grid", sa.String(), nullable=True),
        sa.Column("expected_expiration_us", sa.BigInteger(), nullable=True),
        sa.Column("strike_type", sa.String(), nullable=False),
        sa.Column("floor_strike", sa.String(), nullable=True),
        sa.Column("cap_strike", sa.String(), nullable=True),
        sa.Column("rules_primary", sa.Text(), nullable=False),
        sa.Column("rules_secondary", sa.Text(), nullable=False),
        sa.Column("can_close_early", sa.Boolean(), nullable=False),
        sa.Column("settlement_timer_s", sa.Integer(), nullable=False),
        sa.Column("settlement_bounds_type", sa.String(), nullable=False),
        sa.Column("fee_waiver_expires_us", sa.BigInteger(), nullable=True),
        sa.Column("result", sa.String(), nullable=True),
        sa.Column("settlement_value_units", sa.BigInteger(), nullable=True),
        sa.Column("settlement_us", sa.BigInteger(), nullable=True),
        sa.Column("exchange_index", sa.Integer(), nullable=False),
        sa.Column("updated_us", sa.BigInteger(), nullable=True),
        sa.Column("row_hash", sa.BigInteger(), nullable=False),
        sa.Column("changed_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_ticker"], ["events.event_ticker"], name=op.f("fk_markets_event_ticker")
        ),
        sa.PrimaryKeyConstraint("ticker", name=op.f("pk_markets")),
    )
    op.create_index(op.f("ix_markets_event_ticker"), "markets", ["event_ticker"], unique=False)
    op.create_index(op.f("ix_markets_status"), "markets", ["status"], unique=False)
    op.create_table(
        "forecasts",
        sa.Column("forecast_id", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("ticker", sa.String(), nullable=False),
        sa.Column("event_ticker", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("forecaster", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("made_us", sa.BigInteger(), nullable=False),
        sa.Column("probability", sa.Float(), nullable=False),
        sa.Column("low", sa.Float(), nullable=False),
        sa.Column("high", sa.Float(), nullable=False),
        sa.Column("logit_error", sa.Float(), nullable=False),
        sa.Column("weight", sa.Float(), nullable=False),
        sa.Column("market", sa.Float(), nullable=True),
        sa.Column("blended", sa.Float(), nullable=True),
        sa.Column("cost_units", sa.BigInteger(), nullable=False),
        sa.Column("rationale", sa.Text(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name=op.f("fk_forecasts_run_id")),
        sa.ForeignKeyConstraint(["ticker"], ["markets.ticker"], name=op.f("fk_forecasts_ticker")),
        sa.PrimaryKeyConstraint("forecast_id", name=op.f("pk_forecasts")),
    )
    op.create_index(op.f("ix_forecasts_made_us"), "forecasts", ["made_us"], unique=False)
    op.create_index(
        op.f("ix_forecasts_ticker_made_us"), "forecasts", ["ticker", "made_us"], unique=False
    )
    op.create_table(
        "quote_history",
        sa.Column("bid_price_units", sa.BigInteger(), nullable=True),
        sa.Column("bid_count_units", sa.BigInteger(), nullable=True),
        sa.Column("ask_price_units", sa.BigInteger(), nullable=True),
        sa.Column("ask_count_units", sa.BigInteger(), nullable=True),
        sa.Column("last_price_units", sa.BigInteger(), nullable=True),
        sa.Column("volume_units", sa.BigInteger(), nullable=False),
        sa.Column("volume_24h_units", sa.BigInteger(), nullable=False),
        sa.Column("open_interest_units", sa.BigInteger(), nullable=False),
        sa.Column("ticker", sa.String(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticker"], ["markets.ticker"], name=op.f("fk_quote_history_ticker")
        ),
        sa.PrimaryKeyConstraint("ticker", "at_us", "why", name=op.f("pk_quote_history")),
    )
    op.create_table(
        "quotes",
        sa.Column("bid_price_units", sa.BigInteger(), nullable=True),
        sa.Column("bid_count_units", sa.BigInteger(), nullable=True),
        sa.Column("ask_price_units", sa.BigInteger(), nullable=True),
        sa.Column("ask_count_units", sa.BigInteger(), nullable=True),
        sa.Column("last_price_units", sa.BigInteger(), nullable=True),
        sa.Column("volume_units", sa.BigInteger(), nullable=False),
        sa.Column("volume_24h_units", sa.BigInteger(), nullable=False),
        sa.Column("open_interest_units", sa.BigInteger(), nullable=False),
        sa.Column("ticker", sa.String(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("row_hash", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["ticker"], ["markets.ticker"], name=op.f("fk_quotes_ticker")),
        sa.PrimaryKeyConstraint("ticker", name=op.f("pk_quotes")),
    )
    op.create_table(
        "orders",
        sa.Column("client_order_id", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("strategy", sa.String(), nullable=False),
        sa.Column("ticker", sa.String(), nullable=False),
        sa.Column("event_ticker", sa.String(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("limit_price_units", sa.BigInteger(), nullable=False),
        sa.Column("count_units", sa.BigInteger(), nullable=False),
        sa.Column("time_in_force", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("post_only", sa.Boolean(), nullable=False),
        sa.Column("reduce_only", sa.Boolean(), nullable=False),
        sa.Column("fair", sa.Float(), nullable=True),
        sa.Column("forecast_id", sa.String(), nullable=True),
        sa.Column("expires_us", sa.BigInteger(), nullable=True),
        sa.Column("exchange_index", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("pending", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=True),
        sa.Column("filled_units", sa.BigInteger(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("updated_us", sa.BigInteger(), nullable=False),
        sa.Column("entry_key", sa.String(), nullable=True),
        sa.Column("lease_token", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["forecast_id"], ["forecasts.forecast_id"], name=op.f("fk_orders_forecast_id")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name=op.f("fk_orders_run_id")),
        sa.PrimaryKeyConstraint("client_order_id", name=op.f("pk_orders")),
        sa.UniqueConstraint("entry_key", name=op.f("uq_orders_entry_key")),
        sa.UniqueConstraint("order_id", name=op.f("uq_orders_order_id")),
    )
    op.create_index(op.f("ix_orders_created_us"), "orders", ["created_us"], unique=False)
    op.create_index(op.f("ix_orders_run_id"), "orders", ["run_id"], unique=False)
    op.create_index(op.f("ix_orders_state"), "orders", ["state"], unique=False)
    op.create_index(
        op.f("ix_orders_ticker_created_us"), "orders", ["ticker", "created_us"], unique=False
    )
