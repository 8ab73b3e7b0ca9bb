import re

from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.domain.identity import client_order_id, short_hash

NONCE = b"n" * 16


@given(st.integers(1, 10**6), st.text(max_size=8), st.text(max_size=8), st.integers(0, 10**6))
def test_an_order_id_is_a_function_of_its_parts_within_the_exchanges_alphabet(run, name, tick, n):
    first = client_order_id(NONCE, run, name, tick, n)
    assert first == client_order_id(NONCE, run, name, tick, n)
    assert re.fullmatch(r"k1[a-z2-7]{26}", first)


def test_every_part_makes_another_order():
    base = (NONCE, 1, "s", "T", 1)
    others = [
        (b"m" * 16, 1, "s", "T", 1),
        (NONCE, 2, "s", "T", 1),
        (NONCE, 1, "t", "T", 1),
        (NONCE, 1, "s", "U", 1),
        (NONCE, 1, "s", "T", 2),
    ]
    ids = {client_order_id(*parts) for parts in [base, *others]}
    assert len(ids) == 6


def test_parts_do_not_run_into_each_other():
    assert client_order_id(NONCE, 1, "ab", "c", 1) != client_order_id(NONCE, 1, "a", "bc", 1)
    assert short_hash("ab", "c") != short_hash("a", "bc")
    assert len(short_hash("x")) == 16
