"""All scenarios, in the order of the table."""

from __future__ import annotations

from . import disks, killing, machine, nodes, schedule, wires
from .scenario import SCENARIOS, Scenario

MODULES = (killing, wires, disks, machine, nodes, schedule)

ALL: dict[str, Scenario] = {
    name: one
    for module in MODULES
    for name, one in SCENARIOS.items()
    if one.body.__module__ == module.__name__
}
