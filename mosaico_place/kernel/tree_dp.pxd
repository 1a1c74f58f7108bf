# How tree_dp.py is compiled.

cimport cython
from mosaico_place.compile.arrays.records cimport inf
from mosaico_place.compile.arrays.dijkstra cimport trace
from mosaico_place.compile.arrays.records cimport CHORD, COPY, FIXED, INNER, PIN_HEAD, PIN_TAIL, Chain, Component, Flow, Tables, Unit
from mosaico_place.kernel.bounding cimport allow, lowest, note_goal, note_least, note_tree
from mosaico_place.kernel.costs cimport add_costs, best_option, touch_costs
from mosaico_place.kernel.problem cimport Embeddings, Pricing, Work
from mosaico_place.kernel.routes cimport path_to_copy, set_touch, spread_flow, start_at, want, write_copy

@cython.locals(closed=cython.bint, slope=cython.double)
cdef bint _unit_costs(Pricing pricing, int k, int u) noexcept nogil
@cython.locals(node=cython.int)
cdef int stands_on(Tables tables, int k, int u, Work work) noexcept nogil
@cython.locals(constant=cython.double, one=cython.double, time=cython.double, node=cython.int, option=cython.int)
cpdef double components_cost(Pricing pricing, int k) noexcept nogil
@cython.locals(forth=cython.bint, fixed=cython.int, other=cython.int, slope=cython.double, row=cython.int)
cdef double _pinned_cost(Pricing pricing, int k, int f, double most) noexcept nogil
@cython.locals(row=cython.int)
cdef void _spread_from(Pricing pricing, int k, int f, int node, bint forth, double most) noexcept nogil
cdef void _add_distances(Work work, int u) noexcept nogil
@cython.locals(forth=cython.bint, constant=cython.double, spare=cython.double, path=cython.double, most=cython.double, cheapest=cython.double)
cpdef double solve_units(Pricing pricing, int k, double limit) noexcept nogil
cpdef bint choose_nodes(Pricing pricing, int k) noexcept nogil
@cython.locals(forth=cython.bint, n=cython.int, free=cython.int, unit=cython.int)
cdef bint _choose_tree(Pricing pricing, int k, int root, int copy) noexcept nogil
@cython.locals(best=cython.double, chosen=cython.int, cost=cython.double)
cdef int _cheapest_root(Pricing pricing, int k, int root, int copy) noexcept nogil
@cython.locals(forth=cython.bint, u=cython.int, n=cython.int, size=cython.int, f=cython.int)
cdef bint _choose_below(Pricing pricing, int k, int root) noexcept nogil
cdef bint _read_path(Pricing pricing, int k, int f, int c, bint forth) noexcept nogil
cdef void _read_options(Pricing pricing, int k, int root) noexcept nogil
