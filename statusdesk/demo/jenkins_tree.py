"""Jenkins' remote API export: the ``tree=`` grammar, the depth rule, and the pruning of exported objects.

Source: stapler's NamedPathPruner and ByDepth as seen in recorded answers: a range stands after the brackets, an unknown
name is dropped in silence, ``_class`` comes with every object whether asked for or not.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

_TOKENS = re.compile(r"[\[\]{},]|[^\[\]{},]+")
Owner = TypeVar("Owner")


class TreeError(ValueError):
    """A ``tree=`` that stapler refuses (Jenkins answers it with a 500 page)."""


class Tree:
    """One node of a parsed ``tree=``: the names wanted below it, and which elements of a list."""

    __slots__ = ("children", "plans", "window")

    def __init__(self) -> None:
        self.children: dict[str, Tree] = {}
        self.window: slice | None = None
        self.plans: dict[int, list[tuple[Any, Tree]]] = {}

    def child(self, name: str) -> "Tree | None":
        """Return what is wanted below ``name``, or None when it is not wanted."""
        return self.children.get(name) or self.children.get("*")


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = _TOKENS.findall(text)
        self._at = 0

    def peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def take(self, wanted: str = "") -> str:
        token = self.peek()
        if not token or (wanted and token != wanted) or (not wanted and token in "[]{},"):
            raise TreeError(f"expected {wanted or 'a name'!r} but found {token or 'the end'!r}")
        self._at += 1
        return token

    def names(self, into: Tree) -> None:
        self._node(into)
        while self.peek() == ",":
            self.take(",")
            self._node(into)

    def _node(self, into: Tree) -> None:
        name, node = self.take().strip(), Tree()
        if self.peek() == "[":
            self.take("[")
            self.names(node)
            self.take("]")
        if self.peek() == "{":
            node.window = self._window()
        into.children[name] = node  # a name listed twice: the last one wins

    def _window(self) -> slice:
        self.take("{")
        parts = [""]
        while self.peek() != "}":
            if self.peek() == ",":
                self.take(",")
                parts.append("")
            else:
                parts[-1] = self.take()
        self.take("}")
        try:
            if len(parts) == 1:
                return slice(int(parts[0]), int(parts[0]) + 1)
            low, high = parts
            return slice(int(low) if low.strip() else 0, int(high) if high.strip() else None)
        except ValueError as error:
            raise TreeError(f"not a range: {{{','.join(parts)}}}") from error


def parse_tree(text: str) -> Tree:
    """Parse a ``tree=`` parameter.

    Raises: TreeError where stapler does (unbalanced bracket, range before the brackets or not a number, no name).
    """
    parser, root = _Parser(text), Tree()
    parser.names(root)
    if parser.peek():
        raise TreeError(f"unexpected {parser.peek()!r}")
    return root


class Field(Generic[Owner]):
    """One exported property: its name, how to read it, how deep it shows and whether its value counts as a level."""

    __slots__ = ("get", "inline", "name", "visibility")

    def __init__(self, name: str, get: Callable[[Owner], object], *, visibility: int = 1, inline: bool = False) -> None:
        self.name = name
        self.get = get
        self.visibility = visibility
        self.inline = inline


class Bean:
    """An object made only to be exported; it is as visible as what it stands in. No class name: no ``_class``."""

    __slots__ = ("class_name", "values")

    def __init__(self, class_name: str, values: Mapping[str, object] | None = None) -> None:
        self.class_name = class_name
        self.values = values or {}


class Shape(Generic[Owner]):
    """The exported properties of one Jenkins class, in the order Jenkins writes them."""

    __slots__ = ("class_name", "fields")

    def __init__(self, class_name: str, fields: Sequence[Field[Owner]]) -> None:
        self.class_name = class_name
        self.fields = tuple(fields)


class Exporter:
    """Turns model objects into JSON-ready values, by ``tree`` or by ``depth``."""

    def __init__(self, shape_of: Callable[[object], Shape[Any]]) -> None:
        self._shape_of = shape_of

    def by_tree(self, value: object, tree: Tree) -> object:
        """Export ``value`` with only the names in ``tree``."""
        if value is None or isinstance(value, str | int | float):
            return value
        if isinstance(value, list | tuple):
            items = value[tree.window] if tree.window else value
            return [self.by_tree(item, tree) for item in items]
        if isinstance(value, Bean):
            out: dict[str, object] = {"_class": value.class_name} if value.class_name else {}
            for name, part in value.values.items():
                wanted = tree.child(name)
                if wanted is not None:
                    out[name] = self.by_tree(part, wanted)
            return out
        shape = self._shape_of(value)
        out = {"_class": shape.class_name} if shape.class_name else {}
        plan = tree.plans.get(id(shape))
        if plan is None:
            plan = [(field, node) for field in shape.fields if (node := tree.child(field.name)) is not None]
            tree.plans[id(shape)] = plan
        for field, node in plan:
            out[field.name] = self.by_tree(field.get(value), node)
        return out

    def by_depth(self, value: object, room: int) -> object:
        """Export ``value`` with what is visible; ``room`` is the depth asked for less the level reached."""
        if value is None or isinstance(value, str | int | float):
            return value
        if isinstance(value, list | tuple):
            return [self.by_depth(item, room) for item in value]
        if isinstance(value, Bean):
            out: dict[str, object] = {"_class": value.class_name} if value.class_name else {}
            for name, part in value.values.items():
                out[name] = self.by_depth(part, room if _is_bean(part) else room - 1)
            return out
        shape = self._shape_of(value)
        out = {"_class": shape.class_name} if shape.class_name else {}
        for field in shape.fields:
            if field.visibility + room > 0:
                out[field.name] = self.by_depth(field.get(value), room if field.inline else room - 1)
        return out


def _is_bean(value: object) -> bool:
    if isinstance(value, list | tuple):
        return all(isinstance(item, Bean | str | int | float) for item in value)
    return isinstance(value, Bean)
