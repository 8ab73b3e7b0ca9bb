"""The composition root: the only place that chooses adapters, and opens only what is needed."""

from kalshi_cli.bootstrap.desk import OpenDesk
from kalshi_cli.bootstrap.opening import lease_name, open_desk, open_records, store_location

__all__ = ["OpenDesk", "lease_name", "open_desk", "open_records", "store_location"]
