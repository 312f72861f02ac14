"""The practice whose ledgers `write_fixtures.py` wrote: its file, its texts, its few people."""

from __future__ import annotations

MAIL_PORT, SMS_PORT, GRID_PORT = 2525, 2526, 2527
SQLITE = "sqlite:///versandbuch.db"

CONFIGURATION = f"""\
practice:
  id: sonnenschein
  name: "Praxis Dr. Sonnenschein"
  street: "Lindenallee 5"
  postal_code: "01067"
  city: Dresden
  phone: "0351 1234567"
  email: praxis@example.org
  timezone: Europe/Berlin
database: sqlite:///praxis.db
ledger: {SQLITE}
plugins:
  - serienpost-practice-db
  - serienpost-source-patients
  - serienpost-source-appointments
  - serienpost-consent-flags
  - serienpost-consent-register
  - serienpost-macros-practice
  - serienpost-channel-smtp
  - serienpost-channel-letter
  - serienpost-channel-smscreator
  - serienpost-channel-sendgrid
  - serienpost-karteikarte
consent: {{override: true}}
secrets: [env]
accounts:
  mail:
    channel: smtp
    host: 127.0.0.1
    port: {MAIL_PORT}
    security: none
    sender: "Praxis Dr. Sonnenschein <praxis@example.org>"
    connections: 2
  grid:
    channel: sendgrid
    base_url: "http://127.0.0.1:{GRID_PORT}"
    api_key: "secret:MAIL_SENDGRID_API"
    sender: "Praxis Dr. Sonnenschein <praxis@example.org>"
    connections: 2
    batch: 2
    disclaimer: {{accepted_by: Dr. Sonnenschein, accepted_on: "2026-11-01"}}
  sms:
    channel: smscreator
    base_url: "http://127.0.0.1:{SMS_PORT}/gateway"
    user: "secret:SMS_USER"
    password: "secret:SMS_PASSWORD"
    sender: "03511234567"
    rate: [1000/second]
    spread: false
  brief: {{channel: letter, folder: briefe, part: 2, processes: 1}}
karteikarte: {{database: "sqlite:///praxis.db"}}
signatures:
  sonnenschein: {{name: "Dr. med. Sonja Sonnenschein", closing: "Mit freundlichen Grüßen"}}
retention: {{values: 90 days, unapproved: 7 days, messages: 3 years}}
"""

TEXTS = {
    "mail": 'subject: Neue Sprechzeiten\ntext: "Guten Tag {{Nachname}}. {{Praxis}}"\n',
    "grid": 'subject: Neue Sprechzeiten\ntext: "Guten Tag {{Nachname}}. {{Praxis}}"\n',
    "sms": 'text: "{{Nachname}}, neue Zeiten! {{Praxis}}"\n',
    "brief": 'subject: Neue Sprechzeiten\ntext: "Guten Tag {{Nachname}}."\n',
}
KEPT = 'text: "{{Nachname}} {{Praxis}}"\nsendgrid_template: Neue Zeiten\n'

# Special cases of the demo practice: no e-mail, no consent, a consent for something else, a family
# with one address. All patients from 43 on have nothing special.
LETTERS = (1, 2, 3, 14, 17, 21, 22)

SMALL = (43, 44, 45)
LARGE = (43, 44, 45, 46, 47, 48)
ALL = (43, 44, 45, 46, 47, 48, 50, 51, 52, 53)
ERASED, LISTED = 54, 49

FEWER = """\
DELETE FROM termin;
DELETE FROM behandlung;
DELETE FROM interessent;
DELETE FROM brief;
DELETE FROM systemkuerzel;
DELETE FROM einwilligung WHERE person_typ <> 'patient' OR person_id NOT IN (1, 17);
UPDATE einwilligung SET adresse = 'patient' || person_id || '@example.org'
    WHERE adresse LIKE '%@%';
UPDATE patient SET vertreter_id = NULL WHERE vertreter_id {others};
DELETE FROM patient WHERE id {others};
UPDATE patient SET kontakt_email = 'ja', kontakt_sms = 'ja', kontakt_brief = 'ja', gesperrt = 0,
    verstorben = 0, vertreter_id = NULL, land = NULL, postfach = NULL, sprache = 'de',
    email = 'patient' || id || '@example.org', mobil = '0171 39200' || id,
    versicherungsnummer = NULL, geburtsdatum = '1970-05-17',
    strasse = 'Alte Gasse ' || id, plz = '01067', ort = 'Dresden'
    WHERE id >= 43;
UPDATE patient SET email = 'patient' || id || '@example.org'
    WHERE email NOT LIKE '%@example.org';
INSERT INTO termin (id, patient_id, beginn, dauer, status) VALUES
    (1, 43, '2099-05-04 10:00:00', 30, 'geplant'),
    (2, 44, '2099-05-04 11:00:00', 30, 'bestaetigt'),
    (3, 44, '2099-05-04 15:00:00', 30, 'geplant');
VACUUM;
"""
