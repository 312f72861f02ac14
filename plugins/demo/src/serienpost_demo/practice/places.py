"""Word lists for made-up addresses: true towns with one of their true postal codes."""

from __future__ import annotations

from typing import Final

_DRESDEN = """
    01067 01069 01097 01099 01127 01129 01139 01157 01159 01169 01187 01189 01217 01219 01237
    01239 01257 01259 01277 01279 01307 01309 01324 01326
"""
DRESDEN_CODES: Final = tuple(_DRESDEN.split())

_TOWNS = """\
01445 Radebeul
01454 Radeberg
01640 Coswig
01662 Meißen
01705 Freital
01796 Pirna
01809 Heidenau
02625 Bautzen
02826 Görlitz
03046 Cottbus
04109 Leipzig
06108 Halle (Saale)
06844 Dessau-Roßlau
07545 Gera
07743 Jena
08056 Zwickau
08523 Plauen
09111 Chemnitz
09599 Freiberg
10115 Berlin
14467 Potsdam
14770 Brandenburg an der Havel
15230 Frankfurt (Oder)
17033 Neubrandenburg
17489 Greifswald
18055 Rostock
18439 Stralsund
19053 Schwerin
20095 Hamburg
21335 Lüneburg
23552 Lübeck
24103 Kiel
24937 Flensburg
26122 Oldenburg
27568 Bremerhaven
28195 Bremen
29221 Celle
30159 Hannover
31134 Hildesheim
33098 Paderborn
33330 Gütersloh
33602 Bielefeld
34117 Kassel
35037 Marburg
35390 Gießen
36037 Fulda
37073 Göttingen
38100 Braunschweig
38440 Wolfsburg
39104 Magdeburg
40213 Düsseldorf
41061 Mönchengladbach
41460 Neuss
42103 Wuppertal
42651 Solingen
44135 Dortmund
44623 Herne
44787 Bochum
45127 Essen
45468 Mülheim an der Ruhr
45657 Recklinghausen
46045 Oberhausen
46236 Bottrop
47051 Duisburg
47441 Moers
47798 Krefeld
48143 Münster
49074 Osnabrück
50667 Köln
51373 Leverkusen
51465 Bergisch Gladbach
52062 Aachen
53111 Bonn
54290 Trier
55116 Mainz
56068 Koblenz
57072 Siegen
58095 Hagen
59065 Hamm
60311 Frankfurt am Main
63065 Offenbach am Main
63450 Hanau
64283 Darmstadt
65183 Wiesbaden
66111 Saarbrücken
67059 Ludwigshafen am Rhein
67655 Kaiserslautern
68159 Mannheim
69117 Heidelberg
70173 Stuttgart
72070 Tübingen
72764 Reutlingen
74072 Heilbronn
75172 Pforzheim
76131 Karlsruhe
78462 Konstanz
79098 Freiburg im Breisgau
80331 München
84028 Landshut
85049 Ingolstadt
86150 Augsburg
89073 Ulm
90402 Nürnberg
90762 Fürth
91052 Erlangen
93047 Regensburg
94032 Passau
95444 Bayreuth
96047 Bamberg
97070 Würzburg
98527 Suhl
99084 Erfurt
99423 Weimar
99817 Eisenach
"""
TOWNS: Final = tuple((line[:5], line[6:]) for line in _TOWNS.splitlines())

ABROAD: Final = (
    ("1010", "Wien", "Österreich"),
    ("5020", "Salzburg", "Österreich"),
    ("8001", "Zürich", "Schweiz"),
    ("4051", "Basel", "Schweiz"),
    ("50-079", "Wrocław", "Polen"),
    ("110 00", "Praha 1", "Tschechien"),
    ("75001", "Paris", "Frankreich"),
)

STREETS: Final = (
    "Ahornweg", "Alte Gasse", "Am Anger", "Am Bahnhof", "Am Mühlgraben", "Am Sportplatz",
    "An der Kirche", "Auenweg", "August-Bebel-Straße", "Bachstraße", "Bahnhofstraße",
    "Beethovenstraße", "Bergstraße", "Birkenweg", "Blumenstraße", "Breite Straße", "Buchenweg",
    "Burgstraße", "Dorfstraße", "Dresdner Straße", "Eichenweg", "Elbufer", "Feldstraße",
    "Finkenweg", "Gartenstraße", "Goethestraße", "Grüner Weg", "Hauptstraße", "Heideweg",
    "Hohe Straße", "Im Winkel", "Johannisplatz", "Kastanienallee", "Kirchgasse", "Kiefernweg",
    "Kurze Straße", "Lerchenweg", "Lessingstraße", "Lindenallee", "Lindenstraße", "Marktplatz",
    "Mittelstraße", "Mozartstraße", "Mühlenweg", "Neue Straße", "Parkstraße", "Pestalozzistraße",
    "Poststraße", "Ringstraße", "Rosenweg", "Schillerstraße", "Schloßstraße", "Schulstraße",
    "Seestraße", "Siedlerweg", "Sonnenhang", "Steinweg", "Talstraße", "Tannenweg", "Uferstraße",
    "Waldstraße", "Weinbergstraße", "Wiesenweg", "Zum Hang",
)  # fmt: skip

ADDITIONS: Final = ("2. OG links", "Hinterhaus", "c/o Berger", "Wohnung 12", "Haus B")
