"""Instances of any size, as text."""

from __future__ import annotations


def large_instance(servers: int) -> str:
    """An instance of ``servers`` servers in a row, with one chain each: about 400 bytes per server."""
    lines = ["format: 1", "infrastructure:", "  nodes:"]
    lines += [f"    s{i}: {{kind: server, cpu: {i % 90 + 1}, memory: 64 GiB}}" for i in range(servers)]
    lines += ["  links:"]
    lines += [
        f"    - {{between: [s{i}, s{i + 1}], bandwidth: {{forth: 10 Gbps, back: 1 Gbps}}, latency: 1.5 ms}}"
        for i in range(servers - 1)
    ]
    lines += ["functions: {f: {implementations: {vnf: {cpu: 1}}}}", "chains:"]
    for i in range(servers):
        lines += [
            f"  c{i}:",
            f"    components: {{a: {{at: s{i}}}, b: f, c: {{at: s{i // 2}}}}}",
            "    flows:",
            "      - {from: a, to: b, rate: 1 Mbps}",
            "      - {from: b, to: c, rate: 3 Mbps}",
            "    latency:",
            "      - {from: a, to: c, within: 10 ms, target: 5 ms}",
        ]
    return "\n".join(lines) + "\n"
