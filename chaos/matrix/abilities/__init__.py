"""All that the plugins can do over a network, as commands whose outcome can be compared."""

from __future__ import annotations

from chaos.matrix.abilities import anaplan, sap, syspro
from chaos.matrix.abilities.base import Ability, Site

ABILITIES: dict[str, Ability] = {
    ability.name: ability
    for ability in (*syspro.TAP, *sap.TAP, *anaplan.TAP, *anaplan.TARGET, *sap.TARGET, *syspro.TARGET)
}

__all__ = ["ABILITIES", "Ability", "Site"]
