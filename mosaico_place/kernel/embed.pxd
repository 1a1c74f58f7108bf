# How embed.py is compiled.

cimport cython
from mosaico_place.compile.arrays.records cimport inf
from mosaico_place.compile.arrays.records cimport CHORD, COPY, Chain, Tables
from mosaico_place.kernel.branching cimport branch
from mosaico_place.kernel.latency_prices cimport first_rates, next_rates, set_slopes
from mosaico_place.kernel.placing cimport remove_chain
from mosaico_place.kernel.problem cimport Embeddings, Pricing, write_embedding
from mosaico_place.kernel.times cimport measure_times
from mosaico_place.kernel.tree_dp cimport choose_nodes, solve_units
from mosaico_place.kernel.trying cimport crowded, try_out

cpdef enum:
    TRIES = 12
    MANY = 3000
    SOME = 400
    FEW = 24
    PRICED = 100
    EXACT = 0
    RELAXED_JOIN = 1
    RELAXED_COPY = 2
    RELAXED_REWRITE = 4
    RELAXED_APART = 8

@cython.locals(used=cython.int)
cpdef int relaxations(Tables tables, int k) noexcept nogil
@cython.locals(lower=cython.double, cost=cython.double, stands=cython.bint, most=cython.int)
cpdef (double, double) embed(Pricing pricing, int k, double cutoff, Embeddings out) noexcept nogil
@cython.locals(lower=cython.double, bound=cython.double, cost=cython.double, found=cython.double, stands=cython.bint, free=cython.bint)
cpdef (double, double, bint) find(Pricing pricing, int k, double cutoff, int most, bint first, Embeddings out) noexcept nogil
@cython.locals(lower=cython.double, best=cython.double, free=cython.bint, stands=cython.bint, cost=cython.double, bad=cython.int, late=cython.double, kept=cython.bint, again=cython.bint, value=cython.double)
cdef (double, double, bint, bint) _rounds(Pricing pricing, int k, double cutoff, Embeddings out) noexcept nogil
cpdef void begin(Pricing pricing, int k) noexcept nogil
