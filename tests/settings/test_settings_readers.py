"""No setting that nobody reads: each is read from its own section, or by a plug-in of that section.

What an expression is, is known by annotations (`ai: Ai`), by what is assigned (`ai = settings.ai`)
and by what a function says that it returns. A check of the settings themselves is no reader.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path

import pytest

import kalshi_cli
from kalshi_cli import exits, filters, plugins, strategies
from kalshi_cli.exits._base import Exit
from kalshi_cli.filters._base import Filter
from kalshi_cli.portfolio import methods
from kalshi_cli.portfolio.methods._base import Method
from kalshi_cli.settings.load import keys
from kalshi_cli.settings.sections import PRESETS, Section, Settings
from kalshi_cli.strategies._base import Strategy

PACKAGE = Path(kalshi_cli.__file__).parent
WHOLE = "Settings"
SECTIONS = {
    name: kind.annotation.__name__
    for name, kind in Settings.model_fields.items()
    if isinstance(kind.annotation, type) and issubclass(kind.annotation, Section)
}
"""The class of each section, by the section's name."""
NAMED = {kind: name for name, kind in SECTIONS.items()}
TAKERS = {
    "filters": (filters, Filter),
    "exits": (exits, Exit),
    "portfolio": (methods, Method),
    "trading": (strategies, Strategy),
    "market_making": (strategies, Strategy),
    "quick_flip": (strategies, Strategy),
}
"""Plug-ins take parameters from these sections, which are handed to them as they are."""
READ_BY_LOAD = frozenset({"trading.preset"})
"""A preset is gone once the settings are read."""
Function = ast.FunctionDef | ast.AsyncFunctionDef


def kind_of(annotation: ast.expr | None) -> str | None:
    """The settings' class that an annotation names, as `Ai`, `"Ai"` or `Ai | None`."""
    match annotation:
        case ast.Constant(str(text)):
            return kind_of(ast.parse(text, mode="eval").body)
        case ast.Name(name):
            return name if name in NAMED or name in {WHOLE, Section.__name__} else None
        case ast.BinOp(left=left, right=ast.Constant(None)):
            return kind_of(left)
    return None


@dataclass
class Reading:
    """What sources read of the settings, and which sections they hand on as a whole."""

    read: set[str] = field(default_factory=set)
    handed: set[str] = field(default_factory=set)
    returned: dict[str, str] = field(default_factory=dict)
    """Kinds of settings by the functions that return them."""
    held: dict[str, str] = field(default_factory=dict)
    """Kinds by the attributes of other classes that hold them."""
    takers: set[str] = field(default_factory=set)
    """Functions that take any section."""

    def of(self, trees: list[ast.Module]) -> "Reading":
        for own in (node for tree in trees for node in ast.walk(tree)):
            if isinstance(own, Function) and (kind := kind_of(own.returns)):
                self.returned[own.name] = kind
                if any(getattr(each, "id", "") == "property" for each in own.decorator_list):
                    self.held[own.name] = kind
            if isinstance(own, Function) and any(
                kind_of(each.annotation) == Section.__name__ for each in own.args.args
            ):
                self.takers.add(own.name)
            if isinstance(own, ast.ClassDef) and own.name != WHOLE:
                for each in own.body:
                    if isinstance(each, ast.AnnAssign) and (kind := kind_of(each.annotation)):
                        self.held[ast.unparse(each.target)] = kind
        for tree in trees:
            for owner, function in functions(tree):
                self._in(function, {"self": owner} if owner in {WHOLE, *NAMED} else {})
        return self

    def _in(self, function: Function, known: dict[str, str]) -> None:
        nodes = list(ast.walk(function))
        for own in nodes:
            if isinstance(own, ast.arg) and (kind := kind_of(own.annotation)):
                known[own.arg] = kind
        for name, value in [pair for own in nodes for pair in bound(own)] * 2:
            if kind := self._kind(value, known):
                known[name] = kind
        for own in nodes:
            match own:
                case ast.Attribute(value=value, attr=name, ctx=ast.Load()):
                    self._note(self._kind(value, known), name)
                case ast.Call(func=ast.Name(name), args=given) if name in self.takers:
                    self._hand(given, known)
                case ast.comprehension(iter=ast.Tuple(elts=given)):
                    self._hand(given, known)

    def _note(self, kind: str | None, name: str) -> None:
        if kind in NAMED:
            self.read.add(f"{NAMED[kind]}.{name}")
        elif kind == WHOLE:
            self.read.add(name)

    def _hand(self, given: list[ast.expr], known: dict[str, str]) -> None:
        kinds = (self._kind(each, known) for each in given)
        self.handed |= {NAMED[kind] for kind in kinds if kind in NAMED}

    def _kind(self, value: ast.expr, known: dict[str, str]) -> str | None:
        match value:
            case ast.Name(name):
                return known.get(name)
            case ast.Call(func=ast.Name(name) | ast.Attribute(attr=name)):
                return self.returned.get(name)
            case ast.Attribute(value=inner, attr=name):
                of = self._kind(inner, known)
                return SECTIONS.get(name) if of == WHOLE else self.held.get(name)
        return None


