"""The template packs as people get them: snapshots of every text for five demo patients.

After a change of a text on purpose: delete its file in `snapshots/`, run the tests twice, read
the new file.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from serienpost import MacroSetting, RowRequest
from serienpost.config.loading import load_practice
from serienpost.run.prepare.plan import from_json, to_json
from serienpost.service.mailing import checked
from serienpost.templates.compiled import CompiledTemplate
from serienpost.templates.folder import load_template, template_names
from serienpost_demo.practice import write_practice
from serienpost_templates import serienpost_templates

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serienpost import Context, FieldValue

PACK = serienpost_templates()[0].folder
NAMES = template_names([PACK])
SNAPSHOTS = Path(__file__).parent / "snapshots"
FILES = {"email": "email.md", "sms": "sms.txt", "letter": "letter.md"}
# With title; a minor with a representative; noble with doctorates; gender d; from Austria.
PEOPLE = ("patient:2", "patient:23", "patient:32", "patient:33", "patient:45")

DUE = date(2026, 11, 23)
APPOINTMENT: dict[str, FieldValue] = {
    "termin_beginn": datetime(2026, 11, 24, 8, 30, tzinfo=UTC),
    "termin_dauer": 30,
}
CONFIG = """\
practice: {id: sonnenschein, name: "Praxis Dr. Sonnenschein", street: "Lindenallee 5",
           postal_code: "01067", city: Dresden, phone: "0351 1234567", web: "https://example.org"}
database: sqlite:///praxis.db
plugins: [serienpost-practice-db, serienpost-source-patients, serienpost-source-appointments,
          serienpost-consent-flags, serienpost-macros-practice, serienpost-templates,
          serienpost-testkit]
accounts:
  email: {channel: null-email}
  sms: {channel: null-sms}
  letter: {channel: null-letter}
"""


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Context]:
    folder = tmp_path_factory.mktemp("praxis")
    write_practice(folder / "praxis.db", 60, 7, DUE)
    (folder / "serienpost.yaml").write_text(CONFIG, "utf-8")
    (folder / "mailings").mkdir()
    for name in NAMES:
        for kind, file in FILES.items():
            purpose = load_template(name, file, [PACK]).purposes[0]
            source = "appointments" if purpose == "appointment" else "patients"
            select = "{day: tomorrow}" if purpose == "appointment" else "{}"
            (folder / "mailings" / f"{name}-{kind}.yaml").write_text(
                f"source: {source}\nselect: {select}\naccount: {kind}\npurpose: {purpose}\n"
                f"template: {name}\n",
                "utf-8",
            )
    with load_practice(folder) as opened:
        yield opened


@pytest.fixture(scope="module")
def people(context: Context) -> dict[str, dict[str, FieldValue]]:
    source = context.registry.sources["patients"]
    selection = source.selection.model_validate({})
    offers = frozenset(source.offers(context, selection))
    batches = source.rows(context, selection, RowRequest(offers, DUE))
    found = {row.person_id: {**row.fields, **APPOINTMENT} for rows in batches for row in rows}
    return {person: found[person] for person in PEOPLE}


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("name", NAMES)
def test_every_text_passes_check_for_its_purpose(context: Context, name: str, kind: str) -> None:
    assert checked(context, f"{name}-{kind}", DUE).header.template == name


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("name", NAMES)
def test_texts_read_as_they_did(
    context: Context, people: dict[str, dict[str, FieldValue]], name: str, kind: str
) -> None:
    files = load_template(name, FILES[kind], [PACK])
    template = CompiledTemplate(files, kind, html=kind != "sms", zone=context.zone)
    setting = MacroSetting(
        context.config.practice, None, kind, files.language, DUE, context.zone, "p@example.org"
    )
    texts = []
    for person, fields in people.items():
        values = {
            macro: context.registry.macros[macro].value(
                {field: fields.get(field) for field in context.registry.macros[macro].fields},
                setting,
            )
            for macro in template.names
        }
        rendered = template.render(from_json(to_json(values)))
        texts.append(
            f"=== {person}\n{rendered.subject}\n\n{rendered.text}\n".replace("\n\n\n", "\n")
        )
    snapshot = SNAPSHOTS / f"{name}-{kind}.txt"
    made = "\n".join(texts)
    if not snapshot.exists():
        snapshot.write_text(made, "utf-8")
        pytest.fail("a new snapshot was written; read it and run the tests again")
    assert made == snapshot.read_text("utf-8")
