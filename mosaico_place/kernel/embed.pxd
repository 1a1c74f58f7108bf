# How embed.py is compiled.

cimport cython
from mosaico_place.compile.arrays.records cimport inf
from mosaico_place.compile.arrays.records cimport CHORD, COPY, Chain, Tables
from mosaico_place.kernel.latency_prices cimport first_rates, next_rates, set_slopes
from mosaico_place.kernel.placing cimport remove_chain
from mosaico_place.kernel.problem cimport Embeddings, Pricing, Work
from mosaico_place.kernel.times cimport measure_times
from mosaico_place.kernel.tree_dp cimport choose_nodes, solve_units
from mosaico_place.kernel.trying cimport crowded, try_out

cpdef enum:
    TRIES = 12
    MANY = 200
    FEW = 3
    EXACT = 0
    RELAXED_JOIN = 1
    RELAXED_COPY = 2
    RELAXED_REWRITE = 4
    RELAXED_APART = 8

@cython.locals(used=cython.int)
cpdef int relaxations(Tables tables, int k) noexcept nogil
@cython.locals(lower=cython.double, cost=cython.double, stands=cython.bint)
cpdef (double, double) embed(Pricing pricing, int k, double cutoff, Embeddings out) noexcept nogil
@cython.locals(depth=cython.int, left=cython.int, lower=cython.double, bound=cython.double, cost=cython.double, stands=cython.bint, node=cython.int, u=cython.int)
cdef (double, double, bint) find(Pricing pricing, int k, double cutoff, int few, Embeddings out) noexcept nogil
@cython.locals(lower=cython.double, best=cython.double, free=cython.bint, stands=cython.bint, node=cython.int, cost=cython.double, bad=cython.int, late=cython.double, kept=cython.bint, again=cython.bint, value=cython.double)
cdef (double, double, bint, int) _rounds(Pricing pricing, int k, double cutoff, int u, Embeddings out) noexcept nogil
cpdef void begin(Pricing pricing, int k) noexcept nogil
cdef void _keep_to(Work work, int u, int node) noexcept nogil
cdef int _keep_parts(int depth, Work work) noexcept nogil
cdef int _next_part(Tables tables, int k, int depth, int node, bint more, Work work) noexcept nogil
@cython.locals(count=cython.int)
cdef int _places(Tables tables, int u) noexcept nogil
@cython.locals(count=cython.int, i=cython.int, size=cython.int)
cdef void _order_units(Tables tables, int k, Work work) noexcept nogil
cdef void _write(Tables tables, int k, Embeddings draft, double late, Embeddings out) noexcept nogil
