# How routes.py is compiled.

cimport cython
from mosaico_place.compile.arrays.records cimport inf
from mosaico_place.compile.arrays.dijkstra cimport spread, trace
from mosaico_place.compile.arrays.records cimport Chain, Component, Flow, Tables
from mosaico_place.kernel.costs cimport touch_costs
from mosaico_place.kernel.placing cimport first_node
from mosaico_place.kernel.problem cimport Embeddings, Pricing, Work

cdef void set_touch(Pricing pricing, int k, int f) noexcept nogil
@cython.locals(fits=cython.bint, cost=cython.double)
cdef void _weigh(Pricing pricing, int k, int f, double slope) noexcept nogil
cdef void spread_flow(
    Pricing pricing, int k, int f, double[:, ::1] starts, int start, bint forth, int[:, ::1] lasts, int last
) noexcept nogil
cdef void start_at(Work work, int n) noexcept nogil
cdef void want(Work work, double most) noexcept nogil
@cython.locals(time=cython.double, a=cython.int)
cdef void path_to_copy(Pricing pricing, int k, int f) noexcept nogil
@cython.locals(shared=cython.int, at=cython.int, leaves=cython.int, begin=cython.int, size=cython.int)
cdef bint write_copy(Tables tables, int f, int n, Work work) noexcept nogil
cdef bint _simple(Tables tables, int f, int begin, Embeddings where) noexcept nogil
@cython.locals(n=cython.int, size=cython.int)
cdef bint route(Pricing pricing, int k, int f) noexcept nogil
