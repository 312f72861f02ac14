BEGIN TRANSACTION;
CREATE TABLE behandler (
    id INTEGER PRIMARY KEY,
    titel TEXT,
    vorname TEXT NOT NULL,
    nachname TEXT NOT NULL
);
INSERT INTO "behandler" VALUES(1,'Dr. med.','Sonja','Sonnenschein');
INSERT INTO "behandler" VALUES(2,'Dr. med.','Jörg','Lindner');
INSERT INTO "behandler" VALUES(3,NULL,'Elif','Yıldız');
INSERT INTO "behandler" VALUES(4,'Prof. Dr. med.','Margarete','von Arnim');
INSERT INTO "behandler" VALUES(5,'Dr. med.','Paul','Groß');
CREATE TABLE behandlung (
    id INTEGER PRIMARY KEY,
    patient_id INTEGER NOT NULL REFERENCES patient (id),
    datum DATE NOT NULL,
    anamnese TEXT,
    diagnose TEXT,
    therapie TEXT,
    behandlung TEXT
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
INSERT INTO "brief" VALUES(1,43,'2026-11-30 21:04:18.504450','Neue Sprechzeiten','{"serienpost-letter": 1, "ref": "ZGRN4GPQ94JN", "address": "Frau\nVera Hein\nAlte Gasse 43\n01067 Dresden", "title": "Neue Sprechzeiten", "html": "<pre class=\"anschrift\">Frau\nVera Hein\nAlte Gasse 43\n01067 Dresden</pre>\n<h1 class=\"betreff\">Neue Sprechzeiten</h1>\n<p class=\"anrede\">Sehr geehrte Frau Hein,</p>\n<p>Guten Tag Hein.</p>\n", "pages": 1, "form": "B", "language": "de", "duplex": false, "files": {"din5008.css": ":root { --akzent: #000; }\n@page {\n  size: 210mm 297mm;\n  margin: 27.0mm 20.0mm 25.0mm 25.0mm;\n  @top-right {\n    content: \"Seite \" counter(page) \" von \" counter(pages); font: 9pt \"Liberation Sans\", \"Arial\", \"Helvetica\", \"DejaVu Sans\", sans-serif; color: #333; vertical-align: middle;\n  }\n}\n@page :first { margin-top: 98.46mm; @top-right { content: none } }\nhtml { font: 11pt/4.66mm \"Liberation Sans\", \"Arial\", \"Helvetica\", \"DejaVu Sans\", sans-serif; color: #000; hyphens: manual }\nbody { margin: 0 }\np, ul, ol, table, blockquote { margin: 0 0 4.23mm 0; orphans: 2; widows: 2 }\nh1, h2, h3, h4, h5, h6 { bookmark-level: none }\nh1, h2, h3 { font-size: 11pt; margin: 0 0 4.23mm 0; break-after: avoid }\nimg { max-width: 165mm }\na { color: inherit; text-decoration: none }\ntd, th { padding: 0 3mm .5mm 0; text-align: left; vertical-align: top }\n.anschrift {\n  position: absolute; left: 0; top: -35.76mm; width: 80mm; height: 27.3mm;\n  margin: 0; font: 10pt/4.23mm \"Liberation Sans\", \"Arial\", \"Helvetica\", \"DejaVu Sans\", sans-serif; white-space: nowrap;\n}\npre.anschrift { white-space: pre }\n.betreff {\n  margin: 0 0 8.46mm 0; font-weight: bold; color: var(--akzent); line-height: 4.23mm;\n}\n.gruss { break-inside: avoid; break-before: avoid }\n.gruss img { display: block; height: 14mm; margin-bottom: 1mm }\n.gruss .name { margin-top: 12.69mm; margin-bottom: 0 }\n.gruss img + .name { margin-top: 0 }\n.gruss .zusatz { margin: 0 }\n", "probedruck.css": "@page { size: 210mm 297mm; margin: 0 }\nbody { margin: 0 }\np {\n  position: absolute; top: 130mm; left: 15mm; width: 180mm; margin: 0; text-align: center;\n  font: bold 60pt/60pt \"Liberation Sans\", \"Arial\", \"Helvetica\", \"DejaVu Sans\", sans-serif; color: rgba(200, 30, 30, .25); transform: rotate(-35deg);\n}\n", "rahmen.css": ":root { --akzent: #000; }\n@page { size: 210mm 297mm; margin: 0 }\nhtml { font: 9pt/4.23mm \"Liberation Sans\", \"Arial\", \"Helvetica\", \"DejaVu Sans\", sans-serif; color: #000 }\nbody { margin: 0 }\np { margin: 0 }\n.blatt { position: relative; width: 210mm; height: 296mm; break-after: page }\n.blatt:last-child { break-after: auto }\n.blatt > * { position: absolute }\n.kopf {\n  left: 25.0mm; top: 8.0mm; width: 165.0mm; height: 35.0mm;\n  font: bold 14pt/6mm \"Liberation Sans\", \"Arial\", \"Helvetica\", \"DejaVu Sans\", sans-serif; color: var(--akzent);\n}\n.kopf img { display: block; max-width: 165.0mm; max-height: 35.0mm }\n.absender {\n  left: 25.0mm; top: 45.0mm; width: 80.0mm; height: 5.0mm;\n  font: 7pt/5.0mm \"Liberation Sans\", \"Arial\", \"Helvetica\", \"DejaVu Sans\", sans-serif; white-space: nowrap;\n}\n.absender .zeile { border-bottom: .1mm solid #000; padding-bottom: .3mm }\n.absender.klein, .absender.zweizeilig { font-size: 6pt }\n.absender.zweizeilig { line-height: 2.45mm; white-space: normal; border-bottom: .1mm solid #000 }\n.absender.zweizeilig .zeile { border: 0; padding: 0 }\n.absender.zweizeilig .teil { white-space: nowrap }\n.absender.umbrochen .teil { white-space: normal }\n.wort { display: inline-block }\n.information {\n  left: 125.0mm; top: 50.0mm; width: 65.0mm;\n  white-space: pre-line;\n}\n.fuss {\n  left: 25.0mm; top: 278.0mm; width: 165.0mm; border-top: .1mm solid #888; padding-top: 1mm;\n  font: 7.5pt/3.6mm \"Liberation Sans\", \"Arial\", \"Helvetica\", \"DejaVu Sans\", sans-serif; color: #555;\n}\n.marke { left: 5mm; width: 5mm; height: 0; border-top: .2mm solid #000 }\n.loch { width: 3mm }\n", "rahmen.html": "<div class=\"blatt\"><div class=\"kopf\" data-zone=\"kopf\">Praxis Dr. Sonnenschein</div><div class=\"absender\" data-zone=\"absender\"><span class=\"zeile\"><span class=\"teil\">Praxis Dr. Sonnenschein</span> · <span class=\"teil\">Lindenallee 5</span> · <span class=\"teil\">01067 Dresden</span></span></div><div class=\"information\" data-zone=\"information\">Telefon 0351 1234567\n<span class=\"wort\">praxis<wbr>@example<wbr>.org</span>\n\n30. November 2026</div><div class=\"marke\" style=\"top:104.9mm\"></div><div class=\"marke\" style=\"top:209.9mm\"></div><div class=\"marke loch\" style=\"top:148.4mm\"></div><div class=\"fuss\" data-zone=\"fuss\">Praxis Dr. Sonnenschein · Lindenallee 5 · 01067 Dresden · 0351 1234567 · <span class=\"wort\">praxis<wbr>@example<wbr>.org</span></div></div><div class=\"blatt\"><div class=\"fuss\" data-zone=\"fuss\">Praxis Dr. Sonnenschein · Lindenallee 5 · 01067 Dresden · 0351 1234567 · <span class=\"wort\">praxis<wbr>@example<wbr>.org</span></div></div>"}}',NULL,'20261130-j9jv','sonnenschein:ZGRN4GPQ94JN','archiviert');
INSERT INTO "brief" VALUES(2,44,'2026-11-30 21:04:18.504450','Neue Sprechzeiten','{"serienpost-letter": 1, "ref": "X9M8F1Y00MNZ", "address": "Herrn\nRalf Schuster\nAlte Gasse 44\n01067 Dresden", "title": "Neue Sprechzeiten", "html": "<pre class=\"anschrift\">Herrn\nRalf Schuster\nAlte Gasse 44\n01067 Dresden</pre>\n<h1 class=\"betreff\">Neue Sprechzeiten</h1>\n<p class=\"anrede\">Sehr geehrter Herr Schuster,</p>\n<p>Guten Tag Schuster.</p>\n", "pages": 1, "form": "B", "language": "de", "duplex": false, "files": {"din5008.css": ":root { --akzent: #000; }\n@page {\n  size: 210mm 297mm;\n  margin: 27.0mm 20.0mm 25.0mm 25.0mm;\n  @top-right {\n    content: \"Seite \" counter(page) \" von \" counter(pages); font: 9pt \"Liberation Sans\", \"Arial\", \"Helvetica\", \"DejaVu Sans\", sans-serif; color: #333; vertical-align: middle;\n  }\n}\n@page :first { margin-top: 98.46mm; @top-right { content: none } }\nhtml { font: 11pt/4.66mm \"Liberation Sans\", \"Arial\", \"Helvetica\", \"DejaVu Sans\", sans-serif; color: #000; hyphens: manual }\nbody { margin: 0 }\np, ul, ol, table, blockquote { margin: 0 0 4.23mm 0; orphans: 2; widows: 2 }\nh1, h2, h3, h4, h5, h6 { bookmark-level: none }\nh1, h2, h3 { font-size: 11pt; margin: 0 0 4.23mm 0; break-after: avoid }\nimg { max-width: 165mm }\na { color: inherit; text-decoration: none }\ntd, th { padding: 0 3mm .5mm 0; text-align: left; vertical-align: top }\n.anschrift {\n  position: absolute; left: 0; top: -35.76mm; width: 80mm; height: 27.3mm;\n  margin: 0; font: 10pt/4.23mm \"Liberation Sans\", \"Arial\", \"Helvetica\", \"DejaVu Sans\", sans-serif; white-space: nowrap;\n}\npre.anschrift { white-space: pre }\n.betreff {\n  margin: 0 0 8.46mm 0; font-weight: bold; color: var(--akzent); line-height: 4.23mm;\n}\n.gruss { break-inside: avoid; break-before: avoid }\n.gruss img { display: block; height: 14mm; margin-bottom: 1mm }\n.gruss .name { margin-top: 12.69mm; margin-bottom: 0 }\n.gruss img + .name { margin-top: 0 }\n.gruss .zusatz { margin: 0 }\n", "probedruck.css": "@page { size: 210mm 297mm; margin: 0 }\nbody { margin: 0 }\np {\n  position: absolute; top: 130mm; left: 15mm; width: 180mm; margin: 0; text-align: center;\n  font: bold 60pt/60pt \"Liberation Sans\", \"Arial\", \"Helvetica\", \"DejaVu Sans\", sans-serif; color: rgba(200, 30, 30, .25); transform: rotate(-35deg);\n}\n", "rahmen.css": ":root { --akzent: #000; }\n@page { size: 210mm 297mm; margin: 0 }\nhtml { font: 9pt/4.23mm \"Liberation Sans\", \"Arial\", \"Helvetica\", \"DejaVu Sans\", sans-serif; color: #000 }\nbody { margin: 0 }\np { margin: 0 }\n.blatt { position: relative; width: 210mm; height: 296mm; break-after: page }\n.blatt:last-child { break-after: auto }\n.blatt > * { position: absolute }\n.kopf {\n  left: 25.0mm; top: 8.0mm; width: 165.0mm; height: 35.0mm;\n  font: bold 14pt/6mm \"Liberation Sans\", \"Arial\", \"Helvetica\", \"DejaVu Sans\", sans-serif; color: var(--akzent);\n}\n.kopf img { display: block; max-width: 165.0mm; max-height: 35.0mm }\n.absender {\n  left: 25.0mm; top: 45.0mm; width: 80.0mm; height: 5.0mm;\n  font: 7pt/5.0mm \"Liberation Sans\", \"Arial\", \"Helvetica\", \"DejaVu Sans\", sans-serif; white-space: nowrap;\n}\n.absender .zeile { border-bottom: .1mm solid #000; padding-bottom: .3mm }\n.absender.klein, .absender.zweizeilig { font-size: 6pt }\n.absender.zweizeilig { line-height: 2.45mm; white-space: normal; border-bottom: .1mm solid #000 }\n.absender.zweizeilig .zeile { border: 0; padding: 0 }\n.absender.zweizeilig .teil { white-space: nowrap }\n.absender.umbrochen .teil { white-space: normal }\n.wort { display: inline-block }\n.information {\n  left: 125.0mm; top: 50.0mm; width: 65.0mm;\n  white-space: pre-line;\n}\n.fuss {\n  left: 25.0mm; top: 278.0mm; width: 165.0mm; border-top: .1mm solid #888; padding-top: 1mm;\n  font: 7.5pt/3.6mm \"Liberation Sans\", \"Arial\", \"Helvetica\", \"DejaVu Sans\", sans-serif; color: #555;\n}\n.marke { left: 5mm; width: 5mm; height: 0; border-top: .2mm solid #000 }\n.loch { width: 3mm }\n", "rahmen.html": "<div class=\"blatt\"><div class=\"kopf\" data-zone=\"kopf\">Praxis Dr. Sonnenschein</div><div class=\"absender\" data-zone=\"absender\"><span class=\"zeile\"><span class=\"teil\">Praxis Dr. Sonnenschein</span> · <span class=\"teil\">Lindenallee 5</span> · <span class=\"teil\">01067 Dresden</span></span></div><div class=\"information\" data-zone=\"information\">Telefon 0351 1234567\n<span class=\"wort\">praxis<wbr>@example<wbr>.org</span>\n\n30. November 2026</div><div class=\"marke\" style=\"top:104.9mm\"></div><div class=\"marke\" style=\"top:209.9mm\"></div><div class=\"marke loch\" style=\"top:148.4mm\"></div><div class=\"fuss\" data-zone=\"fuss\">Praxis Dr. Sonnenschein · Lindenallee 5 · 01067 Dresden · 0351 1234567 · <span class=\"wort\">praxis<wbr>@example<wbr>.org</span></div></div><div class=\"blatt\"><div class=\"fuss\" data-zone=\"fuss\">Praxis Dr. Sonnenschein · Lindenallee 5 · 01067 Dresden · 0351 1234567 · <span class=\"wort\">praxis<wbr>@example<wbr>.org</span></div></div>"}}',NULL,'20261130-j9jv','sonnenschein:X9M8F1Y00MNZ','archiviert');
INSERT INTO "brief" VALUES(3,43,'2026-11-30 21:30:19.022031','Neue Sprechzeiten','{"serienpost-letter": 1, "ref": "R5RCWMANCFK5", "address": "Frau\nVera Hein\nAlte Gasse 43\n01067 Dresden", "title": "Neue Sprechzeiten", "html": "<pre class=\"anschrift\">Frau\nVera Hein\nAlte Gasse 43\n01067 Dresden</pre>\n<h1 class=\"betreff\">Neue Sprechzeiten</h1>\n<p class=\"anrede\">Sehr geehrte Frau Hein,</p>\n<p>Guten Tag Hein.</p>\n", "pages": 1, "form": "B", "language": "de", "duplex": false, "files": {"din5008.css": ":root { --akzent: #000; }\n@page {\n  size: 210mm 297mm;\n  margin: 27.0mm 20.0mm 25.0mm 25.0mm;\n  @top-right {\n    content: \"Seite \" counter(page) \" von \" counter(pages); font: 9pt \"Liberation Sans\", \"Arial\", \"Helvetica\", \"DejaVu Sans\", sans-serif; color: #333; vertical-align: middle;\n  }\n}\n@page :first { margin-top: 98.46mm; @top-right { content: none } }\nhtml { font: 11pt/4.66mm \"Liberation Sans\", \"Arial\", \"Helvetica\", \"DejaVu Sans\", sans-serif; color: #000; hyphens: manual }\nbody { margin: 0 }\np, ul, ol, table, blockquote { margin: 0 0 4.23mm 0; orphans: 2; widows: 2 }\nh1, h2, h3, h4, h5, h6 { bookmark-level: none }\nh1, h2, h3 { font-size: 11pt; margin: 0 0 4.23mm 0; break-after: avoid }\nimg { max-width: 165mm }\na { color: inherit; text-decoration: none }\ntd, th { padding: 0 3mm .5mm 0; text-align: left; vertical-align: top }\n.anschrift {\n  position: absolute; left: 0; top: -35.76mm; width: 80mm; height: 27.3mm;\n  margin: 0; font: 10pt/4.23mm \"Liberation Sans\", \"Arial\", \"Helvetica\", \"DejaVu Sans\", sans-serif; white-space: nowrap;\n}\npre.anschrift { white-space: pre }\n.betreff {\n  margin: 0 0 8.46mm 0; font-weight: bold; color: var(--akzent); line-height: 4.23mm;\n}\n.gruss { break-inside: avoid; break-before: avoid }\n.gruss img { display: block; height: 14mm; margin-bottom: 1mm }\n.gruss .name { margin-top: 12.69mm; margin-bottom: 0 }\n.gruss img + .name { margin-top: 0 }\n.gruss .zusatz { margin: 0 }\n", "probedruck.css": "@page { size: 210mm 297mm; margin: 0 }\nbody { margin: 0 }\np {\n  position: absolute; top: 130mm; left: 15mm; width: 180mm; margin: 0; text-align: center;\n  font: bold 60pt/60pt \"Liberation Sans\", \"Arial\", \"Helvetica\", \"DejaVu Sans\", sans-serif; color: rgba(200, 30, 30, .25); transform: rotate(-35deg);\n}\n", "rahmen.css": ":root { --akzent: #000; }\n@page { size: 210mm 297mm; margin: 0 }\nhtml { font: 9pt/4.23mm \"Liberation Sans\", \"Arial\", \"Helvetica\", \"DejaVu Sans\", sans-serif; color: #000 }\nbody { margin: 0 }\np { margin: 0 }\n.blatt { position: relative; width: 210mm; height: 296mm; break-after: page }\n.blatt:last-child { break-after: auto }\n.blatt > * { position: absolute }\n.kopf {\n  left: 25.0mm; top: 8.0mm; width: 165.0mm; height: 35.0mm;\n  font: bold 14pt/6mm \"Liberation Sans\", \"Arial\", \"Helvetica\", \"DejaVu Sans\", sans-serif; color: var(--akzent);\n}\n.kopf img { display: block; max-width: 165.0mm; max-height: 35.0mm }\n.absender {\n  left: 25.0mm; top: 45.0mm; width: 80.0mm; height: 5.0mm;\n  font: 7pt/5.0mm \"Liberation Sans\", \"Arial\", \"Helvetica\", \"DejaVu Sans\", sans-serif; white-space: nowrap;\n}\n.absender .zeile { border-bottom: .1mm solid #000; padding-bottom: .3mm }\n.absender.klein, .absender.zweizeilig { font-size: 6pt }\n.absender.zweizeilig { line-height: 2.45mm; white-space: normal; border-bottom: .1mm solid #000 }\n.absender.zweizeilig .zeile { border: 0; padding: 0 }\n.absender.zweizeilig .teil { white-space: nowrap }\n.absender.umbrochen .teil { white-space: normal }\n.wort { display: inline-block }\n.information {\n  left: 125.0mm; top: 50.0mm; width: 65.0mm;\n  white-space: pre-line;\n}\n.fuss {\n  left: 25.0mm; top: 278.0mm; width: 165.0mm; border-top: .1mm solid #888; padding-top: 1mm;\n  font: 7.5pt/3.6mm \"Liberation Sans\", \"Arial\", \"Helvetica\", \"DejaVu Sans\", sans-serif; color: #555;\n}\n.marke { left: 5mm; width: 5mm; height: 0; border-top: .2mm solid #000 }\n.loch { width: 3mm }\n", "rahmen.html": "<div class=\"blatt\"><div class=\"kopf\" data-zone=\"kopf\">Praxis Dr. Sonnenschein</div><div class=\"absender\" data-zone=\"absender\"><span class=\"zeile\"><span class=\"teil\">Praxis Dr. Sonnenschein</span> · <span class=\"teil\">Lindenallee 5</span> · <span class=\"teil\">01067 Dresden</span></span></div><div class=\"information\" data-zone=\"information\">Telefon 0351 1234567\n<span class=\"wort\">praxis<wbr>@example<wbr>.org</span>\n\n30. November 2026</div><div class=\"marke\" style=\"top:104.9mm\"></div><div class=\"marke\" style=\"top:209.9mm\"></div><div class=\"marke loch\" style=\"top:148.4mm\"></div><div class=\"fuss\" data-zone=\"fuss\">Praxis Dr. Sonnenschein · Lindenallee 5 · 01067 Dresden · 0351 1234567 · <span class=\"wort\">praxis<wbr>@example<wbr>.org</span></div></div><div class=\"blatt\"><div class=\"fuss\" data-zone=\"fuss\">Praxis Dr. Sonnenschein · Lindenallee 5 · 01067 Dresden · 0351 1234567 · <span class=\"wort\">praxis<wbr>@example<wbr>.org</span></div></div>"}}',NULL,'20261130-pvaf','sonnenschein:R5RCWMANCFK5','archiviert');
INSERT INTO "brief" VALUES(4,44,'2026-11-30 21:30:19.022031','Neue Sprechzeiten','{"serienpost-letter": 1, "ref": "K146DNNYK56H", "address": "Herrn\nRalf Schuster\nAlte Gasse 44\n01067 Dresden", "title": "Neue Sprechzeiten", "html": "<pre class=\"anschrift\">Herrn\nRalf Schuster\nAlte Gasse 44\n01067 Dresden</pre>\n<h1 class=\"betreff\">Neue Sprechzeiten</h1>\n<p class=\"anrede\">Sehr geehrter Herr Schuster,</p>\n<p>Guten Tag Schuster.</p>\n", "pages": 1, "form": "B", "language": "de", "duplex": false, "files": {"din5008.css": ":root { --akzent: #000; }\n@page {\n  size: 210mm 297mm;\n  margin: 27.0mm 20.0mm 25.0mm 25.0mm;\n  @top-right {\n    content: \"Seite \" counter(page) \" von \" counter(pages); font: 9pt \"Liberation Sans\", \"Arial\", \"Helvetica\", \"DejaVu Sans\", sans-serif; color: #333; vertical-align: middle;\n  }\n}\n@page :first { margin-top: 98.46mm; @top-right { content: none } }\nhtml { font: 11pt/4.66mm \"Liberation Sans\", \"Arial\", \"Helvetica\", \"DejaVu Sans\", sans-serif; color: #000; hyphens: manual }\nbody { margin: 0 }\np, ul, ol, table, blockquote { margin: 0 0 4.23mm 0; orphans: 2; widows: 2 }\nh1, h2, h3, h4, h5, h6 { bookmark-level: none }\nh1, h2, h3 { font-size: 11pt; margin: 0 0 4.23mm 0; break-after: avoid }\nimg { max-width: 165mm }\na { color: inherit; text-decoration: none }\ntd, th { padding: 0 3mm .5mm 0; text-align: left; vertical-align: top }\n.anschrift {\n  position: absolute; left: 0; top: -35.76mm; width: 80mm; height: 27.3mm;\n  margin: 0; font: 10pt/4.23mm \"Liberation Sans\", \"Arial\", \"Helvetica\", \"DejaVu Sans\", sans-serif; white-space: nowrap;\n}\npre.anschrift { white-space: pre }\n.betreff {\n  margin: 0 0 8.46mm 0; font-weight: bold; color: var(--akzent); line-height: 4.23mm;\n}\n.gruss { break-inside: avoid; break-before: avoid }\n.gruss img { display: block; height: 14mm; margin-bottom: 1mm }\n.gruss .name { margin-top: 12.69mm; margin-bottom: 0 }\n.gruss img + .name { margin-top: 0 }\n.gruss .zusatz { margin: 0 }\n", "probedruck.css": "@page { size: 210mm 297mm; margin: 0 }\nbody { margin: 0 }\np {\n  position: absolute; top: 130mm; left: 15mm; width: 180mm; margin: 0; text-align: center;\n  font: bold 60pt/60pt \"Liberation Sans\", \"Arial\", \"Helvetica\", \"DejaVu Sans\", sans-serif; color: rgba(200, 30, 30, .25); transform: rotate(-35deg);\n}\n", "rahmen.css": ":root { --akzent: #000; }\n@page { size: 210mm 297mm; margin: 0 }\nhtml { font: 9pt/4.23mm \"Liberation Sans\", \"Arial\", \"Helvetica\", \"DejaVu Sans\", sans-serif; color: #000 }\nbody { margin: 0 }\np { margin: 0 }\n.blatt { position: relative; width: 210mm; height: 296mm; break-after: page }\n.blatt:last-child { break-after: auto }\n.blatt > * { position: absolute }\n.kopf {\n  left: 25.0mm; top: 8.0mm; width: 165.0mm; height: 35.0mm;\n  font: bold 14pt/6mm \"Liberation Sans\", \"Arial\", \"Helvetica\", \"DejaVu Sans\", sans-serif; color: var(--akzent);\n}\n.kopf img { display: block; max-width: 165.0mm; max-height: 35.0mm }\n.absender {\n  left: 25.0mm; top: 45.0mm; width: 80.0mm; height: 5.0mm;\n  font: 7pt/5.0mm \"Liberation Sans\", \"Arial\", \"Helvetica\", \"DejaVu Sans\", sans-serif; white-space: nowrap;\n}\n.absender .zeile { border-bottom: .1mm solid #000; padding-bottom: .3mm }\n.absender.klein, .absender.zweizeilig { font-size: 6pt }\n.absender.zweizeilig { line-height: 2.45mm; white-space: normal; border-bottom: .1mm solid #000 }\n.absender.zweizeilig .zeile { border: 0; padding: 0 }\n.absender.zweizeilig .teil { white-space: nowrap }\n.absender.umbrochen .teil { white-space: normal }\n.wort { display: inline-block }\n.information {\n  left: 125.0mm; top: 50.0mm; width: 65.0mm;\n  white-space: pre-line;\n}\n.fuss {\n  left: 25.0mm; top: 278.0mm; width: 165.0mm; border-top: .1mm solid #888; padding-top: 1mm;\n  font: 7.5pt/3.6mm \"Liberation Sans\", \"Arial\", \"Helvetica\", \"DejaVu Sans\", sans-serif; color: #555;\n}\n.marke { left: 5mm; width: 5mm; height: 0; border-top: .2mm solid #000 }\n.loch { width: 3mm }\n", "rahmen.html": "<div class=\"blatt\"><div class=\"kopf\" data-zone=\"kopf\">Praxis Dr. Sonnenschein</div><div class=\"absender\" data-zone=\"absender\"><span class=\"zeile\"><span class=\"teil\">Praxis Dr. Sonnenschein</span> · <span class=\"teil\">Lindenallee 5</span> · <span class=\"teil\">01067 Dresden</span></span></div><div class=\"information\" data-zone=\"information\">Telefon 0351 1234567\n<span class=\"wort\">praxis<wbr>@example<wbr>.org</span>\n\n30. November 2026</div><div class=\"marke\" style=\"top:104.9mm\"></div><div class=\"marke\" style=\"top:209.9mm\"></div><div class=\"marke loch\" style=\"top:148.4mm\"></div><div class=\"fuss\" data-zone=\"fuss\">Praxis Dr. Sonnenschein · Lindenallee 5 · 01067 Dresden · 0351 1234567 · <span class=\"wort\">praxis<wbr>@example<wbr>.org</span></div></div><div class=\"blatt\"><div class=\"fuss\" data-zone=\"fuss\">Praxis Dr. Sonnenschein · Lindenallee 5 · 01067 Dresden · 0351 1234567 · <span class=\"wort\">praxis<wbr>@example<wbr>.org</span></div></div>"}}',NULL,'20261130-pvaf','sonnenschein:K146DNNYK56H','archiviert');
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
INSERT INTO "einwilligung" VALUES(1,'patient',1,'email','marketing','patient1@example.org','Ich möchte über Angebote der Praxis informiert werden.','2025-10-26',NULL,'einwilligungen/patient-1.pdf');
INSERT INTO "einwilligung" VALUES(2,'patient',1,'sms','appointment','0171 3920000','Ich möchte an meine Termine erinnert werden.','2025-10-26',NULL,'einwilligungen/patient-1.pdf');
INSERT INTO "einwilligung" VALUES(4,'patient',17,'email','appointment','patient17@example.org','Ich möchte an meine Termine erinnert werden.','2025-10-26',NULL,'einwilligungen/patient-17.pdf');
INSERT INTO "einwilligung" VALUES(5,'patient',17,'sms','appointment','0171 3920016','Ich möchte an meine Termine erinnert werden.','2025-10-26',NULL,'einwilligungen/patient-17.pdf');
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
    kontakt_email TEXT CHECK (kontakt_email IN ('ja', 'nein')),
    kontakt_sms TEXT CHECK (kontakt_sms IN ('ja', 'nein')),
    kontakt_brief TEXT CHECK (kontakt_brief IN ('ja', 'nein')),
    anliegen TEXT,
    quelle TEXT,
    status TEXT,
    gesperrt INTEGER NOT NULL DEFAULT 0 CHECK (gesperrt IN (0, 1))
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
    kontakt_email TEXT CHECK (kontakt_email IN ('ja', 'nein')),
    kontakt_sms TEXT CHECK (kontakt_sms IN ('ja', 'nein')),
    kontakt_brief TEXT CHECK (kontakt_brief IN ('ja', 'nein')),
    vertreter_id INTEGER REFERENCES patient (id),
    verstorben INTEGER NOT NULL DEFAULT 0 CHECK (verstorben IN (0, 1)),
    gesperrt INTEGER NOT NULL DEFAULT 0 CHECK (gesperrt IN (0, 1))
);
INSERT INTO "patient" VALUES(1,'P0000001','Herr',NULL,NULL,'Martin','Vogel',NULL,'m','1974-11-30','Zimmermann','T312868315','KNAPPSCHAFT','Alte Gasse 59',NULL,NULL,'01324','Dresden','Deutschland','040 66969000','0171 3920000','martin.vogel@example.org','de',1,'2025-03-12','ja','ja','ja',NULL,0,0);
INSERT INTO "patient" VALUES(2,'P0000002','Frau','Dr.',NULL,'Ute','Klose',NULL,'w','1985-11-30','Logopädin','X298914867','AOK PLUS','An der Kirche 33',NULL,NULL,'33602','Bielefeld','Deutschland','069 90009000','0171/3920001','patient2@example.org','de',1,'2023-10-07','ja','ja','ja',NULL,0,0);
INSERT INTO "patient" VALUES(3,'P0000003','Frau',NULL,NULL,'Susanne','Bergmann',NULL,'w','1978-11-02','Näherin','C289171390','DAK-Gesundheit','Ahornweg 116',NULL,NULL,'01237','Dresden','Deutschland','0221 4710000','0171-3920002',NULL,'de',1,'2026-02-05','ja','ja','ja',NULL,0,0);
INSERT INTO "patient" VALUES(14,'P0000014','Herr',NULL,NULL,'Hartmut','Meier',NULL,'m','1967-06-08','Rentner','N095482003','KNAPPSCHAFT','Poststraße 71',NULL,NULL,'52062','Aachen','Deutschland','089 99998002','0171/3920013','patient14@example.org','de',5,'2025-09-14','nein','nein','nein',NULL,0,0);
INSERT INTO "patient" VALUES(17,'P0000017','Frau',NULL,NULL,'Emilia','Heller',NULL,'w','1997-03-10','Schreinerin','Y408167926','AOK PLUS','Bachstraße 35',NULL,NULL,'01324','Dresden','Deutschland','069 90009003','0171 3920016','patient17@example.org','de',1,'2025-05-02','ja','ja',NULL,NULL,0,0);
INSERT INTO "patient" VALUES(21,'P0000021','Frau',NULL,NULL,'Jana','Hübner',NULL,'w','1993-04-20','Bäckermeister','W867402660','BARMER','Wiesenweg 8',NULL,NULL,'01277','Dresden','Deutschland','040 66969004','0171 3920020','familie.huebner@example.org','de',2,'2024-11-03','ja','ja','ja',NULL,0,0);
INSERT INTO "patient" VALUES(22,'P0000022','Herr',NULL,NULL,'Tobias','Hübner',NULL,'m','1954-08-20','Kfz-Mechatroniker','V884931360','mhplus','Wiesenweg 8',NULL,NULL,'01277','Dresden','Deutschland','069 90009004','0171/3920021','familie.huebner@example.org','de',4,'2024-09-04','ja','ja','ja',NULL,0,0);
INSERT INTO "patient" VALUES(43,'P0000043','Frau',NULL,NULL,'Vera','Hein',NULL,'w','1970-05-17','Tischler',NULL,'Techniker Krankenkasse','Alte Gasse 43',NULL,NULL,'01067','Dresden',NULL,'0221 4710008','0171 3920043','patient43@example.org','de',1,'2026-03-11','ja','ja','ja',NULL,0,0);
INSERT INTO "patient" VALUES(44,'P0000044','Herr',NULL,NULL,'Ralf','Schuster',NULL,'m','1970-05-17','Verwaltungsangestellte',NULL,'BARMER','Alte Gasse 44',NULL,NULL,'01067','Dresden',NULL,'089 99998008','0171 3920044','patient44@example.org','de',4,'2025-08-14','ja','ja','ja',NULL,0,0);
INSERT INTO "patient" VALUES(45,'P0000045','Frau',NULL,NULL,'Sandra','Menzel',NULL,'w','1970-05-17','Elektriker',NULL,'mhplus','Alte Gasse 45',NULL,NULL,'01067','Dresden',NULL,'030 23125009','0171 3920045','patient45@example.org','de',1,'2026-08-12','ja','ja','ja',NULL,0,0);
INSERT INTO "patient" VALUES(46,'P0000046','Frau',NULL,NULL,'Emilia','Braun',NULL,'w','1970-05-17','Maschinenbauer',NULL,'Techniker Krankenkasse','Alte Gasse 46',NULL,NULL,'01067','Dresden',NULL,'040 66969009','0171 3920046','patient46@example.org','de',2,'2023-11-19','ja','ja','ja',NULL,0,0);
INSERT INTO "patient" VALUES(47,'P0000047','Frau',NULL,NULL,'Silke','Janßen',NULL,'w','1970-05-17','Sekretärin',NULL,'IKK classic','Alte Gasse 47',NULL,NULL,'01067','Dresden',NULL,'069 90009009','0171 3920047','patient47@example.org','de',4,'2025-07-09','ja','ja','ja',NULL,0,0);
INSERT INTO "patient" VALUES(48,'P0000048','Frau',NULL,NULL,'Ayşe','Neumann',NULL,'w','1970-05-17','Optikerin',NULL,'AOK PLUS','Alte Gasse 48',NULL,NULL,'01067','Dresden',NULL,'0221 4710009','0171 3920048','patient48@example.org','de',2,'2024-01-08','ja','ja','ja',NULL,0,0);
INSERT INTO "patient" VALUES(49,'P0000049','Frau',NULL,NULL,'Elfriede','Thomas',NULL,'w','1970-05-17','Tierärztin',NULL,'DAK-Gesundheit','Alte Gasse 49',NULL,NULL,'01067','Dresden',NULL,'089 99998009','0171 3920049','patient49@example.org','de',1,'2024-11-22','ja','ja','ja',NULL,0,0);
INSERT INTO "patient" VALUES(50,'P0000050','Frau',NULL,NULL,'Sophie','Metzger',NULL,'w','1970-05-17','Informatikerin',NULL,'AOK PLUS','Alte Gasse 50',NULL,NULL,'01067','Dresden',NULL,'030 23125010','0171 3920050','patient50@example.org','de',3,'2023-08-23','ja','ja','ja',NULL,0,0);
INSERT INTO "patient" VALUES(51,'P0000051','Frau',NULL,NULL,'Olga','Voigt',NULL,'w','1970-05-17','Schlosser',NULL,'privat versichert','Alte Gasse 51',NULL,NULL,'01067','Dresden',NULL,NULL,'0171 3920051','patient51@example.org','de',3,'2024-06-19','ja','ja','ja',NULL,0,0);
INSERT INTO "patient" VALUES(52,'P0000052','Herr',NULL,NULL,'Matthias','Moser',NULL,'m','1970-05-17','Zimmermann',NULL,'mhplus','Alte Gasse 52',NULL,NULL,'01067','Dresden',NULL,'069 90009010','0171 3920052','patient52@example.org','de',5,'2026-04-24','ja','ja','ja',NULL,0,0);
INSERT INTO "patient" VALUES(53,'P0000053','Frau',NULL,NULL,'Ursula','Langer',NULL,'w','1970-05-17','Krankenpflegerin',NULL,'hkk','Alte Gasse 53',NULL,NULL,'01067','Dresden',NULL,'0221 4710010','0171 3920053','patient53@example.org','de',1,'2023-11-01','ja','ja','ja',NULL,0,0);
INSERT INTO "patient" VALUES(54,'P0000054','Herr',NULL,NULL,'Martin','Vogel',NULL,'m','1970-05-17','Buchhändlerin',NULL,'hkk','Alte Gasse 54',NULL,NULL,'01067','Dresden',NULL,'089 99998010','0171 3920054','patient54@example.org','de',2,'2023-08-27','ja','ja','ja',NULL,0,0);
ANALYZE "sqlite_master";
INSERT INTO "sqlite_stat1" VALUES('systemkuerzel','sqlite_autoindex_systemkuerzel_1','5 1');
INSERT INTO "sqlite_stat1" VALUES('einwilligung','einwilligung_person','24 12 1');
INSERT INTO "sqlite_stat1" VALUES('behandlung','behandlung_patient','60 1');
INSERT INTO "sqlite_stat1" VALUES('termin','termin_interessent','24 2');
INSERT INTO "sqlite_stat1" VALUES('termin','termin_patient','431 8');
INSERT INTO "sqlite_stat1" VALUES('termin','termin_beginn','431 1');
INSERT INTO "sqlite_stat1" VALUES('interessent','interessent_name','40 1 1');
INSERT INTO "sqlite_stat1" VALUES('patient','patient_vertreter','5 2');
INSERT INTO "sqlite_stat1" VALUES('patient','patient_name','60 2 1');
INSERT INTO "sqlite_stat1" VALUES('patient','sqlite_autoindex_patient_1','60 1');
INSERT INTO "sqlite_stat1" VALUES('behandler',NULL,'5');
CREATE TABLE systemkuerzel (
    kuerzel TEXT PRIMARY KEY,
    wert TEXT
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
INSERT INTO "termin" VALUES(1,43,NULL,'2099-05-04 10:00:00',30,NULL,NULL,NULL,'geplant');
INSERT INTO "termin" VALUES(2,44,NULL,'2099-05-04 11:00:00',30,NULL,NULL,NULL,'bestaetigt');
INSERT INTO "termin" VALUES(3,44,NULL,'2099-05-04 15:00:00',30,NULL,NULL,NULL,'geplant');
CREATE INDEX patient_name ON patient (nachname, vorname);
CREATE INDEX patient_vertreter ON patient (vertreter_id) WHERE vertreter_id IS NOT NULL;
CREATE INDEX interessent_name ON interessent (nachname, vorname);
CREATE INDEX termin_beginn ON termin (beginn);
CREATE INDEX termin_patient ON termin (patient_id);
CREATE INDEX termin_interessent ON termin (interessent_id) WHERE interessent_id IS NOT NULL;
CREATE INDEX behandlung_patient ON behandlung (patient_id);
CREATE INDEX einwilligung_person ON einwilligung (person_typ, person_id);
CREATE INDEX brief_patient ON brief (patient_id);
COMMIT;
