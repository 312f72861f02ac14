-- Made-up people in the tables of a made-up practice system.
CREATE TABLE PATIENTEN (PATNR INTEGER PRIMARY KEY, NNAME TEXT, VNAME TEXT, GESCHL INTEGER,
                        MAILADR TEXT, HANDY TEXT, TOT INTEGER);
CREATE TABLE DSGVO (LFDNR INTEGER PRIMARY KEY, PATNR INTEGER, MEDIUM TEXT, UNTERSCHRIFT TEXT, WIDERRUF TEXT);
INSERT INTO PATIENTEN VALUES
    (1, 'Muster', 'Ada', 2, 'ada.muster@example.org', NULL, 0),
    (2, 'Muster', 'Bo', 1, 'bo.muster@example.org', NULL, 0),
    (3, 'Beispiel', 'Kim', 3, 'kim.beispiel@example.org', NULL, 0),
    (4, 'Probe', 'Lou', 1, 'lou.probe@example.org', NULL, 0),
    (5, 'Probe', 'Uli', 2, 'uli.probe@example.org', NULL, 1);
INSERT INTO DSGVO VALUES
    (1, 1, 'M', '2026-01-07', NULL),
    (2, 2, 'M', '2026-01-07', '2026-02-01'),
    (3, 3, 'S', '2026-01-07', NULL),
    (4, 4, 'M', '2019-01-07', NULL),
    (5, 5, 'M', '2026-01-07', NULL);
