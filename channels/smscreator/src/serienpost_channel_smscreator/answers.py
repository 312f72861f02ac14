"""Reading the gateway's XML: safely, and without knowing more of it than is documented."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element


class UnreadableError(Exception):
    """An answer that is no XML, holds entities, or lacks what every answer has."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A result: `code` is the call's `StatusCode`, `value` its `Value`."""

    code: str
    value: Element | None

    @property
    def status(self) -> str | None:
        """`Status` of an order."""
        return None if self.value is None else field(self.value, "Status")

    @property
    def number(self) -> float:
        """`Value` of the balance.

        Raises:
            UnreadableError: it is no number.
        """
        try:
            return float((self.value.text or "") if self.value is not None else "")
        except ValueError:
            raise UnreadableError("the balance is no number") from None

    def items(self, name: str) -> Iterator[Element]:
        """Elements of this name below `Value`."""
        below = () if self.value is None else self.value.iter()
        return (element for element in below if _local(element) == name)


def parse(data: bytes) -> Answer:
    """Read an answer. Names of the root element and of the namespace do not matter.

    Raises:
        UnreadableError: it is not well formed, defines entities or has no `StatusCode`.
    """
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        root = fromstring(data, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise UnreadableError(type(error).__name__) from None
    code = _first(root, "StatusCode")
    if code is None:
        raise UnreadableError("it has no StatusCode")
    return Answer((code.text or "").strip(), _first(root, "Value"))


def field(element: Element, name: str) -> str | None:
    """The text of the first child of this name, None where there is none."""
    for child in element:
        if _local(child) == name:
            return (child.text or "").strip()
    return None


def _first(root: Element, name: str) -> Element | None:
    return next((element for element in root.iter() if _local(element) == name), None)


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]
