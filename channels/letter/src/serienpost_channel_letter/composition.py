"""From a draft to a letter: the parts that the layout sets around the text, all escaped."""

from __future__ import annotations

import re
from html import escape
from pathlib import PurePath
from typing import TYPE_CHECKING

from serienpost import Attachment, Content, Refused, Texts, split_page
from serienpost_channel_letter import din5008 as din
from serienpost_channel_letter.style import (
    BACKGROUND,
    FRAME,
    FRAME_SHEET,
    LETTER_SHEET,
    MEASURED,
    OWN_SHEET,
    PROOF,
)
from serienpost_channel_letter.stylesheet import frame_sheet, letter_sheet, proof_sheet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serienpost import Draft, PracticeInfo, Signature
    from serienpost_channel_letter.account import LetterAccount

_ = Texts(__name__)

# Set by the layout; Briefanrede and date only where the text does not name them itself.
LAYOUT_MACROS = frozenset({"Anschrift", "Briefanrede", "Datum_lang"})

LETTERHEAD = "briefkopf"
_OWN_ADDRESS = 'class="anschrift"'
_IMAGES = frozenset({".png", ".jpg", ".jpeg", ".gif"})
_DATES = frozenset({"Datum_lang", "Heute"})
_WORDS = re.compile(r"(\s+)")
# An address of the net, and where it may be broken.
_NET = re.compile(r"@|://|\w\.\w.*\w\.\w|www\.")
_BREAK = re.compile(r"(?<=\w)(?=[@.]\w)|(?<=\w/)(?=\w)")


def compose(
    account: LetterAccount,
    practice: PracticeInfo,
    draft: Draft,
    style_files: tuple[Attachment, ...],
) -> Content | Refused:
    """The letter of one recipient.

    Its HTML is the letter alone; style sheets, the frame around it and images are its
    attachments, the same for all letters of a run.
    """
    stated = draft.values.get("Anschrift") or draft.address
    lines = [line.strip() for line in stated.split("\n") if line.strip()]
    if len(lines) > din.ADDRESS_LINES:
        return Refused(
            "address_lines",
            _(
                "the postal address has {lines} lines, {most} fit into the window",
                lines=len(lines),
                most=din.ADDRESS_LINES,
            ),
        )
    if draft.attachments:
        return Refused("attachments", _("a letter carries no attachments"))
    return Content(
        kind="letter",
        sender=practice.name,
        address=draft.address,
        subject=draft.subject,
        text=draft.text,
        html="\n".join(_parts(draft, lines)),
        attachments=style_files,
        layout=(
            ("form", account.form),
            ("language", draft.language),
            ("window", "\n".join(lines)),
        ),
    )


def style_files(
    account: LetterAccount, practice: PracticeInfo, draft: Draft
) -> tuple[Attachment, ...]:
    """Style sheets, frame and images, in an order of their own.

    The rules of the template's own page come after those of its `letter.css`.
    """
    texts = {
        LETTER_SHEET: letter_sheet(account, draft.language),
        FRAME: _frame(account, practice, draft),
        FRAME_SHEET: frame_sheet(account),
        PROOF: proof_sheet(account),
    }
    files = {name: text.encode() for name, text in texts.items()}
    own = b"\n".join(filter(None, (draft.files.get(OWN_SHEET), _rules(draft).encode())))
    if own:
        files[OWN_SHEET] = own
    files |= {name: data for name, data in draft.files.items() if _is_picture(name)}
    return tuple(
        Attachment(name, "application/octet-stream", data) for name, data in sorted(files.items())
    )


def _is_picture(name: str) -> bool:
    return name == BACKGROUND or PurePath(name).suffix.lower() in _IMAGES


def _rules(draft: Draft) -> str:
    return split_page(draft.html or "")[0]


def _parts(draft: Draft, lines: list[str]) -> Iterator[str]:
    """Address and subject, Briefanrede, text, closing; what the text sets itself is left out."""
    text = split_page(draft.html or f"<p>{escape(draft.text)}</p>")[1]
    if _OWN_ADDRESS not in text:
        yield f'<pre class="anschrift">{escape(chr(10).join(lines))}</pre>'
    if draft.subject:
        yield f'<h1 class="betreff">{escape(draft.subject)}</h1>'
    salutation = draft.values.get("Briefanrede")
    if salutation and "Briefanrede" not in draft.named:
        yield f'<p class="anrede">{escape(salutation)}</p>'
    yield text
    signature = draft.setting.signature if draft.setting else None
    if signature and "Signatur" not in draft.named:
        yield from _closing(draft, signature)


