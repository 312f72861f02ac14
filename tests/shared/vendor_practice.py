"""A vendor's tables on PostgreSQL for several practices, with deleted records, and two mappings of
one practice: through views that the vendor would have to make, and of the tables themselves."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg

DAY = date(2027, 1, 11)
# Keys of a practice: above 2^31, above 2^53, and the largest that there is.
DOCTOR, VISIT = 2**53 + 1, 2**63 - 400
PEOPLE, TENANTS = 60, (1, 2)

TABLES = """
CREATE SCHEMA kis;
CREATE TABLE kis.arzt (nr bigint PRIMARY KEY, mandant int NOT NULL, grad text, ruf text, name text);
CREATE TABLE kis.mensch (uid uuid PRIMARY KEY, mandant int NOT NULL, akte bigint, grad text,
    ruf text, name text, geschlecht char(1), geboren char(8), weg text, hausnr text, plz text,
    ort text, vorwahl text, rufnr text, mail text, hausarzt bigint, eltern uuid,
    tot_seit timestamptz, sperre text, geloescht timestamptz);
CREATE TABLE kis.besuch (nr bigint PRIMARY KEY, mandant int NOT NULL, mensch uuid, arzt bigint,
    tag date NOT NULL, uhr time NOT NULL, zone text NOT NULL, minuten int, art text, raum text,
    stand smallint NOT NULL, geloescht timestamptz);
CREATE TABLE kis.zusage (uid uuid PRIMARY KEY, mandant int NOT NULL, mensch uuid NOT NULL,
    kanal char(2) NOT NULL, zweck_nr smallint NOT NULL, von char(8), bis char(8), fassung text,
    geloescht timestamptz);
CREATE INDEX zusage_mensch ON kis.zusage (mensch);
CREATE INDEX besuch_tag ON kis.besuch (mandant, tag);
CREATE TABLE kis.anfrage (uid uuid PRIMARY KEY, mandant int NOT NULL, ruf text, name text,
    mail text, geloescht timestamptz);
"""
FILL = f"""
INSERT INTO kis.arzt SELECT {DOCTOR} + m, m, 'Dr.', 'Eva', 'Arzt' || m FROM generate_series(1,2) m;
INSERT INTO kis.mensch
SELECT md5('p' || m || '-' || n)::uuid, m, 1000 + n, NULL, 'Ruf' || n, 'Name' || n, 'W',
    CASE WHEN n % 10 = 0 THEN '20200131' ELSE '19800131' END, 'Weg', n::text, '01067', 'Ort',
    '0351', lpad(n::text, 6, '1'), 'p' || m || '.' || n || '@example.org', {DOCTOR} + m,
    CASE WHEN n % 10 = 0 THEN md5('p' || m || '-' || n - 1)::uuid END,
    CASE WHEN n % 17 = 0 THEN now() END, CASE WHEN n % 19 = 0 THEN 'verzogen' END,
    CASE WHEN n % 7 = 0 THEN now() END
FROM (VALUES (1), (2)) t(m), generate_series(1, {PEOPLE}) n;
INSERT INTO kis.besuch
SELECT {VISIT} + 100 * m + n, m, md5('p' || m || '-' || n)::uuid, {DOCTOR} + m, '{DAY}',
    '08:00'::time + n * interval '10 min',
    CASE WHEN n % 3 = 0 THEN 'Atlantic/Azores' ELSE 'Europe/Berlin' END, 15, 'KO', 'R1',
    CASE WHEN n % 11 = 0 THEN 9 ELSE 1 END, CASE WHEN n % 13 = 0 THEN now() END
FROM (VALUES (1), (2)) t(m), generate_series(1, {PEOPLE}) n;
INSERT INTO kis.zusage
SELECT md5('c' || m || n || k || z)::uuid, m, md5('p' || m || '-' || n)::uuid, k, z, '20240101',
    CASE WHEN n % 9 = 0 THEN '20250101' END, 'v2', CASE WHEN n % 5 = 0 THEN now() END
FROM (VALUES (1), (2)) t(m), generate_series(1, {PEOPLE}) n,
    (VALUES ('EM', 10), ('EM', 20), ('SM', 10)) c(k, z);
INSERT INTO kis.anfrage
SELECT md5('a' || m || n)::uuid, m, 'Ruf', 'Frage' || n, 'a' || m || n || '@example.org',
    CASE WHEN n = 2 THEN now() END
FROM (VALUES (1), (2)) t(m), generate_series(1, 3) n;
"""
VIEWS = """
CREATE SCHEMA sicht;
CREATE VIEW sicht.arzt AS SELECT * FROM kis.arzt WHERE mandant = 2;
CREATE VIEW sicht.mensch AS SELECT uid::text AS id, akte::text AS akte, grad, ruf, name, geschlecht,
    to_date(geboren, 'YYYYMMDD') AS geboren, weg || ' ' || hausnr AS strasse, plz, ort,
    vorwahl || rufnr AS telefon, mail, hausarzt, eltern::text AS eltern,
    (tot_seit IS NOT NULL)::int AS tot, (sperre IS NOT NULL)::int AS zu
    FROM kis.mensch WHERE geloescht IS NULL AND mandant = 2;
CREATE VIEW sicht.besuch AS SELECT nr, mensch::text AS mensch, arzt,
    (tag + uhr) AT TIME ZONE zone AT TIME ZONE 'UTC' AS beginn, minuten, art, raum, stand
    FROM kis.besuch WHERE geloescht IS NULL AND mandant = 2;
CREATE VIEW sicht.zusage AS SELECT uid::text AS id, mensch::text AS mensch, kanal, zweck_nr,
    to_date(von, 'YYYYMMDD') AS von, to_date(bis, 'YYYYMMDD') AS bis, fassung
    FROM kis.zusage WHERE geloescht IS NULL AND mandant = 2;
