"""Texts of the made-up medical records and appointments."""

from __future__ import annotations

from typing import Final

HISTORIES: Final = (
    "Seit drei Wochen trockener Husten, kein Fieber, Nichtraucher.",
    "Wiederkehrende Kopfschmerzen, vor allem morgens, keine Sehstörungen.",
    "Stechende Schmerzen im linken Knie nach dem Treppensteigen.",
    "Schlafstörungen seit dem Wechsel der Arbeitsstelle, müde am Tag.",
    "Bekannter Bluthochdruck, nimmt die Tabletten unregelmäßig.",
    "Juckender Ausschlag an beiden Unterarmen, neues Waschmittel.",
    "Rückenschmerzen nach dem Heben, Ausstrahlung ins rechte Bein.",
    "Vater mit Herzinfarkt in jungen Jahren, selbst beschwerdefrei.",
    "Übelkeit nach fettem Essen, zwei Koliken in diesem Jahr.",
    "Kontrolle nach Schilddrüsenoperation, Gewicht stabil.",
)

DIAGNOSES: Final = (
    "I10.90 Essentielle Hypertonie",
    "E11.90 Diabetes mellitus Typ 2",
    "J45.9 Asthma bronchiale",
    "M54.4 Lumboischialgie",
    "F32.1 Mittelgradige depressive Episode",
    "K80.20 Gallenblasenstein ohne Cholezystitis",
    "L23.9 Allergische Kontaktdermatitis",
    "G43.0 Migräne ohne Aura",
    "E03.9 Hypothyreose",
    "M17.1 Primäre Gonarthrose",
    "J06.9 Akute Infektion der oberen Atemwege",
    "Z00.0 Allgemeinuntersuchung ohne Befund",
)

THERAPIES: Final = (
    "Ramipril 5 mg 1-0-0, Kontrolle in vier Wochen",
    "Metformin 500 mg 1-0-1, Ernährungsberatung",
    "Salbutamol bei Bedarf, Atemschulung",
    "Krankengymnastik sechsmal, Ibuprofen 400 mg bei Bedarf",
    "Gesprächstherapie, Sertralin 50 mg 1-0-0",
    "Überweisung in die Chirurgie",
    "Hydrokortison-Creme dünn für sieben Tage",
    "L-Thyroxin 75 µg nüchtern",
    "Schonung, viel trinken, Wiedervorstellung bei Fieber",
    "Keine Behandlung nötig",
)

TREATMENTS: Final = (
    "Untersuchung, Blutdruck 150/95, EKG geschrieben",
    "Blutabnahme: kleines Blutbild, HbA1c, Leberwerte",
    "Lungenfunktion gemessen, Befund erklärt",
    "Neurologischer Status unauffällig, Reflexe seitengleich",
    "Ausführliches Gespräch, 30 Minuten",
    "Ultraschall des Bauches, Befund im Bericht",
    "Verband gewechselt, Wunde reizlos",
    "Impfung gegen Tetanus, Impfpass ausgefüllt",
)

APPOINTMENT_TYPES: Final = (
    "Sprechstunde", "Sprechstunde", "Kontrolle", "Blutabnahme", "Impfung", "Vorsorge",
    "Wundkontrolle", "Ultraschall", "Langzeit-EKG", "Hautkrebsvorsorge", "Diabetes-Schulung",
)  # fmt: skip

ROOMS: Final = ("Zimmer 1", "Zimmer 2", "Zimmer 3", "Labor")

CONCERNS: Final = (
    "Fragt nach einem Hautkrebs-Screening", "Möchte den Hausarzt wechseln",
    "Interesse an einer Ernährungsberatung", "Rückenschmerzen, sucht Termin",
    "Reiseimpfung für Kenia", "Zweite Meinung zu einer Knieoperation",
)  # fmt: skip

ORIGINS: Final = ("Webseite", "Empfehlung", "Infoabend", "Telefon", "Gesundheitstag")

PROSPECT_STATES: Final = ("neu", "neu", "beraten", "Termin", "verloren")

PRACTITIONERS: Final = (
    (1, "Dr. med.", "Sonja", "Sonnenschein"),
    (2, "Dr. med.", "Jörg", "Lindner"),
    (3, None, "Elif", "Yıldız"),
    (4, "Prof. Dr. med.", "Margarete", "von Arnim"),
    (5, "Dr. med.", "Paul", "Groß"),
)

# With which the practice logs in to the made-up providers on this machine; they open nothing else.
SENDGRID_KEY: Final = "SG.nur-fuer-die-vorfuehrung"
SMS_USER: Final = "praxis-sonnenschein"
SMS_PASSWORD: Final = "nur-fuer-die-vorfuehrung"  # noqa: S105

SYSTEM_SHORTCUTS: Final = (
    ("MAIL_SENDGRID_API", SENDGRID_KEY),
    ("SMS_USER", SMS_USER),
    ("SMS_PASSWORD", SMS_PASSWORD),
    ("PRAXIS_NAME", "Praxis Dr. Sonnenschein"),
    ("PRAXIS_ORT", "Dresden"),
)
