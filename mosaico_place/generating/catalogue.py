"""The functions of generated instances, with their implementations, and what a unit of everything costs.

Figures are those of the project's instances and their sources (``instances/README.md``), rounded; the rest is assumed.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from mosaico_place.instance import Function, Implementation, Level, Prices

KIB, MIB, GIB = 1024, 1024**2, 1024**3
MBPS = 10**6
GBPS = 10**9
_US, _MS = 1_000, 1_000_000

PRICES = Prices(
    resources={
        "cpu": Fraction(1, 1000),
        "memory": Fraction(1, 50 * GIB),
        "stages": Fraction(1, 2),
        "sram": Fraction(1, 10 * MIB),
    },
    device={"share": Fraction(10, 1000), "memory": Fraction(1, 20 * GIB)},
    bandwidth=Fraction(1, GBPS),
    opened=Fraction(1, 2),
)
"""Per smallest unit; in the file: cpu 1, memory 0.02 per GiB, stages 0.5, sram 0.1 per MiB, share 10 and so on."""


def _cpu(cores: float, memory_mib: int) -> dict[str, int]:
    return {"cpu": round(cores * 1000), "memory": memory_mib * MIB}


def _vnf(cores: float, memory_mib: int, processing_ns: int, capacity_bps: int | None = None) -> Implementation:
    demand = _cpu(cores, memory_mib)
    return Implementation("vnf", Level.VNF, demand, processing_ns=processing_ns, capacity_bps=capacity_bps)


def _gpu(cores: float, memory_mib: int, share: int, device_mib: int, processing_ns: int) -> Implementation:
    """Share in 1/1000 of a GPU."""
    device = {"share": share, "memory": device_mib * MIB}
    return Implementation("gpu", Level.GPU, _cpu(cores, memory_mib), device, processing_ns)


def _p4(stages: int, sram_kib: int) -> Implementation:
    return Implementation("p4", Level.P4, {"stages": stages, "sram": sram_kib * KIB}, processing_ns=1 * _US)


def _program(stages: int, sram_kib: int, each_kib: int = 0, window_ns: int = 0) -> Implementation:
    """A P4 program that serves many, each after it has watched it for a window."""
    once = {"stages": stages, "sram": sram_kib * KIB}
    each = {"sram": each_kib * KIB} if each_kib else {}
    return Implementation("p4", Level.P4, each, {}, window_ns + 1 * _US, once, 100 * GBPS)


def _function(name: str, *ways: Implementation, shared: bool = False, l4s: bool = False) -> Function:
    return Function(name, {way.name: way for way in ways}, shared=shared, l4s=l4s)


_WINDOW_NS = 33 * _MS
"""What the detector watches before it says anything."""
_FEATURES_VNF = Implementation(
    "vnf",
    Level.VNF,
    _cpu(0.5, 64),
    processing_ns=_WINDOW_NS + 60 * _US,
    once={"memory": 256 * MIB},
    capacity_bps=10 * GBPS,
)

FUNCTIONS: Mapping[str, Function] = {
    function.name: function
    for function in (
        _function("game", _gpu(1, 6144, 200, 4096, 8600 * _US)),
        _function("game-light", _gpu(1, 4096, 100, 2048, 5 * _MS)),
        _function("encode", _gpu(0.5, 1024, 50, 768, 6 * _MS), _vnf(2, 2048, 6600 * _US)),
        _function("features", _program(2, 1024, 64, _WINDOW_NS), _FEATURES_VNF, shared=True),
        _function("l4s-queue", _program(2, 1024, 16), shared=True, l4s=True),
        _function("telemetry", _program(1, 256), shared=True),
        _function("filter", _p4(1, 256), _vnf(0.5, 256, 200 * _US)),
        _function("control", _vnf(1, 2048, 1 * _MS)),
        _function("guard", _p4(1, 128), _vnf(0.5, 128, 200 * _US)),
        _function("inference", _gpu(0.5, 4096, 100, 2048, 3 * _MS), _vnf(2, 4096, 4 * _MS)),
        _function("parse", _p4(1, 512), _vnf(0.5, 512, 50 * _US)),
        _function("classify", _vnf(1, 2048, 500 * _US), _gpu(1, 1024, 100, 1024, 200 * _US)),
        _function("aggregate", _vnf(0.5, 512, 100 * _US)),
        _function("firewall", _p4(1, 512), _vnf(1, 2048, 45 * _US, 900 * MBPS)),
        _function("nat", _p4(1, 1024), _vnf(0.5, 1024, 10 * _US, 900 * MBPS)),
        _function("ids", _vnf(2, 6144, 300 * _US, 600 * MBPS), _gpu(0.5, 2048, 100, 2048, 100 * _US)),
    )
}
"""By name, in the order in which they are written."""


def _price(way: Implementation) -> Fraction:
    node = sum((PRICES.resources[resource] * amount for resource, amount in way.demand.items()), Fraction(0))
    return sum((PRICES.device[resource] * amount for resource, amount in way.device.items()), node)


CHEAPEST: Mapping[str, Implementation] = {
    name: min(function.implementations.values(), key=_price) for name, function in FUNCTIONS.items()
}
"""Per function the implementation whose demand costs least; what an opened instance takes is not counted."""


def fastest_ns(function: str) -> int:
    """Processing time of its fastest implementation."""
    return min(way.processing_ns for way in FUNCTIONS[function].implementations.values())


def slowest_ns(function: str) -> int:
    """Processing time of its slowest implementation."""
    return max(way.processing_ns for way in FUNCTIONS[function].implementations.values())
