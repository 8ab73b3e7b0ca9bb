"""What a run state means for whoever watches: what is still sent and asked, and what lifts it."""

from kalshi_cli.domain.identity import DeskState

SENT: dict[DeskState, str] = {
    DeskState.REDUCE_ONLY: "only exits are sent, and a loop asks about what is held alone",
    DeskState.FLATTEN: "all that we hold is sold and nothing new is entered",
    DeskState.HALTED: "nothing is sent, exits included, and a loop asks nobody",
}


def told(state: DeskState, reason: str, *, by_file: bool = False) -> str:
    """One line; `by_file` says that a HALT file made it so."""
    why = f": {reason}" if reason else ""
    if state is DeskState.ACTIVE:
        return f"The desk is {state.said}{why}"
    until = "the HALT file is taken away and `kalshi resume`" if by_file else "`kalshi resume`"
    return f"The desk is {state.said}{why}; {SENT[state]} until {until}"
