"""The log file: one JSON object a line, with the run's id, and no secret in it.

Everything that the program and its libraries log ends up here; stderr gets it only with -v. Loggers
are the standard library's, and fields go in `extra`; structlog makes the lines.
"""

import logging
import logging.handlers
import re
import sys
from collections.abc import Collection, MutableMapping
from functools import cached_property
from pathlib import Path
from typing import Any

HIDDEN = "[hidden]"
_SECRET_NAME = re.compile(
    r"authorization|api_?key|private_?key|secret|(?:^|_)token$|password|access-key|signature",
    re.IGNORECASE,
)
_SECRET_TEXT = re.compile(
    r"-----BEGIN[^-]*-----.*?(?:-----END[^-]*-----|\Z)"
    r"|(?i:bearer\s+\S+)"
    r"|(?i:KALSHI-ACCESS-(?:KEY|SIGNATURE)\W+[\w+/=-]+)"
    r"|\bxai-[A-Za-z0-9]{16,}",
    re.DOTALL,
)
MAX_BYTES = 10_000_000
KEPT = 5


class Redactor:
    """Hides values by name (`api_key=…`), by shape (PEM, bearer) and the known secrets."""

    def __init__(self, secrets: Collection[str] = ()) -> None:
        self._secrets = tuple(secret for secret in secrets if len(secret) >= 8)

    def __call__(
        self, _logger: object, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        """Clean one event; structlog calls this on each."""
        for name, value in event.items():
            event[name] = HIDDEN if _SECRET_NAME.search(name) else self.cleaned(value)
        return event

    def cleaned(self, value: object) -> object:
        """A value with every secret in it hidden."""
        if isinstance(value, str):
            for secret in self._secrets:
                value = value.replace(secret, HIDDEN)
            return _SECRET_TEXT.sub(HIDDEN, value)
        if isinstance(value, dict):
            return {
                key: HIDDEN if _SECRET_NAME.search(str(key)) else self.cleaned(each)
                for key, each in value.items()
            }
        if isinstance(value, list | tuple):
            return [self.cleaned(each) for each in value]
        return value


def configure(
    file: Path, *, level: str, run: str, secrets: Collection[str] = (), verbose: bool = False
) -> None:
    """Send all logging to the file, and with `verbose` to stderr as well.

    Raises `OSError` where the file cannot be written.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    _attach(_handlers(file, verbose=verbose), _Json(run, Redactor(secrets)), level)


class _Json(logging.Formatter):
    """Writes records as JSON; structlog costs 60 ms, which a command that logs nothing saves."""

    def __init__(self, run: str, redact: Redactor) -> None:
        super().__init__()
        self._run = run
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        return self._formatter.format(record)

    @cached_property
    def _formatter(self) -> logging.Formatter:
        import structlog

        return structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.stdlib.ExtraAdder(),
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.format_exc_info,
                self._with_run,
                self._redact,
            ],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(default=str),
            ],
        )

    def _with_run(
        self, _logger: object, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        event["run"] = self._run
        return event


def _handlers(file: Path, *, verbose: bool) -> list[logging.Handler]:
    rotating = logging.handlers.RotatingFileHandler(
        file, maxBytes=MAX_BYTES, backupCount=KEPT, encoding="utf-8"
    )
    return [rotating, logging.StreamHandler(sys.stderr)] if verbose else [rotating]


def _attach(handlers: list[logging.Handler], formatter: logging.Formatter, level: str) -> None:
    root = logging.getLogger()
    close()
    for handler in handlers:
        handler.setFormatter(formatter)
        handler.set_name("kalshi")
        root.addHandler(handler)
    root.setLevel(level.upper())
    for chatty in ("httpx", "httpcore", "aiosqlite", "sqlalchemy", "alembic"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))


def close() -> None:
    """Flush and detach what `configure` attached."""
    root = logging.getLogger()
    for handler in [each for each in root.handlers if each.get_name() == "kalshi"]:
        root.removeHandler(handler)
        handler.close()
