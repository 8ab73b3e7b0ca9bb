"""Settings: every default once, read in layers, and the environment a command runs in."""

from kalshi_cli.settings.credentials import Credentials
from kalshi_cli.settings.environment import Environment, choose_env
from kalshi_cli.settings.load import Configuration, load
from kalshi_cli.settings.sections import Settings

__all__ = ["Configuration", "Credentials", "Environment", "Settings", "choose_env", "load"]
