"""Every setting and its default, once. Shares are fractions of the bankroll; `_s` is seconds."""

from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from kalshi_cli.domain.identity import Env
from kalshi_cli.domain.money import Money
from kalshi_cli.domain.shares import Rebalanced, Shares, in_force
from kalshi_cli.settings.values import (
    Count,
    CountLimit,
    Day,
    Dollars,
    GroupLimit,
    ModelName,
    Names,
    NotNegative,
    OffOrShare,
    Positive,
    Rule,
    Share,
    ShareLimit,
    Tools,
    name_or_off,
    number,
)


class Section(BaseModel):
    """A table of the config file. Unknown keys are errors."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True)


class Trading(Section):
    strategies: Names = ("directional_trading",)
    """Which strategies propose trades."""
    max_strategy_faults: Count = 3
    """A strategy that fails so many passes in a row is not asked again until it is forgiven."""
    preset: Literal["beast", "disciplined"] = "beast"
    """`disciplined` means kelly_fraction 0.25, max_single_position 0.03 and min_net_edge 0.02."""
    forecaster: Literal["grok", "baseline", "oracle"] | None = None
    """Who forecasts; unset means baseline in sim, elsewhere grok where there is an XAI_API_KEY and
    nobody where there is none. The oracle exists in sim only."""
    oracle_error: NotNegative = 0.0
    """How far the oracle blurs the simulated truth, in logits."""
    kelly_fraction: Share = 0.75
    """Share of the Kelly stake that is bet."""
    max_single_position: ShareLimit = 0.05
    """Largest stake of one entry; no order costs more, its fee included."""
    min_net_edge: Share = 0.01
    """Least edge of an entry, in dollars a contract after fees."""
    min_confidence_threshold: Share = 0.45
    """Forecasts less confident than this are stored and propose nothing."""
    min_confidence_to_trade: Share = 0.50
    """Entries need a forecast at least this confident (1 - width of its 80 % interval)."""
    resting_minutes: Positive = 30.0
    """How long a resting entry waits for a fill before it expires."""
    cancel_entries_on_pause: bool = True
    """Resting entries ask the exchange to cancel them when trading pauses: they would wake to
    another market. Exits never do."""
    probation_stake: Share = 0.0025
    """Largest stake of an entry with real money until its strategy has evidence."""
    capital_limit: Dollars = None
    """Dollars that sizing may count as bankroll, or "unlimited" for the whole account."""
    keep_denials_days: Rule = 30.0
    """Days of market time that denials are kept, or "off" for ever. Those of a market where an
    order lives or something is held stay; orders and what happened to them always do."""
    on_stop: Literal["cancel_entries", "leave"] = "cancel_entries"
    """What the first Ctrl-C does with our resting entries. Exits always stay. A loop that has done
    its `--cycles` leaves both, as a single `trade` does: the next run goes on with them."""


class Portfolio(Section):
    method: Literal["kelly", "risk_parity", "fixed"] = "kelly"
    """How entries are sized: by the growth the forecasts promise, each with the same part in the
    risk of all, or a fixed share of the bankroll each."""
    contracts: Literal["whole", "fractional"] = "whole"
    """Whether entries are whole contracts, or hundredths of one: the exchange takes both."""
    lend_unused_shares: bool = False
    """Whether what one strategy leaves of its share may be used by another that runs. It is called
    back when its owner wants it: then those who borrowed enter nothing new until they are back
    inside their own. Nothing is sold for it."""
    fixed_stake: Share = 0.03
    """`fixed`: stake of each entry."""
    target_risk: Share = 0.05
    """`risk_parity`: standard deviation of the profit of all entries and holdings together."""


class Allocation(Section):
    directional_trading: Share = 0.40
    """Share of the bankroll for directional trading."""
    market_making: Share = 0.30
    """Share of the bankroll for market making."""
    quick_flip_scalping: Share = 0.30
    """Share of the bankroll for quick flips."""
    others: dict[str, Share] = {}
    """Shares of strategies of your own, which a share here makes run: others.NAME = 0.05."""

    @property
    def shares(self) -> dict[str, float]:
        """Each strategy's share of the bankroll."""
        named = {name: getattr(self, name) for name in type(self).model_fields if name != "others"}
        return {**named, **self.others}


