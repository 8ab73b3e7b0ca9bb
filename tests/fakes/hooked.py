"""The scriptable exchange, with something in the way to it."""


class Hooked:
    """The exchange, with something else done just before an order reaches it."""

    def __init__(self, exchange, before):
        self.exchange, self.before = exchange, before

    def __getattr__(self, name):
        return getattr(self.exchange, name)

    async def place(self, client_order_id, intent, **more):
        await self.before(client_order_id)
        return await self.exchange.place(client_order_id, intent, **more)
