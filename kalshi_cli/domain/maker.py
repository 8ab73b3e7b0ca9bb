"""A faster way to make frozen dataclasses, for where there are a hundred thousand of them."""

from dataclasses import field, fields, make_dataclass
from typing import Any, TypeVar, cast

Kind = TypeVar("Kind")


def maker(frozen: type[Kind]) -> type[Kind]:
    """Call it like the class itself: what comes out is an instance of the class itself.

    A frozen dataclass sets each of its fields through `object.__setattr__`, which takes ten times
    as long as setting an attribute. So the fields are set on a plain twin, and the twin then
    becomes what it is a twin of: their slots are the same. The class must be frozen and slotted.
    """
    check = getattr(frozen, "__post_init__", None)

    def seal(twin: Any) -> None:  # noqa: ANN401 - no longer a twin, not yet checked
        twin.__class__ = frozen
        if check is not None:
            check(twin)

    parts = [
        (
            part.name,
            part.type,
            field(default=part.default, default_factory=part.default_factory, init=part.init),
        )
        for part in fields(frozen)  # type: ignore[arg-type]
    ]
    twin = make_dataclass(
        frozen.__name__, parts, slots=True, eq=False, repr=False, namespace={"__post_init__": seal}
    )
    return cast("type[Kind]", twin)
