"""Timed changes of an instance, as values: what may happen, and what an instance is afterwards."""

from mosaico_place.events.applying import apply
from mosaico_place.events.kinds import (
    WORDS,
    Arrive,
    CapacityChange,
    Depart,
    DeviceDown,
    DeviceUp,
    Drain,
    Event,
    Handover,
    LinkBandwidth,
    LinkDown,
    LinkLatency,
    LinkUp,
    NodeDown,
    NodeUp,
    RateChange,
    Undrain,
    Update,
)
from mosaico_place.events.reading import event_from_dict
from mosaico_place.events.writing import describe, event_document

__all__ = [
    "WORDS",
    "Arrive",
    "CapacityChange",
    "Depart",
    "DeviceDown",
    "DeviceUp",
    "Drain",
    "Event",
    "Handover",
    "LinkBandwidth",
    "LinkDown",
    "LinkLatency",
    "LinkUp",
    "NodeDown",
    "NodeUp",
    "RateChange",
    "Undrain",
    "Update",
    "apply",
    "describe",
    "event_document",
    "event_from_dict",
]
