"""Nothing in a message loads, sends or runs anything when it is read.

The one place that judges HTML: pages of e-mails and letters, what becomes of them, and what a
conditional comment shows to Outlook. Elements and attributes are those that are known to do
nothing by themselves; of the others nobody needs to know what they do.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from serienpost.templates.foreign_loads import fetching_rules, loads_for_some
from serienpost.templates.markup import raw_texts, read
from serienpost.templates.placeholders import PLACE
from serienpost.templates.styles import forbidden_in_sheet
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from serienpost.templates.foreign_loads import Span
    from serienpost.templates.markup import Markup, Token

_ = Texts(__name__)

# The last are what Outlook is told about the size of its pixels.
_ELEMENT_NAMES = """
    html head title meta style body address article aside blockquote center dd details dir div dl dt
    figcaption figure footer h1 h2 h3 h4 h5 h6 header hgroup hr li main menu nav ol p pre search
    section summary ul a abbr acronym b basefont bdi bdo big blink br cite code data del dfn em font
    i img ins kbd label mark marquee nobr picture q rb rp rt rtc ruby s samp small source span
    strike strong sub sup time tt u var wbr area map caption col colgroup table tbody td tfoot th
    thead tr xml o:officedocumentsettings o:allowpng o:pixelsperinch o:p
"""
# Elements that do nothing by themselves.
ELEMENTS = frozenset(_ELEMENT_NAMES.split())
_TEXT_NAMES = """
    abbr align alink alt axis bgcolor border bordercolor cellpadding cellspacing char charoff
    charset cite class clear color cols colspan compact content coords datetime dir direction
    download face frame headers height hidden hreflang hspace id itemprop itemscope itemtype lang
    language leftmargin link loading marginheight marginwidth media name noshade nowrap open
    property reversed role rows rowspan rules scope shape size sizes span start summary tabindex
    target text title topmargin translate type valign value version vlink vspace width xml:lang
    xmlns
