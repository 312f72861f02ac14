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

if TYPE_CHECKING:
    from collections.abc import Iterator

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
_FILTERS = f'the filters are {", ".join(FORMATS)} and {FALLBACK}("...")'
_PLAIN = "write only the macro's name; what has to be computed belongs in a macro of its own"
_INSTEAD: dict[type[nodes.Node], tuple[str, str]] = {
    nodes.Getattr: ("an attribute", "a macro is a single value: write its name without a dot"),
    nodes.Getitem: ("an index", "a macro is a single value: write its name without brackets"),
    nodes.Slice: ("a slice", "a macro is a single value: write its name without brackets"),
    nodes.Call: ("a call", "write the macro's name without parentheses"),
    nodes.Concat: ("~", "write the parts one after the other: {{A}} {{B}}"),
    nodes.CondExpr: ("an inline if", "write {% if X %}...{% else %}...{% endif %}"),
    nodes.List: ("a list", "compare with == and join with or"),
    nodes.Tuple: ("a list", "compare with == and join with or"),
    nodes.Dict: ("a map in braces", "two braces on each side make a macro: {{X}}"),
    nodes.Compare: ("a comparison inside another", "join comparisons with and"),
    nodes.Test: ("a test inside a comparison", "join conditions with and"),
    nodes.BinExpr: ("arithmetic", _PLAIN),
    nodes.UnaryExpr: ("arithmetic", _PLAIN),
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
                "a condition has no text of its own",
                "write {% if ... %}...{% endif %}",
            )
            return None, False
        self.value(node, 1)
        bare = node.name if isinstance(node, nodes.Name) else None
        return bare, isinstance(node, nodes.Filter) and node.name == FALLBACK

    def condition(self, node: nodes.Expr, depth: int = 1) -> None:
        """Check what stands behind `if` or `elif`."""
        if depth > DEEPEST:
            self.refuse(node.lineno, f"nested deeper than {DEEPEST} levels", "split the condition")
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
                    "only texts, whole numbers, true and false can be written as constants",
                    "to ask for an empty value write: X is defined",
                )
        else:
            what, instead = next(
                (found for kind, found in _INSTEAD.items() if isinstance(node, kind)),
                (type(node).__name__.lower(), _PLAIN),
            )
            self.refuse(node.lineno, f"a text cannot contain {what}", instead)

    def _name(self, node: nodes.Name) -> None:
        if not _MACRO.match(node.name) or node.name in _RESERVED:
            self.refuse(
                node.lineno,
                f"{node.name} cannot be the name of a macro",
                "a name is a letter, then letters, digits and underscores",
            )
        self.names.setdefault(node.name, self.line(node.lineno))

    def _filter(self, node: nodes.Filter, depth: int) -> None:
        inner = node.node
        if node.name not in (*FORMATS, FALLBACK):
            self.refuse(node.lineno, f"there is no filter {node.name}", _FILTERS)
        elif node.name == FALLBACK:
            self._fallback(node)
        elif node.args or node.kwargs or node.dyn_args or node.dyn_kwargs:
            self.refuse(node.lineno, f"{node.name} takes nothing in parentheses", f"|{node.name}")
        elif isinstance(inner, nodes.Name):
            self.formatted.append(Formatted(inner.name, node.name, self.line(node.lineno)))
        else:
            self.refuse(
                node.lineno,
                f"{node.name} must stand directly behind a macro",
                f"{{{{X|{node.name}}}}}, with {FALLBACK} as the last filter",
            )
        if depth > DEEPEST or inner is None:
            self.refuse(node.lineno, f"nested deeper than {DEEPEST} levels", _FILTERS)
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
                node.lineno, f"{FALLBACK} takes one text", f'{{{{X|{FALLBACK}("sonst dies")}}}}'
            )
        if isinstance(node.node, nodes.Const) or (
            isinstance(node.node, nodes.Filter) and node.node.name == FALLBACK
        ):
            self.refuse(node.lineno, f"{FALLBACK} must stand once, behind a macro", _FILTERS)

    def _test(self, node: nodes.Test) -> None:
        if node.name != "defined" or node.args or node.kwargs or node.dyn_args or node.dyn_kwargs:
            self.refuse(
                node.lineno, f"there is no test {node.name}", "write: X is defined, or X == ..."
            )
        elif not isinstance(node.node, nodes.Name):
            self.refuse(node.lineno, "only a macro can be tested", "write: X is defined")
            return
        self.value(node.node, 1)

    def _compare(self, node: nodes.Compare, depth: int) -> None:
        left = node.expr
        self.value(left, depth + 1)
        for step in node.ops:
            if step.op in ("in", "notin"):
                self.refuse(
                    node.lineno, "a text cannot contain in", "compare with == and join with or"
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
                line, "only macros and constants can be greater or less", "leave the filter out"
            )


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