def functions(tree: ast.AST, owner: str = "") -> Iterator[tuple[str, Function]]:
    """The outermost functions, with the class that they are in; but no validators."""
    for own in ast.iter_child_nodes(tree):
        if isinstance(own, Function):
            if not any("validator" in ast.unparse(each) for each in own.decorator_list):
                yield owner, own
        else:
            yield from functions(own, own.name if isinstance(own, ast.ClassDef) else owner)


def bound(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Names and what is assigned to them."""
    match node:
        case ast.Assign(targets=[ast.Name(name)], value=value):
            yield name, value
        case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
            for target, each in zip(names, values, strict=True):
                yield ast.unparse(target), each
        case ast.NamedExpr(target=ast.Name(name), value=value):
            yield name, value


@cache
def reading() -> Reading:
    sources = (path.read_text(encoding="utf-8") for path in sorted(PACKAGE.rglob("*.py")))
    return Reading().of([ast.parse(source) for source in sources])


@cache
def parameters(section: str) -> frozenset[str]:
    """What the plug-ins that a section is handed to take, and look at."""
    package, contract = TAKERS[section]
    found: set[str] = set()
    for name in plugins.names(package):
        chosen = plugins.plugin_class(package, name, contract)
        source = (Path(package.__path__[0]) / f"{name}.py").read_text(encoding="utf-8")
        looked_at = {
            node.attr
            for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "self"
        }
        found |= {each.name for each in fields(chosen)} & looked_at
    return frozenset(found)


@pytest.mark.parametrize("key", [key for key, _ in keys(Settings())])
def test_every_key_has_a_reader(key: str):
    section, _, name = key.rpartition(".")
    if key in READ_BY_LOAD:
        assert PRESETS
    elif section == "allocation" and name != "others":
        assert name in plugins.names(strategies)
        assert "allocation.shares" in reading().read
    else:
        assert key in reading().read or (section in TAKERS and name in parameters(section))


def test_what_plug_ins_take_is_handed_to_them():
    assert reading().handed == set(TAKERS)


@pytest.mark.parametrize(
    ("body", "read"),
    [
        ("return settings.risk.max_drawdown", {"risk", "risk.max_drawdown"}),
        ("return desk.max_drawdown", set()),
        ("ai = settings.ai; return ai.critic", {"ai", "ai.critic"}),
        ("a, b = settings.ai, desk.risk; return b.critic", {"ai"}),
        ("return own.critic, desk.research", {"ai.critic"}),
        ("return Held().settings.ai.critic", {"ai", "ai.critic"}),
        ("return Held().ai.critic", set()),
        ("settings.ai.critic = 1", {"ai"}),
    ],
)
def test_a_name_is_read_from_its_own_section_alone(body: str, read: set[str]):
    """Another thing's attribute of that name is no reader, nor is one that is written."""
    held = "class Held:\n    settings: Settings\n"
    source = f"{held}def f(settings: Settings, own: 'Ai | None', desk: Desk):\n    {body}\n"
    assert Reading().of([ast.parse(source)]).read == read
