"""Searches at xAI, by its server-side tools: the model calls them itself, and each is billed.

Pages of other markets on the same question are left out: who is asked blind would find the price
there. `max_turns` bounds the turns of a call and one tool call a turn is allowed, so that together
they bound the searches; the server-side results come back as tokens of the prompt.
"""

from typing import Any

from kalshi_cli.domain.deliberation import WEB_SEARCH, X_SEARCH, Research

PRICE_PAGES = (
    "kalshi.com",
    "polymarket.com",
    "predictit.org",
    "manifold.markets",
    "metaculus.com",
)
"""The API takes five at most."""
PRICE_HANDLES = ("Kalshi", "Polymarket", "PredictIt", "ManifoldMarkets", "metaculus")


def looking_up(research: Research) -> dict[str, Any]:
    """What `chat.create` takes for it."""
    from xai_sdk.tools import web_search, x_search

    made = {
        WEB_SEARCH: lambda: web_search(excluded_domains=list(PRICE_PAGES)),
        X_SEARCH: lambda: x_search(excluded_x_handles=list(PRICE_HANDLES)),
    }
    return {
        "tools": [made[name]() for name in research.tools],
        "parallel_tool_calls": False,
        "max_turns": research.most_searches,
    }