CREATE VIEW sicht.anfrage AS SELECT uid::text AS id, ruf, name, mail
    FROM kis.anfrage WHERE geloescht IS NULL AND mandant = 2;
"""
THROUGH_VIEWS = """
timezone: UTC
patient:
  table: sicht.mensch
  key_type: text
  fields:
    nummer: akte
    titel: grad
    vorname: ruf
    nachname: name
    geschlecht: {column: geschlecht, values: {M: m, W: w}}
    geburtsdatum: geboren
    strasse: strasse
    plz: plz
    ort: ort
    telefon: telefon
    email: mail
    behandler_id: hausarzt
    vertreter_id: {column: eltern, type: text}
    verstorben: tot
    gesperrt: zu
interessent:
  table: sicht.anfrage
  key_type: text
  fields: {vorname: ruf, nachname: name, email: mail}
behandler: {table: sicht.arzt, id: nr, fields: {titel: grad, vorname: ruf, nachname: name}}
termin:
  table: sicht.besuch
  id: nr
  fields:
    patient_id: {column: mensch, type: text}
    behandler_id: arzt
    termin_beginn: beginn
    termin_dauer: minuten
    terminart: {column: art, values: {KO: Kontrolle}}
    termin_raum: raum
    termin_status: {column: stand, values: {"1": geplant, "9": abgesagt}}
einwilligung:
  table: sicht.zusage
  key_type: text
  fields:
    person_typ: {expression: "'patient'"}
    person_id: {column: mensch, type: text}
    kontaktart: {column: kanal, values: {EM: email, SM: sms}}
    zweck: {column: zweck_nr, values: {"10": appointment, "20": information}}
    wortlaut: fassung
    erteilt_am: von
    widerrufen_am: bis
"""
WITHOUT_VIEWS = """
patient:
  table: kis.mensch
  id: uid
  where: [geloescht IS NULL, mandant = 2]
  fields:
    nummer: akte
    titel: grad
    vorname: ruf
    nachname: name
    geschlecht: {column: geschlecht, values: {M: m, W: w}}
    geburtsdatum: {expression: "to_date(geboren, 'YYYYMMDD')", type: date}
    strasse: {expression: "weg || ' ' || hausnr", class: contact, because: "street and number"}
    plz: plz
    ort: ort
    telefon: {expression: "vorwahl || rufnr", class: contact, because: "prefix and number"}
    email: mail
    behandler_id: hausarzt
    vertreter_id: eltern
    verstorben: {expression: "CASE WHEN tot_seit IS NULL THEN 0 ELSE 1 END"}
    gesperrt: {expression: "CASE WHEN sperre IS NULL THEN 0 ELSE 1 END"}
interessent:
  table: kis.anfrage
  id: uid
  where: geloescht IS NULL AND mandant = 2
  fields: {vorname: ruf, nachname: name, email: mail}
behandler:
  table: kis.arzt
  id: nr
  where: mandant = 2
  fields: {titel: grad, vorname: ruf, nachname: name}
termin:
  table: kis.besuch
  id: nr
  where: [geloescht IS NULL, besuch.mandant = 2]
  fields:
    patient_id: mensch
    behandler_id: arzt
    termin_beginn:
      expression: "(tag + uhr) AT TIME ZONE zone"
      class: appointment
      because: "day and time of the appointment"
    termin_dauer: minuten
    terminart: {column: art, values: {KO: Kontrolle}}
    termin_raum: raum
    termin_status: {column: stand, values: {"1": geplant, "9": abgesagt}}
einwilligung:
  table: kis.zusage
  id: uid
  where: [geloescht IS NULL, mandant = 2]
  fields:
    person_typ: {expression: "'patient'"}
    person_id: mensch
    kontaktart: {column: kanal, values: {EM: email, SM: sms}}
    zweck: {column: zweck_nr, values: {"10": appointment, "20": information}}
    wortlaut: fassung
    erteilt_am: {expression: "to_date(von, 'YYYYMMDD')", type: date}
    widerrufen_am: {expression: "to_date(bis, 'YYYYMMDD')", type: date}
"""
CONFIG = """\
practice: {id: sonnenschein, name: "Praxis Null", street: "Lindenallee 5", city: Dresden,
           timezone: Europe/Berlin}
plugins: [serienpost-practice-db, serienpost-source-patients, serienpost-source-interessenten,
          serienpost-source-appointments, serienpost-source-query, serienpost-source-table,
          serienpost-consent-register, serienpost-testkit]
database: "DATABASE"
schema: schema.yaml
ledger: sqlite:///versandbuch.db
accounts:
  mail: {channel: null-email, sender: "Praxis Null <n@example.org>", oracle: oracle.tsv}
"""
MAILING = """\
source: SOURCE
account: mail
purpose: PURPOSE
once_per: ONCE
subject: Neue Sprechzeiten
text: "Guten Tag, hier schreibt Praxis Null, Lindenallee 5, Dresden."
"""
MAILINGS = {
    "alle": ("patients", "information"),
    "frage": ("interessenten", "information"),
    "termine": (f"appointments\nselect: {{day: {DAY}}}", "appointment"),
    "arzt": ("patients\nselect: {practitioner: Arzt2}", "information"),
    "abfrage": (
        "query\nselect:\n  query: SELECT b.mensch AS id FROM kis.besuch b WHERE b.stand = 1",
        "information",
    ),
}


def make_tables(connection: psycopg.Connection[Any]) -> None:
    """The vendor's tables, filled, with the views."""
    for statements in (TABLES, FILL, VIEWS):
        connection.execute(statements.encode())


def existing(number: int) -> bool:
    """Whether the patient of this number exists."""
    return number % 7 != 0
