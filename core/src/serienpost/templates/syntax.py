"""What an expression in a text may be, as an allow-list over Jinja2's syntax tree.

Whatever is not listed here is refused, so a text can neither loop, call, compute nor reach into
an object: its size and time are bounded by its own length and that of the values.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from jinja2 import nodes

from serienpost.errors import Problem
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Iterator

_ = Texts(__name__)

# Filters that turn a date or time into text.
FORMATS = ("datum", "uhrzeit", "wochentag")

# The filter that gives a text for an empty value.
FALLBACK = "falls_leer"

# Levels of nesting at most, of `if` in `if` and of an expression.
DEEPEST = 20

Operand: TypeAlias = str | int | bool | nodes.Name
_MACRO = re.compile(r"[A-Za-zÄÖÜäöüß][A-Za-z0-9_ÄÖÜäöüß]*\Z")
_RESERVED = frozenset({"self", "loop", "caller", "varargs", "kwargs"})
_ORDERING = frozenset({"lt", "lteq", "gt", "gteq"})
_FILTERS = _("the filters are {names} and {last}", names=FORMATS, last=f'{FALLBACK}("...")')
_PLAIN = _("write only the macro's name; what has to be computed belongs in a macro of its own")
_INSTEAD: dict[type[nodes.Node], tuple[str, str]] = {
    nodes.Getattr: (
        _("a text cannot contain an attribute"),
        _("a macro is a single value: write its name without a dot"),
    ),
    nodes.Getitem: (
        _("a text cannot contain an index"),
        _("a macro is a single value: write its name without brackets"),
    ),
    nodes.Slice: (
        _("a text cannot contain a slice"),
        _("a macro is a single value: write its name without brackets"),
    ),
    nodes.Call: (
        _("a text cannot contain a call"),
        _("write the macro's name without parentheses"),
    ),
    nodes.Concat: (
        _("a text cannot contain ~"),
        _("write the parts one after the other: {{A}} {{B}}"),
    ),
    nodes.CondExpr: (
        _("a text cannot contain an inline if"),
        _("write {% if X %}...{% else %}...{% endif %}"),
    ),
    nodes.List: (_("a text cannot contain a list"), _("compare with == and join with or")),
    nodes.Tuple: (_("a text cannot contain a list"), _("compare with == and join with or")),
    nodes.Dict: (
        _("a text cannot contain a map in braces"),
        _("two braces on each side make a macro: {{X}}"),
    ),
    nodes.Compare: (
        _("a text cannot contain a comparison inside another"),
        _("join comparisons with and"),
    ),
    nodes.Test: (
        _("a text cannot contain a test inside a comparison"),
        _("join conditions with and"),
    ),
    nodes.BinExpr: (_("a text cannot contain arithmetic"), _PLAIN),
    nodes.UnaryExpr: (_("a text cannot contain arithmetic"), _PLAIN),
}


@dataclass(frozen=True, slots=True)
class Formatted:
    """A macro that a filter formats, to be checked against the type of its value."""

    name: str
    filter: str
    line: int


@dataclass(frozen=True, slots=True)
class Ordering:
    """Two neighbours of `<`, `<=`, `>`, `>=`: they must be of types that can be compared."""

    left: Operand
    right: Operand
    line: int


class ExpressionCheck:
    """Collects names and problems of one expression.

    Args:
        file: named in problems.
        first_line: the line of the file that the expression's line 1 is.
    """

    def __init__(self, file: str, first_line: int) -> None:
        self.file = file
        self.first_line = first_line
        self.problems: list[Problem] = []
        self.names: dict[str, int] = {}
        self.formatted: list[Formatted] = []
        self.orderings: list[Ordering] = []

    def refuse(self, line: int, what: str, instead: str | None) -> None:
        """Record a problem at a line of the expression."""
        self.problems.append(Problem(what, instead, self.file, self.line(line)))

    def line(self, line: int) -> int:
        """The line of the file."""
        return self.first_line + line - 1

    def printed(self, node: nodes.Expr) -> tuple[str | None, bool]:
        """Check what stands between `{{` and `}}`.

        Returns:
            The macro's name if it stands alone, and whether an empty value is taken care of.
        """
        if isinstance(node, nodes.Compare | nodes.And | nodes.Or | nodes.Not | nodes.Test):
            self.refuse(
                node.lineno,
                _("a condition has no text of its own"),
                _("write {% if ... %}...{% endif %}"),
            )
            return None, False
        self.value(node, 1)
        bare = node.name if isinstance(node, nodes.Name) else None
        return bare, isinstance(node, nodes.Filter) and node.name == FALLBACK

    def condition(self, node: nodes.Expr, depth: int = 1) -> None:
        """Check what stands behind `if` or `elif`."""
        if depth > DEEPEST:
            self.refuse(node.lineno, too_deep(), _("split the condition"))
        elif isinstance(node, nodes.And | nodes.Or):
            self.condition(node.left, depth + 1)
            self.condition(node.right, depth + 1)
        elif isinstance(node, nodes.Not):
            self.condition(node.node, depth + 1)
        elif isinstance(node, nodes.Test):
            self._test(node)
        elif isinstance(node, nodes.Compare):
            self._compare(node, depth)
        else:
            self.value(node, depth)

    def value(self, node: nodes.Expr, depth: int) -> None:
        """Check a macro, a constant, or a macro with filters."""
        if isinstance(node, nodes.Name):
            self._name(node)
        elif isinstance(node, nodes.Filter):
            self._filter(node, depth)
        elif isinstance(node, nodes.Const):
            if not isinstance(node.value, str | int | bool):
                self.refuse(
                    node.lineno,
                    _("only texts, whole numbers, true and false can be written as constants"),
                    _("to ask for an empty value write: X is defined"),
                )
        else:
            other = _("a text cannot contain {what}", what=type(node).__name__.lower())
            what, instead = next(
                (found for kind, found in _INSTEAD.items() if isinstance(node, kind)),
                (other, _PLAIN),
            )
            self.refuse(node.lineno, what, instead)

    def _name(self, node: nodes.Name) -> None:
        if not _MACRO.match(node.name) or node.name in _RESERVED:
            self.refuse(
                node.lineno,
                _("{name} cannot be the name of a macro", name=node.name),
                _("a name is a letter, then letters, digits and underscores"),
            )
        self.names.setdefault(node.name, self.line(node.lineno))

    def _filter(self, node: nodes.Filter, depth: int) -> None:
        inner = node.node
        if node.name not in (*FORMATS, FALLBACK):
            what = _("there is no filter {name}", name=node.name)
            self.refuse(node.lineno, what, _FILTERS)
        elif node.name == FALLBACK:
            self._fallback(node)
        elif node.args or node.kwargs or node.dyn_args or node.dyn_kwargs:
            what = _("{filter} takes nothing in parentheses", filter=node.name)
            self.refuse(node.lineno, what, f"|{node.name}")
        elif isinstance(inner, nodes.Name):
            self.formatted.append(Formatted(inner.name, node.name, self.line(node.lineno)))
        else:
            self.refuse(
                node.lineno,
                _("{filter} must stand directly behind a macro", filter=node.name),
                _(
                    "{tag}, with {last} as the last filter",
                    tag=f"{{{{X|{node.name}}}}}",
                    last=FALLBACK,
                ),
            )
        if depth > DEEPEST or inner is None:
            self.refuse(node.lineno, too_deep(), _FILTERS)
        else:
            self.value(inner, depth + 1)

    def _fallback(self, node: nodes.Filter) -> None:
        args = node.args
        if (
            len(args) != 1
            or node.kwargs
            or node.dyn_args
            or node.dyn_kwargs
            or not isinstance(args[0], nodes.Const)
            or not isinstance(args[0].value, str)
        ):
            self.refuse(
                node.lineno,
                _("{filter} takes one text", filter=FALLBACK),
                f'{{{{X|{FALLBACK}("sonst dies")}}}}',
            )
        if isinstance(node.node, nodes.Const) or (
            isinstance(node.node, nodes.Filter) and node.node.name == FALLBACK
        ):
            what = _("{filter} must stand once, behind a macro", filter=FALLBACK)
            self.refuse(node.lineno, what, _FILTERS)

    def _test(self, node: nodes.Test) -> None:
        if node.name != "defined" or node.args or node.kwargs or node.dyn_args or node.dyn_kwargs:
            self.refuse(
                node.lineno,
                _("there is no test {name}", name=node.name),
                _("write: X is defined, or X == ..."),
            )
        elif not isinstance(node.node, nodes.Name):
            self.refuse(node.lineno, _("only a macro can be tested"), _("write: X is defined"))
            return
        self.value(node.node, 1)

    def _compare(self, node: nodes.Compare, depth: int) -> None:
        left = node.expr
        self.value(left, depth + 1)
        for step in node.ops:
            if step.op in ("in", "notin"):
                self.refuse(
                    node.lineno,
                    _("a text cannot contain in"),
                    _("compare with == and join with or"),
                )
            elif step.op in _ORDERING:
                self._order(left, step.expr, node.lineno)
            self.value(step.expr, depth + 1)
            left = step.expr

    def _order(self, left: nodes.Expr, right: nodes.Expr, line: int) -> None:
        sides = [
            side if isinstance(side, nodes.Name) else side.value
            for side in (left, right)
            if isinstance(side, nodes.Name | nodes.Const)
        ]
        if len(sides) == 2:
            self.orderings.append(Ordering(sides[0], sides[1], self.line(line)))
        else:
            self.refuse(
                line,
                _("only macros and constants can be greater or less"),
                _("leave the filter out"),
            )


def too_deep() -> str:
    """What is said of a text with more levels than are read."""
    return _.ngettext("nested deeper than {n} level", "nested deeper than {n} levels", DEEPEST)


def proven(test: nodes.Expr, outcome: bool) -> frozenset[str]:
    """The macros that cannot be empty where `test` came out as `outcome`."""
    if isinstance(test, nodes.Name):
        return frozenset({test.name}) if outcome else frozenset()
    if isinstance(test, nodes.Not):
        return proven(test.node, not outcome)
    if isinstance(test, nodes.And | nodes.Or):
        left, right = proven(test.left, outcome), proven(test.right, outcome)
        return left | right if isinstance(test, nodes.And) == outcome else left & right
    if isinstance(test, nodes.Test) and isinstance(test.node, nodes.Name) and outcome:
        return frozenset({test.node.name})
    if isinstance(test, nodes.Compare) and outcome:
        return frozenset(_equal_to_text(test))
    return frozenset()


def _equal_to_text(test: nodes.Compare) -> Iterator[str]:
    if isinstance(test.expr, nodes.Name) and len(test.ops) == 1:
        step = test.ops[0]
        constant = step.expr.value if isinstance(step.expr, nodes.Const) else None
        if step.op in _ORDERING or (step.op == "eq" and constant not in (None, "")):
            yield test.expr.name
