"""The thing on which histories act: a sandbox, the shipped flows as processes, and what can happen to them."""

from chaos.world.acts import Act, After, Moment, Record, Request, Step
from chaos.world.ran import Piped, Ran
from chaos.world.world import FLOWS, Settings, Underway, World

__all__ = [
    "FLOWS",
    "Act",
    "After",
    "Moment",
    "Piped",
    "Ran",
    "Record",
    "Request",
    "Settings",
    "Step",
    "Underway",
    "World",
]
