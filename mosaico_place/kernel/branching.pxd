# How branching.py is compiled.

cimport cython
from mosaico_place.compile.arrays.records cimport inf
from mosaico_place.compile.arrays.records cimport Apart, Chain, Tables
from mosaico_place.kernel.costs cimport option_cost
from mosaico_place.kernel.latency_prices cimport next_rates, set_slopes
from mosaico_place.kernel.placing cimport apply_option, remove_chain
from mosaico_place.kernel.problem cimport Embeddings, Pricing, Work, write_embedding
from mosaico_place.kernel.times cimport measure_times
from mosaico_place.kernel.tree_dp cimport choose_nodes, solve_units
from mosaico_place.kernel.trying cimport crowded, try_out

cpdef enum:
    TRIED = 6
    PRUNED = -2

cdef double CLOSE

cdef (double, double) branch(Pricing pricing, int k, double cutoff, int most, bint first, Embeddings out) noexcept nogil
@cython.locals(bad=cython.int, v=cython.int, n=cython.int, bound=cython.double)
cdef void _solve(Pricing pricing, int k, int u, int depth, double bound, Embeddings out) noexcept nogil
@cython.locals(constant=cython.double, wanted=cython.double, total=cython.double, cost=cython.double, late=cython.double, kept=cython.bint, again=cython.bint, bad=cython.int)
cdef (int, double) _relaxation(Pricing pricing, int k, double bound, Embeddings out) noexcept nogil
@cython.locals(cost=cython.double, bad=cython.int)
cdef (double, int) _try_whole(Pricing pricing, int k) noexcept nogil
cdef void _stand_again(Pricing pricing, int k) noexcept nogil
cdef void _put(Pricing pricing, int k, int c, int sign) noexcept nogil
@cython.locals(other=cython.int, u=cython.int)
cdef int _next_unit(Tables tables, int k, int bad, Work work) noexcept nogil
@cython.locals(cost=cython.double, pay=cython.double, option=cython.int, i=cython.int)
cdef void _settle(Pricing pricing, int k, int u, int n, int c, int depth, double bound, Embeddings out) noexcept nogil
@cython.locals(best=cython.double, one=cython.double, chosen=cython.int, menu=cython.int)
cdef (double, int) _next_option(Pricing pricing, int k, int c, int n, double pay, double cost, int option) noexcept nogil
@cython.locals(same=cython.bint, v=cython.int)
cdef void _check_forward(Tables tables, int k, int u, int node, Work work) noexcept nogil
