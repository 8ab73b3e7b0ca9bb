"""Shares that are not used may be lent; all numbers by hand, of a bankroll of $1,000."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.domain.money import NO_MONEY, Money, total
from kalshi_cli.portfolio.lending import Stand, lent_out, most_at_risk

BANKROLL = Money.parse("1000")


def dollars(amount: int | str) -> Money:
    return Money.parse(str(amount))


def stand(own, used, wants=0):
    return Stand(dollars(own), dollars(used), None if wants is None else dollars(wants))


def room(name, stands, bankroll=BANKROLL):
    return most_at_risk(name, stands, bankroll)


@pytest.mark.parametrize(
    ("why", "maker", "flips", "most"),
    [
        ("both leave everything: 400 and 300 and 300", stand(300, 0), stand(300, 0), 1000),
        ("one uses 100, the other all", stand(300, 100), stand(300, 300), 600),
        ("one wants 150 of its 300 idle", stand(300, 0, 150), stand(300, 300), 550),
        ("nobody asked them", stand(300, 0, None), stand(300, 0, None), 400),
        ("they want more than they have", stand(300, 100, 900), stand(300, 300), 400),
        ("one has borrowed 200 of the other's 300 already", stand(300, 0), stand(300, 500), 500),
        (
            "what is out is wanted back: its own is its own",
            stand(300, 0, 300),
            stand(300, 500),
            400,
        ),
    ],
)
def test_a_strategy_may_use_its_share_and_what_is_on_offer(why, maker, flips, most):
    desk = {"directional": stand(400, 0), "maker": maker, "flips": flips}
    assert room("directional", desk) == dollars(most), why


def test_a_lender_has_at_once_what_is_not_out_and_the_rest_as_positions_end():
    def desk(used):
        return {"lender": stand(400, 0, 400), "borrower": stand(600, used)}

    assert room("lender", desk(850)) == dollars(150)  # 250 of its 400 are out
    assert room("lender", desk(700)) == dollars(300)
    assert room("lender", desk(600)) == dollars(400)
    assert room("lender", desk(100)) == dollars(900)  # and borrows in its turn


def test_who_borrowed_enters_nothing_new_while_the_lender_wants_it_back():
    def most(wants):
        return room("borrower", {"lender": stand(400, 100, wants), "borrower": stand(600, 750)})

    assert most(0) == dollars(900)  # 300 idle, all on offer
    assert most(100) == dollars(800)  # 50 more may be borrowed
    assert most(200) == dollars(700)  # less than the 750 it has at risk: nothing new
    assert most(None) == dollars(600)


def test_what_others_have_at_risk_is_not_lent():
    desk = {"a": stand(400, 0), "b": stand(600, 0)}
    # $300 are held by somebody who does not run: of 1,000 there are 700 left
    assert room("a", desk, dollars(700)) == dollars(700)
    assert room("b", desk, dollars(500)) == dollars(600)  # its own share is its own


def test_a_bankroll_that_fell_lends_nothing():
    desk = {"a": stand(400, 700), "b": stand(600, 500)}
    assert room("b", desk) == dollars(300)
    assert room("a", desk) == dollars(500)
    assert room("a", {"a": stand(400, 0), "b": stand(600, 1100)}) == NO_MONEY


def test_what_is_out_is_the_same_part_of_every_idle_share():
    desk = {"a": stand(400, 500), "b": stand(300, 0), "c": stand(300, 200)}
    # 100 are out; b has 300 idle and c has 100: 75 and 25
    assert lent_out(desk) == {"a": NO_MONEY, "b": dollars(75), "c": dollars(25)}
    uneven = {"a": Stand(NO_MONEY, Money(2), None), **{n: stand("0.000001", 0) for n in "bcd"}}
    assert sorted(lent.units for lent in lent_out(uneven).values()) == [0, 0, 1, 1]
    assert set(lent_out({"a": stand(400, 400)}).values()) == {NO_MONEY}


SHARES = st.lists(st.integers(0, 500), min_size=2, max_size=4).filter(lambda s: sum(s) <= 1000)
DEEDS = st.lists(
    st.tuples(
        st.sampled_from(["enter", "end"]),
        st.integers(0, 3),
        st.integers(1, 600),
        st.lists(st.none() | st.integers(0, 600), min_size=4, max_size=4),
    ),
    max_size=30,
)


@given(shares=SHARES, deeds=DEEDS)
def test_own_and_borrowed_never_come_to_more_than_the_bankroll(shares, deeds):
    names = [str(number) for number in range(len(shares))]
    used = dict.fromkeys(names, 0)
    for deed, which, amount, wants in deeds:
        name = names[which % len(names)]
        desk = {n: stand(shares[i], used[n], wants[i]) for i, n in enumerate(names)}
        most = room(name, desk)
        if deed == "end":
            used[name] = max(0, used[name] - amount)
            continue
        if dollars(used[name] + amount) > most:
            continue
        used[name] += amount
        index = names.index(name)
        asked = sum(
            max(0, shares[i] - used[n] - (wants[i] or 0))
            for i, n in enumerate(names)
            if n != name and wants[i] is not None
        )
        out = sum(max(0, used[n] - shares[i]) for i, n in enumerate(names))
        if used[name] > shares[index]:
            assert out <= asked, "it borrows no more than is on offer, all that is out counted in"
        assert sum(used.values()) <= sum(shares) <= 1000
        lent = lent_out({n: stand(shares[i], used[n]) for i, n in enumerate(names)})
        assert total(list(lent.values())) == dollars(out)


@given(shares=SHARES, deeds=DEEDS)
def test_whoever_lends_has_its_share_again_once_nothing_is_borrowed(shares, deeds):
    names = [str(number) for number in range(len(shares))]
    used = {name: amount for name, (_, _, amount, _) in zip(names, deeds, strict=False)}
    desk = {
        n: stand(share, min(used.get(n, 0), share), None)
        for n, share in zip(names, shares, strict=True)
    }
    assert all(room(n, desk) == desk[n].own for n in names)
