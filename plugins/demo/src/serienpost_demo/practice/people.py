"""Word lists for made-up people: common names, titles, occupations, insurers."""

from __future__ import annotations

from typing import Final


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


WOMEN: Final = _words(
    """Agnes Alina Amelie Andrea Angelika Anja Anke Anna Annegret Antje Astrid Ayşe Barbara Beate
    Birgit Brigitte Britta Carla Charlotte Christa Christel Christina Claudia Clara Cornelia
    Dagmar Daniela Doris Edith Elena Elfriede Elif Elisabeth Elke Ella Emilia Emma Erika Eva
    Fatma Franziska Frieda Gabriele Gerda Gisela Greta Gudrun Hanna Heike Helga Ida Ilse Ingrid
    Irina Iris Jana Johanna Julia Jutta Karin Katharina Käthe Kathrin Katja Kerstin Klara Laura
    Lea Lena Leonie Lieselotte Lina Luisa Magdalena Maja Margarete Maria Marianne Marie Marlene
    Martina Mathilda Melanie Mia Monika Nadine Natalia Nele Nicole Nina Olga Paula Petra Pia
    Regina Renate Rosemarie Ruth Sabine Sandra Sara Sibylle Silke Simone Sofia Sonja Sophie
    Stefanie Susanne Svetlana Tanja Theresa Ursula Ute Vanessa Vera Veronika Waltraud"""
)

MEN: Final = _words(
    """Achim Adrian Albert Alexander Ali Andreas Anton Armin Arne Axel Benjamin Bernd Bernhard
    Björn Bruno Carsten Christian Christoph Claus Cem Daniel David Dennis Dieter Dirk Dominik
    Eberhard Elias Emil Erich Ernst Fabian Felix Finn Florian Frank Franz Friedrich Georg Gerhard
    Gregor Günter Gustav Hannes Hans Harald Hartmut Heinrich Heinz Helmut Henrik Herbert Holger
    Horst Igor Ingo Jakob Jan Jens Joachim Johannes Jonas Jörg Josef Julian Jürgen Kai Karl
    Karl-Heinz Kevin Klaus Konrad Kurt Lars Leon Leo Linus Lothar Louis Ludwig Lukas Manfred
    Marcel Mario Markus Martin Mateusz Matthias Max Mehmet Michael Moritz Mustafa Niklas Noah
    Norbert Oliver Oskar Otto Patrick Paul Peter Philipp Rainer Ralf Reinhard René Robert Rolf
    Rüdiger Sebastian Siegfried Simon Stefan Sven Theo Thomas Tim Tobias Udo Ulrich Uwe Volker
    Walter Werner Wilhelm Wolfgang"""
)

NEUTRAL: Final = ("Alex", "Charlie", "Jona", "Kim", "Luca", "Mika", "Robin", "Sascha", "Toni")

SURNAMES: Final = _words(
    """Ackermann Adam Albrecht Arndt Arnold Bach Bachmann Barth Bauer Baumann Beck Becker Behrens
    Berger Bergmann Beyer Binder Böhm Böttcher Brandt Braun Breuer Brinkmann Brunner Buchholz
    Busch Çelik Conrad Dietrich Dietz Dietze Döring Ebert Eder Engel Erdmann Ernst Fiedler Fischer
    Fleischer Förster Frank Franke Freitag Friedrich Fritsch Fuchs Funk Gabriel Gärtner Geißler
    Gerlach Göbel Graf Greiner Groß Großmann Günther Haas Hahn Hartmann Haupt Hein Heinrich Heinze
    Heller Herrmann Herzog Heß Hesse Hildebrandt Hoffmann Hofmann Hübner Huber Jäger Jahn Jakob
    Jansen Janßen Jung Kaiser Kaya Keller Kern Kirchner Klein Klose Kluge Koch Köhler König Konrad
    Kowalski Kraft Krämer Kraus Krause Krüger Kuhn Kühn Kunze Lang Lange Langer Lehmann Lindner
    Lohmann Lorenz Ludwig Lutz Maier Marx Mayer Meier Meißner Menzel Mertens Metzger Meyer Michel
    Möller Moser Müller Münch Naumann Neubauer Neumann Noack Nowak Otto Özdemir Pfeiffer Pietsch
    Pohl Preuß Probst Reichel Reichert Reinhardt Reuter Richter Riedel Rösler Roth Rudolph Sander
    Sauer Schäfer Scheller Schilling Schmidt Schmitt Schmitz Schneider Scholz Schreiber Schröder
    Schröter Schubert Schulte Schultz Schulz Schulze Schumacher Schuster Schütz Schwarz Seidel
    Seifert Simon Sommer Stahl Stein Steiner Stephan Straub Strauß Thiel Thomas Uhlig Ullrich
    Urban Vetter Vogel Vogt Voigt Völker Wagner Walter Weber Wegner Weigel Weiß Wendt Werner
    Wiedemann Winkler Winter Wirth Witt Wolf Wolff Yıldız Zander Ziegler Zimmermann"""
)

TITLES: Final = (
    "Dr.", "Dr.", "Dr.", "Dr. med.", "Dr. rer. nat.", "Prof. Dr.", "Prof.", "Dipl.-Ing.",
    "Dr.-Ing.", "Dr. phil. Dr. h. c.",
)  # fmt: skip

NOBLE_PREFIXES: Final = ("von", "von", "von der", "van", "de", "zu", "vom", "van der")

NOBLE_TITLES: Final = {
    "m": ("Graf", "Freiherr", "Prinz", "Baron"),
    "w": ("Gräfin", "Freifrau", "Prinzessin", "Baronin"),
}

OCCUPATIONS: Final = _words(
    """Altenpfleger Architektin Bäckermeister Bankkauffrau Bauingenieurin Berufskraftfahrer
    Buchhändlerin Dachdecker Elektriker Erzieherin Floristin Friseurin Gärtner Grafikerin
    Hausmeister Hebamme Informatikerin Juristin Kellner Kfz-Mechatroniker Krankenpflegerin Landwirt
    Lehrerin Logopädin Maler Maschinenbauer Musikerin Näherin Optikerin Pfarrer Polizist Redakteurin
    Rentner Rentnerin Schlosser Schreinerin Sekretärin Sozialarbeiter Steuerberaterin Studentin
    Tierärztin Tischler Übersetzerin Verkäuferin Verwaltungsangestellte Zimmermann"""
)

INSURERS: Final = (
    "AOK PLUS", "AOK PLUS", "Techniker Krankenkasse", "BARMER", "DAK-Gesundheit", "IKK classic",
    "KNAPPSCHAFT", "hkk", "Kaufmännische Krankenkasse", "mhplus", "privat versichert",
)  # fmt: skip

LANGUAGES: Final = ("de",) * 94 + ("en",) * 3 + ("tr", "pl", "uk")
