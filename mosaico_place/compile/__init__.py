"""From an instance to what methods work on: one block for the infrastructure, one per chain."""

from mosaico_place.compile.candidates import Candidate
from mosaico_place.compile.chain import ChainBlock, compile_chain
from mosaico_place.compile.infrastructure import Infrastructure, compile_infrastructure
from mosaico_place.compile.problem import Problem, compile_instance

__all__ = [
    "Candidate",
    "ChainBlock",
    "Infrastructure",
    "Problem",
    "compile_chain",
    "compile_infrastructure",
    "compile_instance",
]
