"""The scriptable exchange, where rows of one list cannot be read."""

from dataclasses import replace

from kalshi_cli.ports.exchange import Unusable


class Illegible:
    """What of the list is of a market is refused as unusable, by its name or without it."""

    def __init__(self, exchange, name, ticker, *, says_so=True):
        self.exchange, self.name, self.ticker, self.says_so = exchange, name, ticker, says_so

    def __getattr__(self, name):
        read = getattr(self.exchange, name)
        return self._blurred(read) if name == self.name else read

    def _blurred(self, read):
        async def page(cursor="", **asked):
            found = await read(cursor=cursor, **asked)
            legible = tuple(row for row in found.items if row.ticker != self.ticker)
            row = Unusable("x9", "a price of 2 dollars", self.ticker if self.says_so else "")
            refused = (row,) * (len(found.items) - len(legible))
            return replace(found, items=legible, unusable=refused)

        return page
