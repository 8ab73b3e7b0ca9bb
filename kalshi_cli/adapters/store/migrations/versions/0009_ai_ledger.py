"""Reserve the money of AI calls, and keep their prompts and answers whole.

No AI call was ever made before this: the table of calls is made anew, and is empty.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "ai_texts",
        sa.Column("text_id", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("text_id", name="pk_ai_texts"),
    )
    op.drop_table("ai_calls")
    op.create_table(
        "ai_calls",
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("decision_id", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("event_ticker", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("prompt_version", sa.String(), nullable=False),
        sa.Column("requested_model", sa.String(), nullable=False),
        sa.Column("served_model", sa.String(), nullable=False),
        sa.Column("prompt_tokens", sa.Integer(), nullable=False),
        sa.Column("cached_tokens", sa.Integer(), nullable=False),
        sa.Column("completion_tokens", sa.Integer(), nullable=False),
        sa.Column("reasoning_tokens", sa.Integer(), nullable=False),
        sa.Column("reserved_units", sa.BigInteger(), nullable=False),
        sa.Column("cost_units", sa.BigInteger(), nullable=True),
        sa.Column("cost_source", sa.String(), nullable=False),
        sa.Column("latency_ms", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("form", sa.String(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("system_text", sa.String(), nullable=False),
        sa.Column("user_text", sa.String(), nullable=True),
        sa.Column("answer_text", sa.String(), nullable=True),
        sa.Column("called_us", sa.BigInteger(), nullable=False),
        sa.Column("called_wall_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_ai_calls_run_id"),
        sa.ForeignKeyConstraint(
            ["system_text"], ["ai_texts.text_id"], name="fk_ai_calls_system_text"
        ),
        sa.ForeignKeyConstraint(["user_text"], ["ai_texts.text_id"], name="fk_ai_calls_user_text"),
        sa.ForeignKeyConstraint(
            ["answer_text"], ["ai_texts.text_id"], name="fk_ai_calls_answer_text"
        ),
        sa.PrimaryKeyConstraint("call_id", name="pk_ai_calls"),
    )
    for column in ("decision_id", "run_id", "event_ticker", "called_wall_us"):
        op.create_index(f"ix_ai_calls_{column}", "ai_calls", [column])
    with op.batch_alter_table("daily_ai_cost") as table:
        table.add_column(
            sa.Column("reserved_units", sa.BigInteger(), nullable=False, server_default="0")
        )
        table.alter_column("reserved_units", server_default=None)
    with op.batch_alter_table("forecasts") as table:
        table.add_column(sa.Column("decision_id", sa.String(), nullable=False, server_default=""))
        table.alter_column("decision_id", server_default=None)
        table.add_column(sa.Column("advice", sa.String(), nullable=True))
        table.add_column(sa.Column("advice_limit_units", sa.BigInteger(), nullable=True))
