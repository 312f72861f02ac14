"""The style sheets of letters: one for the letter itself, one for the frame around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost_channel_letter import din5008 as din

if TYPE_CHECKING:
    from serienpost_channel_letter.account import LetterAccount

# Fonts for what the account's font lacks, or if it is not installed.
FALLBACKS = ("Arial", "Helvetica", "DejaVu Sans")

_LETTER = """\
:root {{ {variables} }}
@page {{
  size: 210mm 297mm;
  margin: {top}mm {right}mm {bottom}mm {left}mm;
  @top-right {{
    content: {page}; font: 9pt {font}; color: #333; vertical-align: middle;
  }}
}}
@page :first {{ margin-top: {subject}mm; @top-right {{ content: none }} }}
html {{ font: 11pt/4.66mm {font}; color: #000; hyphens: manual }}
body {{ margin: 0 }}
p, ul, ol, table, blockquote {{ margin: 0 0 {line}mm 0; orphans: 2; widows: 2 }}
h1, h2, h3, h4, h5, h6 {{ bookmark-level: none }}
h1, h2, h3 {{ font-size: 11pt; margin: 0 0 {line}mm 0; break-after: avoid }}
img {{ max-width: 165mm }}
a {{ color: inherit; text-decoration: none }}
td, th {{ padding: 0 3mm .5mm 0; text-align: left; vertical-align: top }}
.anschrift {{
  position: absolute; left: 0; top: {address}mm; width: 80mm; height: {zone}mm;
  margin: 0; font: 10pt/{line}mm {font}; white-space: nowrap;
}}
pre.anschrift {{ white-space: pre }}
.betreff {{
  margin: 0 0 {two_lines}mm 0; font-weight: bold; color: var(--akzent); line-height: {line}mm;
}}
.gruss {{ break-inside: avoid; break-before: avoid }}
.gruss img {{ display: block; height: 14mm; margin-bottom: 1mm }}
.gruss .name {{ margin-top: {three_lines}mm; margin-bottom: 0 }}
.gruss img + .name {{ margin-top: 0 }}
.gruss .zusatz {{ margin: 0 }}
"""

_FRAME = """\
:root {{ {variables} }}
@page {{ size: 210mm 297mm; margin: 0 }}
html {{ font: 9pt/{line}mm {font}; color: #000 }}
body {{ margin: 0 }}
p {{ margin: 0 }}
.blatt {{ position: relative; width: 210mm; height: 296mm; break-after: page }}
.blatt:last-child {{ break-after: auto }}
.blatt > * {{ position: absolute }}
.kopf {{
  left: {left}mm; top: {head_top}mm; width: {width}mm; height: {head}mm;
  font: bold 14pt/6mm {font}; color: var(--akzent);
}}
.kopf img {{ display: block; max-width: {width}mm; max-height: {head}mm }}
.absender {{
  left: {left}mm; top: {field}mm; width: {return_width}mm; height: {return_height}mm;
  font: 7pt/{return_height}mm {font}; white-space: nowrap;
}}
.absender .zeile {{ border-bottom: .1mm solid #000; padding-bottom: .3mm }}
.absender.klein, .absender.zweizeilig {{ font-size: {least}pt }}
.absender.zweizeilig {{ line-height: 2.45mm; white-space: normal; border-bottom: .1mm solid #000 }}
.absender.zweizeilig .zeile {{ border: 0; padding: 0 }}
.absender.zweizeilig .teil {{ white-space: nowrap }}
.absender.umbrochen .teil {{ white-space: normal }}
.wort {{ display: inline-block }}
.information {{
  left: {information_left}mm; top: {information}mm; width: {information_width}mm;
  white-space: pre-line;
}}
.fuss {{
  left: {left}mm; top: {foot}mm; width: {width}mm; border-top: .1mm solid #888; padding-top: 1mm;
  font: 7.5pt/3.6mm {font}; color: #555;
}}
.marke {{ left: 5mm; width: 5mm; height: 0; border-top: .2mm solid #000 }}
.loch {{ width: 3mm }}
"""

_PROOF = """\
@page {{ size: 210mm 297mm; margin: 0 }}
body {{ margin: 0 }}
p {{
  position: absolute; top: 130mm; left: 15mm; width: 180mm; margin: 0; text-align: center;
  font: bold 60pt/60pt {font}; color: rgba(200, 30, 30, .25); transform: rotate(-35deg);
}}
"""

_PAGE = {
    "de": '"Seite " counter(page) " von " counter(pages)',
    "en": '"Page " counter(page) " of " counter(pages)',
}


def letter_sheet(account: LetterAccount, language: str) -> str:
    """The style sheet of a letter: window, subject, margins, page numbers of following pages."""
    form = din.FORMS[account.form]
    return _LETTER.format(
        variables=_variables(account),
        font=_font(account),
        line=din.LINE,
        two_lines=round(2 * din.LINE, 2),
        three_lines=round(3 * din.LINE, 2),
        page=_PAGE.get(language[:2], _PAGE["de"]),
        top=din.TOP_FOLLOWING,
        right=din.RIGHT,
        bottom=din.BOTTOM,
        left=din.LEFT,
        subject=form.subject,
        address=round(form.zone - form.subject, 2),
        zone=din.ADDRESS_ZONE,
    )


def frame_sheet(account: LetterAccount) -> str:
    """The style sheet of what stands around every letter of a run."""
    form = din.FORMS[account.form]
    return _FRAME.format(
        variables=_variables(account),
        font=_font(account),
        line=din.LINE,
        left=din.LEFT,
        width=din.TEXT_WIDTH,
        head_top=din.HEAD_TOP,
        head=form.head,
        least=din.LEAST_TYPE,
        return_width=din.RETURN_WIDTH,
        return_height=din.RETURN_HEIGHT,
        foot=din.FOOT_TOP,
        field=form.field,
        information=form.information,
        information_left=din.INFORMATION_LEFT,
        information_width=din.INFORMATION_WIDTH,
    )


def proof_sheet(account: LetterAccount) -> str:
    """The style sheet of the watermark of test letters."""
    return _PROOF.format(font=_font(account))


def _font(account: LetterAccount) -> str:
    fallbacks = ", ".join(f'"{name}"' for name in FALLBACKS)
    return f'"{account.font}", {fallbacks}, sans-serif'


def _variables(account: LetterAccount) -> str:
    values = {"akzent": "#000", **account.variables}
    return " ".join(f"--{name}: {value};" for name, value in sorted(values.items()))