class MarketMaking(Section):
    max_quoted_markets: Count = 6
    """Most markets quoted at a time."""
    quote_share: Share = 0.005
    """Share of the bankroll that one quote may cost."""
    inventory_share: Share = 0.02
    """Share of the bankroll that what quotes brought in may lose, a market."""
    risk_aversion: Positive = 0.1
    """How much farther apart quotes are where markets move, and how far they give way to what is
    held: Avellaneda and Stoikov's gamma, for log-odds and a full inventory."""
    quote_minutes: Positive = 20.0
    """How long a quote lives that nobody attends to; it is renewed while it is wanted."""


class QuickFlip(Section):
    watched_markets: Count = 20
    """Most markets whose tape is read in one round of trading: the busiest that may be flipped."""
    push_minutes: Positive = 5.0
    """How far back a push is looked for in the tape."""
    hold_minutes: Positive = 30.0
    """How long a flip may last before it is sold to who bids."""
    flip_share: Share = 0.01
    """Share of the bankroll that one flip may cost."""


class Filters(Section):
    min_volume: NotNegative = 200.0
    """Least volume of a market, in contracts."""
    max_days_to_expiry: Positive = 30.0
    """Markets that end later than this are dropped."""
    min_minutes_to_close: NotNegative = 10.0
    """Markets that close sooner than this are dropped."""
    max_filter_spread: Share = 0.20
    """Widest spread, in dollars."""
    allow_series: Names = ()
    """Where not empty: only these series."""
    block_series: Names = ()
    """Never these series."""
    allow_categories: Names = ()
    """Where not empty: only these categories."""
    block_categories: Names = ()
    """Never these categories."""
    allow_tickers: Names = ()
    """Where not empty: only these markets."""
    block_tickers: Names = ()
    """Never these markets."""


class Exits(Section):
    stop_loss: OffOrShare = None
    """Leave after losing this share of the entry price, or "off": a binary price that moved
    against a sound forecast is no reason to sell. Never nearer to the entry price than twice the
    spread and both fees; where that is farther, the plan tells both. Levels that a strategy states
    itself come before those of this section. What quotes bring in, quotes take out again: it has no
    stop, target or trailing stop."""
    take_profit: Rule = None
    """Leave after gaining this share of the entry price, or "off"."""
    trailing_stop: OffOrShare = None
    """Leave when the bid has fallen from the best one since entry by this share of the entry price,
    or "off". Never by less than twice the spread and both fees at entry."""
    value_exit: OffOrShare = 0.01
    """Leave where selling brings this much more than holding is worth, in dollars a contract after
    the fee, or "off". Holding is worth the forecast beside the market of that moment; for entries
    that were made on one."""
    forecast_half_life_hours: Positive = 6.0
    """Hours of market time in which a forecast loses half its say about what is held."""
    target_confidence_change: Share = 0.15
    """Leave when a forecast made since entry, or its confidence, has moved against what is held by
    more than this."""
    leave_before_close_minutes: Rule = None
    """Leave this many minutes before the market closes, or "off" to hold to settlement: whatever
    any strategy holds, unless it states its own. From then on no market is entered."""
    max_hold_hours: Rule = 72.0
    """Leave after this many hours, or "off". Directional trades have their own."""
    directional_max_hold_hours: Rule = None
    """Leave a directional trade after this many hours, or "off" to hold it to settlement."""


