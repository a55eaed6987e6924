"""Names with the characters that hurt: quotes, ampersands, percent, semicolons, umlauts, the euro sign."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_FIRST = _words(
    "Alpenland Bergmann Citywerk Domschke Elbtal Feldmann Grünwald Hansa Inselmann Jäger Königstein Lindner Märkische "
    "Nordstern Ostermann Pfälzer Quellhorst Rheinstahl Süddeutsche Tannenberg Uhlandt Vogtland Westfalen Zöllner "
    "Boulder Cascade Dakota Everglade Frontier Granite Hudson Keystone Lakeshore Mesa Nevada Prairie Redwood Sierra"
)
_SECOND = _words(
    "Antriebstechnik Büromaterial Druckguss Elektronik Fördertechnik Gebäudereinigung Hydraulik Industrieservice "
    "Kunststoffe Logistik Messtechnik Personaldienste Software Verpackung Werkzeuge Consulting Facilities Freight "
    "Hardware Packaging Semiconductors Staffing Supplies Telecom Utilities"
)
_FORMS = ("GmbH", "AG", "KG", "GmbH & Co. KG", "Inc.", "LLC", "Corp.", "e.K.")
HARD = (
    "O'Leary & Söhne GmbH", 'Schmidt "Präzision" KG', "50% Rabatt Handels-AG", "Müller; Maier, Partner",
    "A+B Lösungen / Beratung", "€uro Paletten GmbH", "Łódź Metal Sp. z o.o.", "Fünf & Zwanzig e.K.",
    "=SUMME(A1) Software", "Ägäis Reederei A.E.",
)  # fmt: skip
CITIES = (
    ("DE", "Walldorf", "69190", "BW"), ("DE", "Köln", "50667", "NW"), ("DE", "Düsseldorf", "40213", "NW"),
    ("US", "Palo Alto", "94304", "CA"), ("US", "St. Louis", "63101", "MO"), ("CH", "Zürich", "8001", "ZH"),
    ("GB", "Stoke-on-Trent", "ST1 1AA", ""), ("FR", "Évry", "91000", "91"),
)  # fmt: skip
_STREETS = ("Hauptstraße", "Am Bahnhof", "Industriepark", "Main St.", "Rue de l'Église", "Königsallee", "Page Mill Rd")
MATERIALS = (
    ("TG11", "Trading Good 011, Reorder Point"), ("RM120", "Raw material 120, ½ inch"), ("SM0010", "Semi-finished 10"),
    ("PK-BOX", 'Box 12" x 8"'), ("LUB-5L", "Lubricant 5 l, 100%"), ("KBL/3", "Cable & plug, 3 m"),
)  # fmt: skip
SERVICES = ("Beratung vor Ort", "Office supplies", "Facility cleaning", "Software licence", "Wartung 2. Halbjahr")


def company_name(rng: Random) -> str:
    """A plausible firm."""
    return f"{rng.choice(_FIRST)} {rng.choice(_SECOND)} {rng.choice(_FORMS)}"


def street(rng: Random) -> tuple[str, str]:
    """(street, house number)."""
    return rng.choice(_STREETS), str(rng.randint(1, 240))


def search_term(name: str) -> str:
    """Upper case, 20 characters."""
    return name.upper()[:20].rstrip()
