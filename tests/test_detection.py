"""The detector of cloud-gaming-detection: all four P4/VNF combinations are optimal when the numbers call for it.

Every test starts from the shipped file, changes a few figures and says which and why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from mosaico_place import Instance, Prices, Spot, Termination, load_instance, solve
from mosaico_place.quantities import Dimension, parse_price, parse_quantity

FILE = Path(__file__).parents[1] / "instances" / "cloud-gaming-detection.yaml"


@pytest.fixture
def base() -> Instance:
    """The instance as shipped."""
    return load_instance(FILE)


def spots(instance: Instance) -> Mapping[str, Spot]:
    """Where the components stand in the proven optimum."""
    result = solve(instance)
    assert result.termination is Termination.OPTIMAL
    assert result.placement is not None
    return result.placement.chains["sessions"].components


def levels(instance: Instance) -> tuple[str, str]:
    """The levels of features and classifier in the optimum."""
    found = spots(instance)
    return found["features"].implementation, found["classifier"].implementation


def with_reserved(instance: Instance, node: str, resource: str, amount: str) -> Instance:
    """The instance with another amount of a node's resource reserved."""
    old = instance.nodes[node]
    reserved = {**old.reserved, resource: parse_quantity(amount, instance.dimension(resource))}
    return instance.with_node(replace(old, reserved=reserved))


def with_cpu_price(instance: Instance, node: str, price: str) -> Instance:
    """The instance with another price per core of a node."""
    resources = {"cpu": parse_price(price, Dimension.CORES)}
    return instance.with_node(replace(instance.nodes[node], prices=Prices(resources=resources)))


def with_deadline(instance: Instance, within: str) -> Instance:
    """The instance with another deadline, and no target, from the video to the collector."""
    chain = instance.chains["sessions"]
    to_player, to_collector = chain.budgets
    tight = replace(to_collector, within_ns=parse_quantity(within, Dimension.TIME), target_ns=None)
    return instance.with_chain(replace(chain, budgets=(to_player, tight)))


def test_features_p4_classifier_vnf_as_shipped(base: Instance) -> None:
    """Tests the split: features on the switch spare four cores and the mirrored traffic, a tree is cheap on a core.

    Features in P4 cost 4 stages (4.0) and no link; as a VNF on noc 4 cores and 2 links x 1.2 Gbps (6.4). The
    classifier costs 3 stages (3.0) in P4 and one core (1.0) on noc.
    """
    assert levels(base) == ("p4", "vnf")
    assert spots(base)["features"].node == spots(base)["tap"].node == "sw-edge"


def test_deadline_calls_for_both_in_p4(base: Instance) -> None:
    """Tests latency: with 33.6 ms the 0.5 ms of a classifier VNF no longer fit behind the 33 ms window.

    Both in P4 take 33.515 ms from the video to the collector; with a classifier VNF on noc 34.016 ms.
    """
    assert levels(with_deadline(base, "33.6 ms")) == ("p4", "p4")


def test_cpu_price_calls_for_both_in_p4(base: Instance) -> None:
    """Tests prices: where a core costs 4 (8 beside the switch), three stages for the classifier are cheaper."""
    dear = with_cpu_price(with_cpu_price(base, "noc", "4"), "probe", "8")
    assert levels(dear) == ("p4", "p4")


def test_stages_call_for_both_as_vnf(base: Instance) -> None:
    """Tests stages: a base program that leaves three on sw-edge has no room for four of features, only for the tap."""
    assert levels(with_reserved(base, "sw-edge", "stages", "9")) == ("vnf", "vnf")


def test_stage_price_calls_for_both_as_vnf(base: Instance) -> None:
    """Tests prices: where a stage costs 4, four cores and the mirrored traffic are cheaper than four stages."""
    stages = {**base.prices.resources, "stages": parse_price("4", Dimension.COUNT)}
    assert levels(replace(base, prices=replace(base.prices, resources=stages))) == ("vnf", "vnf")


def test_stages_and_cpu_call_for_features_vnf_classifier_p4(base: Instance) -> None:
    """Tests capacity: three stages on sw-edge are too few for features, and no server has a core beside them.

    probe has 4 free cores, all taken by features, and noc half a core: the classifier has only the switches left.
    """
    small = with_reserved(base, "sw-edge", "stages", "9")
    small = with_reserved(with_reserved(small, "probe", "cpu", "4"), "noc", "cpu", "15.5")
    assert levels(small) == ("vnf", "p4")


def test_window_is_processing_time(base: Instance) -> None:
    """Tests that no placement beats the sampling window: 33 ms to the collector are infeasible, so the chain goes."""
    result = solve(with_deadline(base, "33 ms"))
    assert result.accepted == ()
    assert result.levels[0].value == 1