class Risk(Section):
    max_positions: CountLimit = 15
    """Most markets held or entered at a time."""
    max_trades_per_hour: CountLimit = 15
    """Most entries in any hour of market time."""
    max_orders_per_minute: CountLimit = 60
    """Most orders of any kind in any minute of market time: what goes faster has run away."""
    max_entries_per_market: CountLimit = 4
    """Most entries of one strategy into one market in any 24 hours of market time."""
    max_unresolved_orders: CountLimit = 2
    """With more orders of unknown outcome than this, entries stop everywhere."""
    max_order_contracts: CountLimit = 25_000
    """Most contracts of one entry."""
    max_contracts_per_15s: GroupLimit = 400_000
    """Most contracts that the entries on one shard trade in 15 seconds: the exchange itself cancels
    them all at this many, and takes none until `kalshi resume`. "off": no order group."""
    max_daily_loss: ShareLimit = 0.10
    """Entries stop after losing this much since 00:00 UTC, by what would be got if all that is held
    were sold now."""
    max_drawdown: ShareLimit = 0.15
    """Entries stop after losing this much from the peak, measured the same way."""
    min_cash_reserve: Share = 0.01
    """Cash that entries never touch."""
    max_market_exposure: ShareLimit = 0.05
    """Most that one market may lose."""
    max_event_exposure: ShareLimit = 0.10
    """Most that one event may lose, in its worst state."""
    max_cluster_exposure: ShareLimit = 0.15
    """Most that markets on one underlying or one settlement day may lose."""
    max_category_exposure: ShareLimit = 0.30
    """Most that one category may lose."""
    max_account_exposure: ShareLimit = 0.90
    """Most that everything together may lose."""
    reentry_cooldown_hours: Positive = 6.0
    """How long a market that was left is left alone."""
    max_quote_age_s: Positive = 900.0
    """Entries need a quote no older than this."""
    max_book_age_s: Positive = 30.0
    """Orders need a book no older than this."""
    max_forecast_age_hours: Positive = 6.0
    """Entries need a forecast no older than this."""
    max_price_gap: Share = 0.20
    """Farthest an order's limit may be from the market, in dollars."""


class Ai(Section):
    primary_model: ModelName = "grok-4"
    """The model that is asked. Its say begins with the model that first answers to this name."""
    fallback_model: Annotated[ModelName | None, BeforeValidator(name_or_off)] = "grok-3"
    """The model that is asked where the primary one is gone or silent, or "off"."""
    critic: bool = True
    """Whether a Critic looks at each forecast that is sure enough to trade; it may veto."""
    trader: bool = True
    """Whether a Trader looks at each forecast beside its price; it may stand aside or bound it."""
    single_call: bool = False
    """Ask all three roles in one question, which shows the price: for comparison."""
    samples: Annotated[int, BeforeValidator(number), Field(ge=1, le=9)] = 1
    """How often the Forecaster is asked; the mean of its answers counts."""
    prompts: str = ""
    """A directory with forecaster.md, critic.md, trader.md or all_in_one.md, or one such file: the
    instructions in place of the program's own, which are used where this is empty."""
    research: Tools = ()
    """What the Forecaster may use at xAI: "web_search", "x_search". It costs about as much again,
    and is left out where an event may not cost that."""
    max_searches: Annotated[int, BeforeValidator(number), Field(ge=1, le=10)] = 2
    """Most searches of one call, at half a cent each beside what is read."""
    ai_max_tokens: Annotated[int, BeforeValidator(number), Field(ge=200, le=100_000)] = 8_000
    """Most tokens of one answer; what a model thinks before it comes on top."""
    reserved_thinking_tokens: Annotated[int, BeforeValidator(number), Field(ge=0, le=1_000_000)] = (
        4_000
    )
    """Tokens of thinking that money is set aside for before a call: they are billed like the
    answer, and nothing at xAI bounds them."""
    max_ai_cost_per_decision: Dollars = Money.parse("0.08")
    """Dollars that all calls about one event may cost together, or "unlimited"."""
    call_timeout_s: Positive = 120.0
    """Seconds that one call may take; then the fallback model is asked."""
    decision_timeout_s: Positive = 300.0
    """Seconds that all calls about one event may take."""
    round_seconds: Positive = 60.0
    """Seconds after which a round of forecasts in run-loop begins no other question: entries on
    forecasts that exist do not wait for a slow model. What began has one more call_timeout_s."""
    calls_at_once: Count = 8
    """Events that are asked about side by side."""
    analysis_cooldown_hours: Positive = 4.0
    """A market is not forecast again sooner than this."""
    max_analyses_per_day: Count = 4
    """Most forecasts of one market in a UTC day of market time."""
    daily_ai_budget: Dollars = Money.parse("5.00")
    """Dollars that AI calls may cost in a real UTC day, or "unlimited"."""
    held_budget_share: Annotated[float, BeforeValidator(number), Field(ge=0, lt=1)] = 0.30
    """Share of the day's AI budget that only markets with a position may use."""
    min_hours_to_close: NotNegative = 1.0
    """Markets that close sooner than this are not paid for, unless they are named."""
    starting_weight: Share = 0.10
    """Say of an AI model against the market's price until its record is measured."""
    max_weight: Share = 0.33
    """Largest say of an AI model against the market's price."""
    knowledge_until: dict[str, Day] = {}
    """The last day a model was trained on, by the name that serves: {"grok-4.3" = "2026-01-31"}.
    One that is not named may know all answers to what was over when it was asked."""
    keep_words_days: Rule = 90.0
    """Days that prompts and answers are kept word by word, or "off" for ever. What they came to
    stays, and so do the words behind a live order or a position."""


