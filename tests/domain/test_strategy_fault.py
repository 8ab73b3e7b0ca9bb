from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.domain.strategy_fault import erred


@given(st.integers(1, 6), st.integers(1, 12))
def test_the_last_fault_that_is_borne_disables(most, times):
    fault = None
    for pass_ in range(1, times + 1):
        fault = erred(fault, "drift", f"error {pass_}", pass_, most)
        assert (fault.in_a_row, fault.error, fault.at_us) == (pass_, f"error {pass_}", pass_)
        assert fault.is_disabled == (pass_ >= most)
