"""Names and codes, with the characters that hurt: quotes, ampersands, percent, plus, slashes, umlauts, euro signs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_FIRST = _words(
    "Anchor Atlas Baxter Birch Calder Cedar Dalton Delta Eastgate Falcon Garnet Harbor Indigo Jasper Kestrel Larch "
    "Meridian Northway Orchard Pioneer Quarry Ridge Sterling Summit Tamar Union Vector Willow Yarrow Zenith"
)
_SECOND = _words(
    "Bearings Cable Castings Chemicals Components Controls Electrical Engineering Fasteners Filters Freight Gaskets "
    "Hydraulics Instruments Lighting Logistics Metals Packaging Paints Plastics Power Pumps Steel Supplies Tools "
    "Valves"
)
_FORMS = ("Ltd", "Inc", "GmbH", "& Co", "Group", "plc", "LLC", "Partners")
_CITIES = (
    ("Springfield", "62701"), ("Köln", "50667"), ("São Paulo", "01310"), ("Leeds", "LS1 4AP"), ("Durban", "4001"),
    ("Montréal", "H2Y 1C6"), ("Zürich", "8001"), ("Austin", "73301"), ("Perth", "6000"),
    ("Aarhus", "8000"),
)  # fmt: skip
_STREETS = ("Mill Lane", "Harbour Road", "Industrial Park", "Königsallee", "Rue de l'Église", "High Street", "Main St.")
_PARTS = _words(
    "Bolt Bracket Bushing Clamp Coupling Elbow Fitting Flange Gear Hinge Lever Nut Pin Plug Pulley Roller Screw "
    "Seal Shaft Spring Switch Valve Washer Wheel"
)
_FINISHES = (
    "zinc plated",
    "stainless",
    "brass",
    "nylon",
    "hardened",
    'black 1/2"',
    "5 mm",
    "heavy duty",
    "100% cotton",
)

HARD_SUPPLIERS = (
    ("O'BRIEN", "O'Brien & Sons, Dublin"),
    ("A&B", "A & B Supplies"),
    ("50%TOOLS", "50% Tools Ltd"),
    ("C+D", "C+D Electrical"),
    ("N/SHIPPING", "North/South Shipping"),
    ("MÜLLER", "Müller Präzisionsteile GmbH"),
    ("de Vries", 'De Vries "Staal" B.V.'),
    ("EURO 1", "€uro Parts; Import, Export"),
)
HARD_CUSTOMERS = (
    ("D'ARCY", "D'Arcy, Smith & Partners"),
    ("R&D LAB", "R&D Laboratories"),
    ("JOB+SONS", "Job+Sons"),
    ("HÖGANÄS", "Höganäs Verkstad AB"),
    ("W/SALE", 'W/Sale "Direct"'),
)
HARD_STOCK = (
    ("O-RING 5'", "O-ring, 5' length"),
    ("NUT&BOLT", "Nut & bolt set"),
    ("10%NACL", "Saline 10%, 1 l"),
    ("A+B-GLUE", "Two-component glue A+B"),
    ("1/2-PIPE", 'Pipe 1/2", 3 m'),
    ("SCHLÜSSEL", "Schlüssel 17 mm"),
)


def company_name(rng: Random) -> str:
    """A plausible firm."""
    return f"{rng.choice(_FIRST)} {rng.choice(_SECOND)} {rng.choice(_FORMS)}"


def short_name(name: str) -> str:
    """The search name: upper case, 20 characters."""
    return name.upper()[:20].rstrip()


def part_name(rng: Random) -> str:
    """A plausible stock description."""
    return f"{rng.choice(_PARTS)} {rng.choice(_FINISHES)}"


def address(rng: Random) -> tuple[str, str, str]:
    """(street, city, postal code)."""
    city, postal_code = rng.choice(_CITIES)
    return f"{rng.randint(1, 240)} {rng.choice(_STREETS)}", city, postal_code


def padded(number: int) -> str:
    """A numeric key as SYSPRO stores it: zero-filled to 15."""
    return f"{number:015d}"


def document_number(rng: Random, style: int, year: int, number: int) -> str:
    """A supplier's invoice number: most are numeric, some suppliers have ideas of their own."""
    if style == 0:
        return f"INV/{year}/{number:05d}"
    if style == 1:
        return f"RE-{year}-Ü{number}"
    if style == 2:
        return f"No. {number} & co"
    if style == 3:
        return f"100%+{number}"
    if style == 4:
        return f"O'H-{number}"
    return padded(number * 10 + rng.randint(0, 9))
