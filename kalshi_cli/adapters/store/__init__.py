"""The store: tables, units of work, leases, migrations and integrity, on SQLite or PostgreSQL."""
