"""What the strategies of this desk have against a market."""

from kalshi_cli.domain.code import Code
from kalshi_cli.strategies._base import UNREAD as _UNREAD


class Directional(Code):
    """Strategy `directional_trading`."""

    NO_FORECAST = (
        "NO_FORECAST",
        "there is no forecast to trade on",
        "`kalshi analyze TICKER` asks for one",
    )
    NO_ANCHOR = (
        "NO_ANCHOR",
        "a side of the market is missing, or over 10c away",
        "wait until both sides are quoted within 10 cents",
    )
    NO_GRID = (
        "NO_GRID",
        "its price structure is not known",
        "nothing: the exchange would refuse the price",
    )
    WORKING = (
        "WORKING",
        "an order of its own is at work there",
        "nothing; `kalshi inspect orders --live-only` shows it",
    )
    CLOSED = ("CLOSED", "trading has ended", "nothing")
    CONFIDENCE = (
        "CONFIDENCE",
        "the forecast is not as sure as it must be to trade",
        "wait for a surer one; trading.min_confidence_to_trade is what is asked",
    )
    EITHER_SIDE = (
        "EITHER_SIDE",
        "it would be as good to buy YES as NO",
        "nothing: the spread would pay for that, not the forecast",
    )
    AGAINST_HELD = (
        "AGAINST_HELD",
        "the better side is against what is held",
        "nothing: the exits decide what becomes of what is held",
    )
    NO_QUOTE = ("NO_QUOTE", "there is no price to trade at", "wait until somebody quotes")
    TRADER = (
        "TRADER",
        "the Trader stands aside, is on the other side, or pays less",
        "`kalshi inspect llm --market TICKER` has its words",
    )
    NET_EDGE = (
        "NET_EDGE",
        "no price leaves the edge that is asked, after the fee",
        "nothing; trading.min_net_edge is what is asked, and `kalshi why TICKER --with` tries less",
    )
    WEIGHT = (
        "WEIGHT",
        "the forecast is on record only: it has no say",
        "its model earns a say by its record: `kalshi evaluate --by model`",
    )


class Making(Code):
    """Strategy `market_making`."""

    NO_GRID = (
        "NO_GRID",
        "its price structure is not known",
        "nothing: the exchange would refuse the price",
    )
    TAKEN = (
        "TAKEN",
        "another strategy has something there",
        "wait until that is flat: `kalshi inspect positions`",
    )
    CLOSING = (
        "CLOSING",
        "it is decided too soon for quotes to rest",
        "nothing: who quotes near the end is picked off",
    )
    NO_QUOTE = (
        "NO_QUOTE",
        "nobody else quotes both sides",
        "wait until others do: their middle is the fair price",
    )
    ONE_TICK = (
        "ONE_TICK",
        "no price is left between bid and ask",
        "wait until the spread is wider",
    )
    SPREAD = (
        "SPREAD",
        "bid and ask are too far apart to lean on",
        "wait until the spread is narrower",
    )
    TAIL = (
        "TAIL",
        "so near to $0 or $1 a tick is most of the price",
        "nothing",
    )
    VOLATILE = (
        "VOLATILE",
        "between two looks it moves more than others' half-spread allows for",
        "wait, or look more often: intervals.trade_s",
    )
    TOXIC = (
        "TOXIC",
        "its fills of late lost money a contract, one standard error allowed for",
        "wait: old fills count for less",
    )
    JUMPED = (
        "JUMPED",
        "it jumped of late, in log-odds",
        "wait a quarter of an hour: something happened",
    )
    UNREAD = (
        _UNREAD,
        "its book or its tape was not to be had",
        "wait for the next pass; `kalshi doctor` where it stays so",
    )
    NO_VOLUME = (
        "NO_VOLUME",
        "nobody traded in a day, and no programme pays for it",
        "nothing",
    )
    MARKOUT = (
        "MARKOUT",
        "others' half-spread is less than what they lose of it and the fee",
        "wait until the spread is wider",
    )
    OUTRANKED = (
        "OUTRANKED",
        "other markets promise more dollars an hour",
        "nothing, or raise market_making.max_quoted_markets",
    )
    SMALL_SHARE = (
        "SMALL_SHARE",
        "its share of the bankroll does not pay for one contract",
        "raise market_making.quote_share, or the strategy's share under [allocation]",
    )
    NO_PRICE = (
        "NO_PRICE",
        "the exchange has no price where it would quote",
        "nothing",
    )
    CROSSES = (
        "CROSSES",
        "at every price it would ask it would trade at once",
        "wait: it only quotes, and takes nothing",
    )
    TOO_FAR = (
        "TOO_FAR",
        "what fills lose and the fee keep its quotes too far behind others'",
        "nothing: nobody would trade with them",
    )


class Flipping(Code):
    """Strategy `quick_flip_scalping`."""

    NO_GRID = (
        "NO_GRID",
        "its price structure is not known",
        "nothing: the exchange would refuse the price",
    )
    NO_QUOTE = ("NO_QUOTE", "nobody quotes both sides", "wait until somebody does")
    SPREAD = ("SPREAD", "a round trip costs too much", "wait until the spread is narrower")
    CLOSING = (
        "CLOSING",
        "it closes too soon for a flip to run its time",
        "nothing, or lower quick_flip.hold_minutes",
    )
    TAIL = ("TAIL", "so near to $0 or $1 it has no room to move", "nothing")
    UNREAD = (
        _UNREAD,
        "its book or its tape was not to be had",
        "wait for the next pass; `kalshi doctor` where it stays so",
    )
    NO_FLOW = ("NO_FLOW", "too few prints of late for a push", "wait until there is trade")
    MIXED = ("MIXED", "prices moved one way, and takers leaned the other", "nothing")
    NO_PUSH = ("NO_PUSH", "prices moved too little of the way to a target", "nothing")
    NO_LEAN = ("NO_LEAN", "takers hardly lean to the side of the move", "nothing")
    NO_LEVELS = ("NO_LEVELS", "there is no price for a target or a stop", "nothing")
    TRYING = (
        "TRYING",
        "a push of its event is being judged",
        "wait: one at a time is measured in an event",
    )
    ONE_AN_EVENT = (
        "ONE_AN_EVENT",
        "a busier market of its event is pushed as well",
        "nothing: the two are one move",
    )
    LESS_BUSY = (
        "LESS_BUSY",
        "others are busier, by contracts of a day",
        "nothing, or raise quick_flip.watched_markets",
    )
    UNPROVEN = (
        "UNPROVEN",
        "so many of its pushes are not proven to hit as pay for it",
        "wait: every push is measured, and `kalshi strategies show quick_flip_scalping` adds up",
    )
    OCCUPIED = (
        "OCCUPIED",
        "something is held or at work there",
        "wait until that is done: `kalshi inspect positions`",
    )
    UNLIKELY = (
        "UNLIKELY",
        "by what is proven a contract is worth more than it can pay",
        "nothing: a record that good is a fault of the record",
    )
    SMALL_SHARE = (
        "SMALL_SHARE",
        "its share of the bankroll does not pay for one contract, in dollars",
        "raise quick_flip.flip_share",
    )