"""
_TEXTS = frozenset(_TEXT_NAMES.split())
_TEXT_PREFIXES = ("aria-", "data-", "xmlns:")
_LOADING = frozenset({"background", "longdesc", "src", "srcset"})
_LINK = re.compile(r"(?:https?://[^/]|mailto:.|tel:.|#)", re.IGNORECASE)
_EQUIVALENTS = frozenset({"content-language", "content-type", "x-ua-compatible"})
# A tag that may be meant as a placeholder, `<Vorname>`.
_WORD = re.compile(r"<([A-Z][a-z]\w*)>")
# In templates that a provider keeps, with images of its own: what runs or sends.
_RUNNING = frozenset(
    ("applet", "base", "embed", "form", "frame", "frameset", "iframe", "object", "portal", "script")
)
_RUNNING_URL = re.compile(
    r"(?:javascript|vbscript):|data:(?!image/(?:png|jpe?g|gif)[;,])", re.IGNORECASE
)
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([^\s\"';]*)", re.IGNORECASE)
# What names a file of definitions that is not W3C's, or holds some.
_DEFINES = re.compile(
    r"\[|[\"'][^\"']*:(?!//www\.w3\.org/)//|SYSTEM(?!\s*[\"']about:legacy-compat[\"'])",
    re.IGNORECASE,
)
# What old programs follow, as `<?import ...>`; Word writes the last two.
_INSTRUCTION = re.compile(r"\?(?!xml(?:\s+version\b[^>]*|:namespace\b[^>]*)\Z)", re.IGNORECASE)
# The attribute in a selector as `[title^="A"]`, with a namespace or escapes in its name.
_BY_ATTRIBUTE = re.compile(r"\[\s*(?:[^\s\]=|]*\|(?!=))?([^\s\]=~^$*|]+)")
# Signs of a selector that look at an attribute.
_SHORT_FORMS = {".": "class", "#": "id"}
_FOR_SOME = _(
    "loads something for some only, which tells whoever keeps it about whom the condition holds; "
    "put it outside of the block, or the same outside as well"
)
_IGNORED_IN_URL = re.compile(r"[\x00-\x20]")
# What a conditional comment shows to Outlook, and how it ends.
_CONDITION = re.compile(r"\[\s*if\b.*?(?:\]>|>|\Z)", re.IGNORECASE | re.DOTALL)
_CONDITION_END = re.compile(r"<!(?:\[endif\]|--)?\s*\Z", re.IGNORECASE)


class Finding(NamedTuple):
    """Something that a page must not contain: what, what to write instead, where in the source."""

    what: str
    instead: str
    place: int


def active_parts(
    markup: Markup, images: Collection[str] = (), prefix: str = "cid:"
) -> Iterator[Finding]:
    """Everything in a page that would load, send or run something, or that leaves its place.

    Args:
        markup: the page.
        images: what it may load, as the page names it.
        prefix: of images, for what to write instead.
    """
    if not markup.is_whole:
        what = _("a tag, a comment, a title or a style sheet has no end")
        yield Finding(what, _("close it"), _unfinished(markup))
    for token in markup.tokens:
        if token.kind == "start":
            yield from _of_element(token, markup)
            yield from _of_tag(token, images, prefix)
        elif token.kind == "comment":
            yield from _of_comment(token, images, prefix)
        elif token.kind == "doctype" and _DEFINES.search(markup.source[token.begin : token.end]):
            yield Finding(_("a document type of its own"), _("write <!DOCTYPE html>"), token.begin)
    for begin, end in raw_texts(markup, "style"):
        found = forbidden_in_sheet(markup.source[begin:end])
        if found:
            yield Finding(*found[:2], begin + found[2])


def _unfinished(markup: Markup) -> int:
    """Where it begins: the last piece, where that swallowed all the rest."""
    opened = [token for token in markup.tokens if token.name in ("style", "title")]
    if opened and opened[-1].kind == "start":
        return opened[-1].begin
    return markup.end


def _of_element(token: Token, markup: Markup) -> Iterator[Finding]:
    if token.name in ELEMENTS or PLACE.search(token.name):
        return
    word = _WORD.match(markup.source[token.begin : token.end])
    instead = _("leave it out")
    if word:
        tag = f"{{{{{word[1]}}}}}"
        instead = _("leave it out; a macro is written {tag}", tag=tag)
    yield Finding(_cannot_contain(f"<{token.name[:40]}>"), instead, token.begin)


def _cannot_contain(what: str) -> str:
    return _("a page cannot contain {what}", what=what)


def _of_tag(token: Token, images: Collection[str], prefix: str) -> Iterator[Finding]:
    name = token.name
    if not _is_utf_8(token):
        yield Finding(_("a page is written in UTF-8"), _('write charset="utf-8"'), token.begin)
    if token.twice:
        yield Finding(_("an attribute stands twice in a tag"), _("write it once"), token.begin)
    for attribute, value in token.attributes.items():
        found = _of_attribute(name, attribute, value.strip(), images, prefix)
        if found:
            yield Finding(*found, token.begin)


def _is_utf_8(token: Token) -> bool:
    """Whether a tag says of the page that it is what it is, or nothing; in UTF-7 text is tags."""
    said = token.attributes.get("charset")
    if token.name == "meta" and "http-equiv" in token.attributes:
        found = _CHARSET.search(token.attributes.get("content", ""))
        said = found[1] if found else said
    return said is None or said.strip().casefold() in ("utf-8", "utf8")


def _of_attribute(
    element: str, name: str, value: str, images: Collection[str], prefix: str
) -> tuple[str, str] | None:
    if name in _LOADING:
        if value in images:
            return None
        written = f'src="{prefix}logo.png"'
        instead = _("put the file into the template's folder: {written}", written=written)
        return _("{attribute} names no image of the template", attribute=name), instead
    if name == "href":
        if _LINK.match(value) or PLACE.fullmatch(value):
            return None
        return _("this link leads nowhere"), _("begin with https://, mailto: or tel:")
    if name == "style":
        found = forbidden_in_sheet(value)
        return found[:2] if found else None
    allowed = name in _TEXTS or name.startswith(_TEXT_PREFIXES) or bool(PLACE.search(name))
    if name == "http-equiv":
        allowed = element == "meta" and value.casefold() in _EQUIVALENTS
    elif name == "rel":
        allowed = "attachment" not in value.casefold()
    elif name == "usemap":
        allowed = value.startswith("#")
    shown = f"{name[:40]}={value[:20]}" if name == "http-equiv" else name[:40]
    return None if allowed else (_cannot_contain(shown), _("leave it out"))


def _of_comment(token: Token, images: Collection[str], prefix: str) -> Iterator[Finding]:
    """A comment shows nothing, but to Outlook what stands behind its condition."""
    if _INSTRUCTION.match(token.data):
        yield Finding(_cannot_contain("<?...>"), _("leave it out"), token.begin)
    hidden = _shown_to_outlook(token)
    if hidden is None:
        return
    for found in active_parts(read(hidden), images, prefix):
        yield found._replace(place=min(token.begin + found.place, token.end))


def _shown_to_outlook(comment: Token) -> str | None:
    """What stands behind the condition of a comment, None where it has none."""
    condition = _CONDITION.search(comment.data)
    return _CONDITION_END.sub("", comment.data[condition.end() :]) if condition else None


def active_parts_of_foreign(
    source: str, filler: str, conditional: Sequence[Span] = ()
) -> Iterator[Finding]:
    """What in a page that a provider keeps runs or sends something, or would tell a person's data
    to whomever a part of it is loaded from. What is fixed there may be loaded, if everybody loads
    it; it tells nothing.

    Args:
        source: the page, with as many fillers as characters in place of what is filled in, and of
            what decides about a part of it.
        filler: a character that stands for it.
        conditional: the parts that are decided about, in order.
    """
    markup = read(source)
    for load in loads_for_some(markup, conditional):
        yield Finding(_FOR_SOME, _("put it outside of the block"), load.place)
    filled: set[str] = set()
    for token in markup.tokens:
        if token.kind == "start":
            between = any(filler in name for name in token.attributes)
            filled |= {
                name.replace(filler, "")
                for name, value in token.attributes.items()
                if between or filler in value
            }
            for what in _foreign_tag(token, filler):
                yield _foreign(what, source, token.begin, token.end, filler)
        elif token.kind == "comment":
            for what in _foreign_comment(token, source, filler, conditional):
                yield _foreign(what, source, token.begin, token.end, filler)
    yield from _foreign_sheets(markup, filler, filled)


def _foreign_sheets(markup: Markup, filler: str, filled: Collection[str]) -> Iterator[Finding]:
    source = markup.source
    for element in ("script", "style"):
        for begin, end in raw_texts(markup, element):
            if filler in source[begin:end]:
                what = _("stands in a script or style sheet")
                yield _foreign(what, source, begin, end, filler)
            elif element == "style" and _looks_at(source[begin:end], filled):
                what = _("a style sheet loads something by what is filled in")
                yield _foreign(what, source, begin, end, filler)


def _foreign(what: str, source: str, begin: int, end: int, filler: str) -> Finding:
    place = source.find(filler, begin, end)
    return Finding(what, _("leave it out"), begin if place < 0 else place)


def _foreign_comment(
    token: Token, source: str, filler: str, conditional: Sequence[Span]
) -> Iterator[str]:
    """What is filled in inside a comment is read by nobody, but by Outlook behind its condition."""
    hidden = _shown_to_outlook(token)
    if hidden is not None:
        at = max(source.find(hidden, token.begin, token.end), token.begin)
        within = [(begin - at, end - at) for begin, end in conditional if end > at]
        for found in active_parts_of_foreign(hidden, filler, within):
            yield found.what


def _foreign_tag(token: Token, filler: str) -> Iterator[str]:
    if filler in token.name:
        yield _("stands in the name of an HTML tag")
    if token.name in _RUNNING:
        yield _("{tag} runs or sends something", tag=f"<{token.name}>")
    between = any(filler in name for name in token.attributes)
    for written_name, value in token.attributes.items():
        name = written_name.replace(filler, "")
        written = _IGNORED_IN_URL.sub("", value)
        if name.startswith("on") or _RUNNING_URL.match(written):
            yield _("{attribute} runs something", attribute=name)
        elif name == "http-equiv" and written.casefold() not in _EQUIVALENTS:
            yield _("{attribute} does something by itself", attribute=name)
        elif name and (filler in value or between) and not _may_be_filled(token.name, name):
            yield _(
                "stands in {attribute}, which may be loaded or sent when the message is read",
                attribute=name,
            )


def _may_be_filled(element: str, name: str) -> bool:
    """Whether nothing is loaded by what an attribute says: it is text, or a link to click on."""
    if element in ("link", "meta"):
        return False
    if name == "href":
        return element in ("a", "area")
    return name in _TEXTS or name.startswith(("aria-", "data-"))


def _looks_at(sheet: str, filled: Collection[str]) -> bool:
    """Whether a style sheet that loads something chooses by an attribute that is filled in."""
    if forbidden_in_sheet(sheet) is None:
        return False
    chosen = {name.casefold() for name in _BY_ATTRIBUTE.findall(sheet)}
    selectors = " ".join(selector for selector, _load in fetching_rules(sheet))
    chosen |= {name for sign, name in _SHORT_FORMS.items() if sign in selectors}
    return any("\\" in name or name in filled for name in chosen)
