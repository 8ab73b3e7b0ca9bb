"""Reading answers: strict, unwrapped, or not at all; nothing is ever completed or guessed."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kalshi_cli.forecasting.reading import Form, Read, Unreadable, read, whole_tokens

ANSWER = '{"markets": [{"ticker": "A", "probability": 0.1250}]}'
VALUE = {"markets": [{"ticker": "A", "probability": 0.125}]}


@pytest.mark.parametrize(
    ("text", "form"),
    [
        (ANSWER, Form.CLEAN),
        (f"\n {ANSWER}\n", Form.CLEAN),
        (f"```json\n{ANSWER}\n```", Form.UNWRAPPED),
        (f'Here\'s what I think, "roughly":\n{ANSWER}\nHope that helps!', Form.UNWRAPPED),
        (f"[{ANSWER}]", Form.UNWRAPPED),
    ],
)
def test_one_object_with_nothing_or_talk_around_it(text, form):
    assert read(text) == Read(VALUE, form)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("   \n", "empty"),
        ("I cannot answer that.", "found 0"),
        ("null", "found 0"),
        (ANSWER[:-3], "cut off"),
        ('{"markets": [{"ticker": "A', "cut off"),
        ('{"a": 12', "cut off"),
        (ANSWER + ANSWER, "found 2"),
        ('{"side": "buy"} or {"side": "sell"}', "found 2"),
        ('{"a": [1, 2}', "do not match"),
        ("{" * 20 + "}" * 20, "nested deeper"),
        ("[" * 8_000, "found 0"),
        ('{"a":' * 8_000, "nested deeper"),
        (" " * 64_000 + ANSWER, "characters"),
    ],
)
def test_what_is_no_answer(text, reason):
    found = read(text)
    assert isinstance(found, Unreadable)
    assert reason in found.reason
    assert found.object_text == ""  # nothing here is worth a repair


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"side": "buy", "side": "sell"}', "comes twice"),
        ('{"a": {"b": 1, "b": 1}}', "comes twice"),
        ('{"p": NaN}', "NaN"),
        ('{"p": -Infinity}', "-Infinity"),
        ('{"p": 1e999}', "beyond any number"),
        ("{'p': 0.5}", "not strict JSON"),
        ('{"p": 0.5,}', "not strict JSON"),
        ('{"p": 007}', "not strict JSON"),
        ('{"p": 1_000}', "not strict JSON"),
        ('{"p": 85%}', "not strict JSON"),
        ('{"p": ' + "9" * 5_000 + "}", "not strict JSON"),
    ],
)
def test_a_balanced_object_that_is_not_strict_is_told_apart(text, reason):
    found = read(f"So: {text}")
    assert isinstance(found, Unreadable)
    assert reason in found.reason
    assert found.object_text == text


def test_brackets_inside_texts_do_not_count():
    value = {"reasoning": 'a "}" and a {', "more": ["[", "\\"]}
    assert read(json.dumps(value)) == Read(value, Form.CLEAN)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), json_values, max_size=4))
def test_every_object_reads_as_itself(value):
    assert read(json.dumps(value)) == Read(value, Form.CLEAN)


@given(st.data())
def test_no_cut_answer_is_ever_read(data):
    """A number cut in half is a number: so an answer cut anywhere is none."""
    at = data.draw(st.integers(0, len(ANSWER) - 1))
    assert isinstance(read(ANSWER[:at]), Unreadable)


pieces = st.sampled_from([*'{}[]",:\\', "\n", "'", "0.5", "1e9", "true", "A", " ", "```", '\\"'])


@settings(max_examples=500)
@given(st.lists(pieces, max_size=60).map("".join))
def test_no_soup_of_pieces_raises_or_takes_long(text):
    began = time.perf_counter()
    read(text)
    assert time.perf_counter() - began < 1.0


@pytest.mark.parametrize("text", ['["' * 20_000, '{"' * 20_000, '{"a":"' * 9_000, "\\" * 60_000])
def test_what_is_made_to_be_slow_is_not(text):
    began = time.perf_counter()
    assert isinstance(read(text), Unreadable)
    assert time.perf_counter() - began < 1.0


@pytest.mark.parametrize(
    ("mended", "raw", "whole"),
    [
        ({"p": 0.125}, "{'p': 0.125}", True),
        ({"p": 0.125}, "{p: 0.125,}", True),
        ({"p": [1, 2]}, "{'p': [1, 2]}", True),
        ({"p": "text"}, "{'p': 'text'}", True),
        ({"p": None, "q": True}, "{p: null, q: true}", True),
        ({"p": 12}, "{'p': 1250}", False),  # the beginning of a number
        ({"p": 50}, "{'p': 1250}", False),  # its end
        ({"p": 101}, "{'p': 101+5}", False),
        ({"p": 85}, "{'p': 85%}", False),
        ({"p": 7}, "{'p': 007}", False),
        ({"p": 0.5}, "{'p': half}", False),
        ({"action": "buy"}, "{}", False),  # a default that nobody wrote
        ({"p": float("nan")}, "{'p': NaN}", True),  # whoever takes it refuses it
    ],
)
def test_which_repairs_guessed_nothing(mended, raw, whole):
    assert whole_tokens(mended, raw) is whole
