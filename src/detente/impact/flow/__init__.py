"""What a restriction costs day by day: stocks run down, orders are placed elsewhere, rivals step in."""

from detente.impact.flow.case import run
from detente.impact.flow.daily import Daily
from detente.impact.flow.markets import nested_logit
from detente.impact.flow.network import FlowNetwork
from detente.impact.flow.preset_boario import Event, boario, boario_switches, industries
from detente.impact.flow.preset_inoue import inoue_network, inoue_switches, inoue_todo
from detente.impact.flow.segments import networks_of
from detente.impact.flow.shocks import Rebuilding, Shock, Span
from detente.impact.flow.simulation import FlowRun, simulate
from detente.impact.flow.switches import Switches

__all__ = [
    "Daily",
    "Event",
    "FlowNetwork",
    "FlowRun",
    "Rebuilding",
    "Shock",
    "Span",
    "Switches",
    "boario",
    "boario_switches",
    "industries",
    "inoue_network",
    "inoue_switches",
    "inoue_todo",
    "nested_logit",
    "networks_of",
    "run",
    "simulate",
]
