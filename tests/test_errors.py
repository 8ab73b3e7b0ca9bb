"""What a run that an error cut off is said to have ended by."""

import asyncio

import pytest

from kalshi_cli.errors import (
    ConfigError,
    LeaseRanOut,
    LiveNotConfirmed,
    NotFound,
    Unauthorized,
    Unavailable,
    UsageError,
    why_ended,
)


@pytest.mark.parametrize("kind", [NotFound, UsageError, ConfigError, LiveNotConfirmed])
def test_what_could_not_be_asked_for_never_began(kind):
    assert why_ended(kind("No market is called KXNONE.")) == (
        "never began: No market is called KXNONE."
    )


@pytest.mark.parametrize("kind", [Unavailable, Unauthorized, LeaseRanOut])
def test_what_failed_on_the_way_is_told_as_it_was_to_the_person(kind):
    assert why_ended(kind("It was not to be had.", remedy="Wait.")) == "It was not to be had."


def test_a_fault_of_the_program_keeps_its_kind_for_who_mends_it():
    assert why_ended(ZeroDivisionError("by zero")) == (
        "a fault of the program: ZeroDivisionError: by zero"
    )
    assert why_ended(KeyError()) == "a fault of the program: KeyError"


def test_a_reader_who_has_enough_is_no_fault():
    assert why_ended(BrokenPipeError()) == "nobody read any further what it told"


@pytest.mark.parametrize("kind", [asyncio.CancelledError, KeyboardInterrupt])
def test_what_was_cut_off_says_so(kind):
    assert why_ended(kind()) == "cut off by a signal"
