"""What is known about the command being run, from its first option to its exit code."""

import os
from dataclasses import dataclass, field

from kalshi_cli.cli.options import Options, resolved
from kalshi_cli.cli.streams import tell


@dataclass(slots=True)
class Invocation:
    """One run of the program. `given` is filled while the command line is parsed.

    `identity` marks its lines in the log file.
    """

    given: dict[str, object] = field(default_factory=dict)
    command: str = ""
    env: str | None = None
    warnings: list[str] = field(default_factory=list)
    identity: str = field(default_factory=lambda: os.urandom(6).hex())

    @property
    def options(self) -> Options:
        return resolved(self.given)

    @property
    def wants_json(self) -> bool:
        return bool(self.given.get("json"))

    def say(self, text: str) -> None:
        """Tell the person something on stderr, unless they want it quiet."""
        if not self.given.get("quiet"):
            self.say_always(text)

    def say_always(self, text: str) -> None:
        """Tell the person what no option may hide: errors, and real money."""
        tell(text)

    def warn(self, text: str) -> None:
        """Tell the person on stderr, and programs in the envelope."""
        self.warnings.append(text)
        self.say(f"warning: {text}")
