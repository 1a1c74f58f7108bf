# How placing.py is compiled.

cimport cython
from mosaico_place.compile.arrays.records cimport inf
from mosaico_place.compile.arrays.records cimport Chain, Component, Opening, Option, Program, Tables
from mosaico_place.kernel.costs cimport best_program, merged_cost, needed, option_cost
from mosaico_place.kernel.merging cimport merged_before, take_rest
from mosaico_place.kernel.problem cimport Embeddings, Pricing, State

cdef int first_node(Tables tables, int f, Embeddings where) noexcept nogil
@cython.locals(i=cython.int)
cdef int followed(Tables tables, int f, Embeddings where) noexcept nogil
@cython.locals(count=cython.int, e=cython.int, chosen=cython.int, number=cython.int, n=cython.int, o=cython.int)
cdef int programs_of(Tables tables, State state, int f, int arcs, Embeddings where, int[::1] serving) noexcept nogil
cdef void _take(Tables tables, State state, int line, int use, int use_end, double times) noexcept nogil
@cython.locals(count=cython.double)
cdef void _serve(Tables tables, State state, int o, double load, int sign) noexcept nogil
cdef void apply_component(Tables tables, State state, int k, int c, Embeddings where, int sign) noexcept nogil
cdef void apply_option(Tables tables, State state, int k, int c, int o, int sign) noexcept nogil
cdef void _host(Tables tables, State state, int c, int o, int sign) noexcept nogil
cdef void _apply_program(Tables tables, State state, int k, int f, int e, int sign) noexcept nogil
cdef bint _take_arcs(Tables tables, State state, int k, int f, Embeddings where) noexcept nogil
cdef void _give_arcs(Tables tables, State state, int k, int f, Embeddings where, double rate) noexcept nogil
@cython.locals(count=cython.int, e=cython.int, chosen=cython.int, cost=cython.double, added=cython.double, n=cython.int)
cdef double _choose_programs(Pricing pricing, int k, int f, Embeddings where) noexcept nogil
@cython.locals(cost=cython.double)
cdef double apply_flow(Pricing pricing, int k, int f, Embeddings where) noexcept nogil
cdef void remove_parts(Pricing pricing, int k, int flows, int components, Embeddings where) noexcept nogil
cpdef void remove_chain(Pricing pricing, int k, Embeddings where) noexcept nogil
@cython.locals(cost=cython.double)
cpdef bint place(Pricing pricing, int k, Embeddings where) noexcept nogil
cpdef void take_opened(Tables tables, double[::1] opened, double[:, ::1] free) noexcept nogil
