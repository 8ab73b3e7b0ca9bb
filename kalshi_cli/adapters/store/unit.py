"""One transaction and its parts."""

from kalshi_cli.adapters.store.ai_ledger import SqlAiLedger
from kalshi_cli.adapters.store.catalog import SqlCatalog
from kalshi_cli.adapters.store.desk import SqlDesk
from kalshi_cli.adapters.store.forecasts import SqlForecasts
from kalshi_cli.adapters.store.funnel import SqlFunnel
from kalshi_cli.adapters.store.journal import SqlJournal
from kalshi_cli.adapters.store.ledger import SqlLedger
from kalshi_cli.adapters.store.making import SqlMaking
from kalshi_cli.adapters.store.plans import SqlPlans
from kalshi_cli.adapters.store.snapshots import SqlSnapshots
from kalshi_cli.adapters.store.transaction import Transaction
from kalshi_cli.adapters.store.trials import SqlTrials


class SqlUnit:
    """Implements `ports.store.Unit`."""

    def __init__(self, transaction: Transaction) -> None:
        self.transaction = transaction
        self.catalog = SqlCatalog(transaction)
        self.forecasts = SqlForecasts(transaction)
        self.funnel = SqlFunnel(transaction)
        self.ai = SqlAiLedger(transaction)
        self.journal = SqlJournal(transaction)
        self.ledger = SqlLedger(transaction)
        self.making = SqlMaking(transaction)
        self.plans = SqlPlans(transaction)
        self.snapshots = SqlSnapshots(transaction)
        self.trials = SqlTrials(transaction)
        self.desk = SqlDesk(transaction)

    async def commit(self) -> None:
        await self.transaction.commit()
