"""The reference schema of the demo practice, in SQLite's words.

Dates are ISO text (`2026-11-23`), times naive practice time (`2026-11-23 09:20:00`), yes/no
columns 0 or 1. `einwilligung.kontaktart` and `.zweck` hold the identifiers of the engine
(`email`, `appointment`), `.person_typ` is `patient` or `interessent`.
"""

from __future__ import annotations

from typing import Final

_FLAGS: Final = "\n".join(
    f"    kontakt_{kind} TEXT CHECK (kontakt_{kind} IN ('ja', 'nein')),"
    for kind in ("email", "sms", "brief")
)

TABLES: Final = f"""
CREATE TABLE behandler (
    id INTEGER PRIMARY KEY,
    titel TEXT,
    vorname TEXT NOT NULL,
    nachname TEXT NOT NULL
);
CREATE TABLE patient (
    id INTEGER PRIMARY KEY,
    nummer TEXT NOT NULL UNIQUE,
    anrede TEXT,
    titel TEXT,
    vorsatzwort TEXT,
    vorname TEXT,
    nachname TEXT,
    namenszusatz TEXT,
    geschlecht TEXT CHECK (geschlecht IN ('m', 'w', 'd', 'x')),
    geburtsdatum DATE,
    beruf TEXT,
    versicherungsnummer TEXT,
    krankenkasse TEXT,
    strasse TEXT,
    adresszusatz TEXT,
    postfach TEXT,
    plz TEXT,
    ort TEXT,
    land TEXT,
    telefon TEXT,
    mobil TEXT,
    email TEXT,
    sprache TEXT,
    behandler_id INTEGER REFERENCES behandler (id),
    letzter_besuch DATE,
{_FLAGS}
    vertreter_id INTEGER REFERENCES patient (id),
    verstorben INTEGER NOT NULL DEFAULT 0 CHECK (verstorben IN (0, 1)),
    gesperrt INTEGER NOT NULL DEFAULT 0 CHECK (gesperrt IN (0, 1))
);
CREATE TABLE interessent (
    id INTEGER PRIMARY KEY,
    anrede TEXT,
    titel TEXT,
    vorname TEXT,
    nachname TEXT,
    geschlecht TEXT CHECK (geschlecht IN ('m', 'w', 'd', 'x')),
    strasse TEXT,
    plz TEXT,
    ort TEXT,
    land TEXT,
    telefon TEXT,
    mobil TEXT,
    email TEXT,
{_FLAGS}
    anliegen TEXT,
    quelle TEXT,
    status TEXT,
    gesperrt INTEGER NOT NULL DEFAULT 0 CHECK (gesperrt IN (0, 1))
);
CREATE TABLE termin (
    id INTEGER PRIMARY KEY,
    patient_id INTEGER REFERENCES patient (id),
    interessent_id INTEGER REFERENCES interessent (id),
    beginn TIMESTAMP NOT NULL,
    dauer INTEGER NOT NULL,
    behandler_id INTEGER REFERENCES behandler (id),
    terminart TEXT,
    raum TEXT,
    status TEXT NOT NULL CHECK (status IN ('geplant', 'bestaetigt', 'abgesagt', 'erschienen',
        'nicht_erschienen', 'frei', 'gesperrt'))
);
CREATE TABLE behandlung (
    id INTEGER PRIMARY KEY,
    patient_id INTEGER NOT NULL REFERENCES patient (id),
    datum DATE NOT NULL,
    anamnese TEXT,
    diagnose TEXT,
    therapie TEXT,
    behandlung TEXT
);
CREATE TABLE einwilligung (
    id INTEGER PRIMARY KEY,
    person_typ TEXT NOT NULL CHECK (person_typ IN ('patient', 'interessent')),
    person_id INTEGER NOT NULL,
    kontaktart TEXT NOT NULL,
    zweck TEXT NOT NULL,
    adresse TEXT,
    wortlaut TEXT,
    erteilt_am DATE NOT NULL,
    widerrufen_am DATE,
    dokument TEXT
);
CREATE TABLE systemkuerzel (
    kuerzel TEXT PRIMARY KEY,
    wert TEXT
);
CREATE TABLE brief (
    id INTEGER PRIMARY KEY,
    patient_id INTEGER REFERENCES patient (id),
    erstellt_am TIMESTAMP NOT NULL,
    betreff TEXT,
    inhalt TEXT,
    pdf BLOB,
    run TEXT,
    message TEXT UNIQUE,
    status TEXT
);
"""

INDEXES: Final = """
CREATE INDEX patient_name ON patient (nachname, vorname);
CREATE INDEX patient_vertreter ON patient (vertreter_id) WHERE vertreter_id IS NOT NULL;
CREATE INDEX interessent_name ON interessent (nachname, vorname);
CREATE INDEX termin_beginn ON termin (beginn);
CREATE INDEX termin_patient ON termin (patient_id);
CREATE INDEX termin_interessent ON termin (interessent_id) WHERE interessent_id IS NOT NULL;
CREATE INDEX behandlung_patient ON behandlung (patient_id);
CREATE INDEX einwilligung_person ON einwilligung (person_typ, person_id);
CREATE INDEX brief_patient ON brief (patient_id);
"""