def _closing(draft: Draft, signature: Signature) -> Iterator[str]:
    """Closing, space or image for the signature, name and text (DIN 5008)."""
    image = next((name for name in sorted(draft.files) if name.startswith("signature.")), None)
    yield f'<div class="gruss"><p>{escape(signature.closing)}</p>'
    if image:
        yield f'<img src="asset:{escape(image)}" alt="">'
    yield f'<p class="name">{escape(signature.name)}</p>'
    if signature.text:
        yield f'<p class="zusatz">{escape(signature.text)}</p>'
    yield "</div>"


def style_key(draft: Draft) -> tuple[object, ...]:
    """What the files of the style depend on besides account and practice."""
    date = draft.values.get("Datum_lang")
    return id(draft.files), draft.language, date, bool(_DATES & draft.named), _rules(draft)


def _frame(account: LetterAccount, practice: PracticeInfo, draft: Draft) -> str:
    """What stands around the letter: letterhead, return line, information, marks, foot."""
    head = foot = ""
    if not account.background:
        head = _head(account, practice, draft)
        foot = _zone("fuss", _breakable(account.footer or _foot(practice)))
    first = [
        head,
        _zone("absender", _return_line(account, practice)),
        _zone("information", _breakable(_information(account, practice, draft))),
        *_marks(account),
        foot,
    ]
    pages = ("".join(first), foot)
    return "".join(f'<div class="blatt">{page}</div>' for page in pages)


def _zone(name: str, html: str) -> str:
    """A part of the frame that is measured; records of before hold none that says so."""
    return f'<div class="{name}" {MEASURED}="{name}">{html}</div>'


def _head(account: LetterAccount, practice: PracticeInfo, draft: Draft) -> str:
    if account.letterhead:
        image = next(name for name in draft.files if PurePath(name).stem == LETTERHEAD)
        return _zone("kopf", f'<img src="asset:{escape(image)}" alt="">')
    return _zone("kopf", escape(practice.name))


def _return_line(account: LetterAccount, practice: PracticeInfo) -> str:
    """Of several parts, so that a line is broken between them."""
    parts = account.return_line.split(" · ") if account.return_line else _own_address(practice)
    shown = (f'<span class="teil">{escape(part)}</span>' for part in parts)
    return f'<span class="zeile">{" · ".join(shown)}</span>'


def _breakable(text: str) -> str:
    """Text as HTML; an address of the net stays whole where it fits into a line, else it is broken
    before `@` and a full stop, or after a slash."""
    return "".join(
        f'<span class="wort">{_BREAK.sub("<wbr>", escape(word))}</span>'
        if _NET.search(word)
        else escape(word)
        for word in _WORDS.split(text)
    )


def _information(account: LetterAccount, practice: PracticeInfo, draft: Draft) -> str:
    label = {"de": "Telefon", "en": "Phone"}.get(draft.language[:2], "Telefon")
    own = [f"{label} {practice.phone}" if practice.phone else "", practice.email, practice.web]
    lines = [line for line in (account.information or own) if line]
    date = draft.values.get("Datum_lang")
    if date and not _DATES & draft.named:
        lines += ["", date]
    return "\n".join(lines)


def _own_address(practice: PracticeInfo) -> list[str]:
    place = f"{practice.postal_code} {practice.city}".strip()
    return [part for part in (practice.name, practice.street, place) if part]


def _foot(practice: PracticeInfo) -> str:
    reach = (practice.phone, practice.email, practice.web)
    return " · ".join([*_own_address(practice), *(part for part in reach if part)])


def _marks(account: LetterAccount) -> Iterator[str]:
    if account.marks:
        for top in din.FORMS[account.form].folds:
            yield f'<div class="marke" style="top:{top - 0.1:g}mm"></div>'
        yield f'<div class="marke loch" style="top:{din.HOLE - 0.1:g}mm"></div>'
