# How trying.py is compiled.

cimport cython
from mosaico_place.compile.arrays.records cimport inf
from mosaico_place.compile.arrays.records cimport CHORD, COPY, INNER, Apart, Chain, Component, Flow, Tables
from mosaico_place.kernel.costs cimport best_option, merged_cost, option_cost
from mosaico_place.kernel.merging cimport merged_before
from mosaico_place.kernel.placing cimport apply_component, apply_flow, remove_parts
from mosaico_place.kernel.problem cimport Embeddings, Pricing, Work
from mosaico_place.kernel.routes cimport route

@cython.locals(same=cython.bint, bad=cython.int, kept=cython.int, one=cython.int, other=cython.int)
cpdef int crowded(Tables tables, int k, Work work, bint keeps) noexcept nogil
cdef void _keep_value(Tables tables, int label, int kept, int u, Work work) noexcept nogil
@cython.locals(total=cython.double, cost=cython.double, head=cython.int)
cpdef (double, int) try_out(Pricing pricing, int k) noexcept nogil
@cython.locals(read_back=cython.bint, cost=cython.double)
cdef double _try_flow(Pricing pricing, int k, int f) noexcept nogil
@cython.locals(cost=cython.double, chosen=cython.int)
cdef double _place_component(Pricing pricing, int k, int c) noexcept nogil
@cython.locals(option=cython.int)
cdef double _cost_as_settled(Pricing pricing, int k, int c) noexcept nogil
@cython.locals(best=cython.double, chosen=cython.int, worth=cython.double, cost=cython.double, time=cython.double)
cdef double _best_beside(Pricing pricing, int k, int c, int n, double pay) noexcept nogil
