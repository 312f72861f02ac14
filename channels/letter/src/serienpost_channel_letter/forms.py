"""Pages as PDF objects that are kept once in a file and drawn on many of its pages."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pikepdf

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def form_of(pdf: pikepdf.Pdf, number: int) -> pikepdf.Object:
    """A page of a file as a form, with resources of its own: what is drawn later on pages that
    share the present ones is not part of it."""
    form = pdf.make_indirect(pdf.pages[number].as_form_xobject())
    resources = pikepdf.Dictionary(dict(form.Resources.items()))
    if "/XObject" in resources:
        resources.XObject = pikepdf.Dictionary(dict(resources.XObject.items()))
    form.Resources = resources
    return form


def copied(pdf: pikepdf.Pdf, other: pikepdf.Pdf | None) -> list[pikepdf.Object]:
    """The pages of another file as forms that can be drawn in this one."""
    if other is None:
        return []
    return [pdf.copy_foreign(page.as_form_xobject()) for page in other.pages]


def opened(data: bytes) -> pikepdf.Pdf:
    """A file from its bytes."""
    return pikepdf.open(io.BytesIO(data))


def numbered(number: int, **forms: Sequence[pikepdf.Object]) -> dict[str, pikepdf.Object | None]:
    """The forms for one page of a letter by name: the first for its first page, the second for
    the others; one alone serves both."""
    picked = {name: min(number, len(found) - 1) for name, found in forms.items()}
    return {
        f"/Sp{name}{nth}": forms[name][nth] if nth >= 0 else None for name, nth in picked.items()
    }


def draw(page: pikepdf.Page, forms: Mapping[str, pikepdf.Object | None], *, under: bool) -> None:
    """Draw forms on a page, below or above what is there; pages may share their resources."""
    found = {name: form for name, form in forms.items() if form is not None}
    if not found:
        return
    known = page.obj.Resources
    if "/XObject" not in known:
        known.XObject = pikepdf.Dictionary()
    for name, form in found.items():
        if name not in known.XObject:
            known.XObject[name] = form
    drawn = "".join(f"q {name} Do Q\n" for name in found).encode()
    if under:
        page.contents_add(drawn, prepend=True)
    else:
        page.contents_add(b"q\n", prepend=True)
        page.contents_add(b"\nQ\n" + drawn)