class Intervals(Section):
    ingest_s: Positive = 300.0
    """Seconds between two ingests in run-loop."""
    analyze_s: Positive = 300.0
    """Seconds between two rounds of forecasts in run-loop."""
    trade_s: Positive = 60.0
    """Seconds between two rounds of trading in run-loop."""
    track_s: Positive = 120.0
    """Seconds between two looks at positions in run-loop."""
    evaluate_s: Positive = 300.0
    """Seconds between two evaluations in run-loop."""
    sim_cycle_s: Positive = 900.0
    """Seconds of market time between two cycles in sim, where each step runs once a cycle."""


class Live(Section):
    acknowledged: bool = False
    """Real money without a terminal: needed besides --yes, and counts in a config file only."""


class Settings(BaseSettings):
    """All settings, frozen. Read them with `load`, which knows where each value came from."""

    model_config: ClassVar[SettingsConfigDict] = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        env_prefix="KALSHI_",
        env_nested_delimiter="__",
    )

    env: Env | None = None
    """sim, paper or demo; unset means demo where its credentials exist, else sim. Real money is
    chosen on the command line only."""
    home: Annotated[Path, AfterValidator(Path.expanduser)] = Field(
        default=Path("~/.kalshi"), validate_default=True
    )
    """Where the program keeps everything it keeps."""
    database: str = ""
    """URL of the desk's database (postgresql://...); empty means a file in the home directory."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least severity that is written to the log file."""
    trading: Trading = Trading()
    portfolio: Portfolio = Portfolio()
    allocation: Allocation = Allocation()
    market_making: MarketMaking = MarketMaking()
    quick_flip: QuickFlip = QuickFlip()
    filters: Filters = Filters()
    exits: Exits = Exits()
    risk: Risk = Risk()
    ai: Ai = Ai()
    intervals: Intervals = Intervals()
    live: Live = Live()

    @model_validator(mode="after")
    def _within_the_whole(self) -> Self:
        shares = self.running_shares
        over = sum(shares.values()) - 1.0
        if over <= 1e-9:
            return self
        most = max(shares, key=lambda name: shares[name])
        key = f"others.{most}" if most in self.allocation.others else most
        line = f"{key} = {max(0.01, shares[most] - over):.4g}"
        raise ValueError(
            f"the shares of what runs come to {1 + over:.4g} times the bankroll: lower one under "
            f"[allocation], such as {line}"
        )

    @property
    def running(self) -> Names:
        """The strategies that propose trades: those named, and a person's own with a share."""
        return tuple(dict.fromkeys((*self.trading.strategies, *self.allocation.others)))

    @property
    def running_shares(self) -> Shares:
        """The share of each strategy that runs; 0 for one that was given none."""
        shares = self.allocation.shares
        return {name: shares.get(name, 0.0) for name in self.running}

    def under(self, rebalanced: Rebalanced | None) -> Self:
        """The same with the shares in force, where others than the config file's are."""
        if rebalanced is None:
            return self
        shares = {**self.allocation.shares, **in_force(rebalanced, self.running_shares)}
        named = {name: shares.pop(name) for name in Allocation.model_fields if name != "others"}
        others = {name: share for name, share in shares.items() if share}
        allocation = self.allocation.model_copy(update={**named, "others": others})
        return self.model_copy(update={"allocation": allocation})

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the library's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what is passed in: `load` reads the layers one by one, to name their origins."""
        return (init_settings,)


PRESETS: dict[str, dict[str, float]] = {
    "disciplined": {"kelly_fraction": 0.25, "max_single_position": 0.03, "min_net_edge": 0.02},
}
"""What a preset puts in place of the defaults of `[trading]`; an explicit value still wins."""
