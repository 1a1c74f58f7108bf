"""The pVNFPC text format, and the published optima where the instances are at hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from mosaico_place.errors import InputError
from mosaico_place.instance import Kind, Level
from mosaico_place.load import parse_instance
from mosaico_place.method import Options
from mosaico_place.pvnfpc import load_pvnfpc, parse_pvnfpc
from mosaico_place.result import Termination
from mosaico_place.solving import solve
from tests.program import Run

PUBLISHED = Path(__file__).parents[2] / "shared" / "data" / "pvnfpc"

SMALL = """Topology

endpoint e1 e2
physical_switch ps1 128
physical_switch ps2 128
network_pop pop1 1 1
link e1 ps1 10000.0 \t#1
link e2 ps2 10000.0 \t#2
link ps1 ps2 10000.0 \t#3
link ps2 pop1 10000.0 \t#4

SFC Q1

endpoint e1 e2
virtual_function fw 0.1 0.1
virtual_link e1 fw 50.0 vs_int\t#1
virtual_link e2 fw 50.0 vs_int\t#2
"""


def test_reads_the_format() -> None:
    """Tests what nodes, links, functions and chains a text becomes."""
    instance = parse_pvnfpc(SMALL, "small.txt")
    assert {name: node.kind for name, node in instance.nodes.items()} == {
        "e1": Kind.ACCESS, "e2": Kind.ACCESS, "ps1": Kind.P4_SWITCH, "ps2": Kind.P4_SWITCH, "pop1": Kind.SERVER,
    }  # fmt: skip
    assert instance.nodes["pop1"].capacity == {"cpu": 1000, "memory": 10**9}
    assert instance.links[0].forth.bandwidth_bps == instance.links[0].back.bandwidth_bps == 10**10
    assert instance.functions["fw"].implementations["vnf"].demand == {"cpu": 100, "memory": 10**8}
    assert instance.functions["vs_int"].implementations["p4"].level is Level.P4
    assert [(flow.ends, flow.per_hop) for flow in instance.chains["Q1"].flows] == [
        (("e1", "fw"), ("vs_int",)),
        (("e2", "fw"), ("vs_int",)),
    ]


def test_counts_instances() -> None:
    """Tests that one server and both switches are opened: 1000 - 3 = 997 in the paper's counting."""
    result = solve(parse_pvnfpc(SMALL), options=Options(gap=0.0))
    assert [level.value for level in result.levels] == [0, 3]
    assert result.termination is Termination.OPTIMAL


def test_command_writes_an_instance(run: Run, tmp_path: Path) -> None:
    """Tests that what the command writes is the instance that the reader makes, to stdout or to a file."""
    source = tmp_path / "small.txt"
    source.write_text(SMALL, encoding="utf-8")
    ended = run("import", "pvnfpc", source)
    assert ended.code == 0
    assert parse_instance(ended.out) == load_pvnfpc(source)
    assert run("import", "pvnfpc", source, "-o", tmp_path / "small.yaml").out == ""
    assert (tmp_path / "small.yaml").read_text(encoding="utf-8") == ended.out


def test_every_fault_with_its_line(run: Run, tmp_path: Path) -> None:
    """Tests that all that is wrong with a text is told at once, each with its line, and ends with exit code 3."""
    broken = SMALL.replace("physical_switch ps2 128", "physical_switch ps2").replace("vs_int\t#2", "fw\t#2")
    broken = broken.replace("link e1 ps1 10000.0", "link e1 ps9 10000.0").replace("SFC Q1", "SFC Q1\nvirtual_node x")
    path = tmp_path / "broken.txt"
    path.write_text(broken, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_pvnfpc(path)
    words = "Topology, SFC, endpoint, physical_switch, network_pop, link, virtual_function, virtual_link"
    assert [str(fault).removeprefix(str(path)) for fault in caught.value.faults] == [
        ":5:1: expected 'physical_switch NAME STAGES', found 1 words after 'physical_switch'",
        ":7:1: there is no node 'ps9'",
        ":8:1: there is no node 'ps2'",
        ":9:1: there is no node 'ps2'",
        ":10:1: there is no node 'ps2'",
        f":13:1: unknown word 'virtual_node'; a line begins with one of {words}",
        ":18:1: 'fw' is a virtual function, and cannot be a virtual switch as well",
    ]
    assert run("import", "pvnfpc", path).code == 3
    with pytest.raises(InputError, match="holds no topology"):
        parse_pvnfpc("")


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="the published instances are not part of the project")
@pytest.mark.parametrize(("seed", "chains", "instances"), [(1, 1, 6), (2, 1, 8), (3, 1, 6), (1, 5, 14), (3, 5, 14)])
def test_published_optimum(seed: int, chains: int, instances: int) -> None:
    """Tests that the optimum of a published instance is the published one: all accepted, so many instances."""
    name = f"topology_seed{seed}_nodes00050_links04_sfcs{chains:05d}.txt"
    result = solve(load_pvnfpc(PUBLISHED / f"inputs_seed{seed}" / name), options=Options(gap=0.0))
    assert result.termination is Termination.OPTIMAL
    assert [level.value for level in result.levels] == [0, instances]
