# How costs.py is compiled.

cimport cython
from libc.math cimport ceil
from mosaico_place.compile.arrays.records cimport inf
from mosaico_place.compile.arrays.records cimport Chain, Component, Opening, Option, Program, Tables
from mosaico_place.kernel.merging cimport rest_amount, rest_holds, saved_price
from mosaico_place.kernel.problem cimport Embeddings, Pricing, State

cdef bint holds(Tables tables, State state, int line, int use, int use_end, int o, double times) noexcept nogil
cdef double needed(Opening opening, double load) noexcept nogil
cdef double more_instances(Tables tables, State state, int o, double load) noexcept nogil
cdef int flow_user(Tables tables, int k, int f) noexcept nogil
@cython.locals(more=cython.double)
cdef double _with_opening(
    Pricing pricing, int line, int use, int use_end, int o, int user, double load, double cost
) noexcept nogil
cdef bint bars(Component component, Option option, int o) noexcept nogil
cdef double _move_cost(Component component, double factor, int o) noexcept nogil
cdef double _activation_cost(Pricing pricing, int n) noexcept nogil
@cython.locals(cost=cython.double)
cdef double option_cost(Pricing pricing, int k, int c, int o) noexcept nogil
@cython.locals(cost=cython.double, more=cython.double)
cdef double merged_cost(Pricing pricing, int k, int c, Embeddings where) noexcept nogil
@cython.locals(best=cython.double, chosen=cython.int)
cdef (double, int) best_option(Pricing pricing, int k, int c, int n, double slope) noexcept nogil
@cython.locals(left=cython.bint)
cdef bint add_costs(Pricing pricing, int k, int c, double slope, double[:, ::1] total, int u) noexcept nogil
@cython.locals(cost=cython.double, rate=cython.double, line=cython.int, user=cython.int)
cdef double _program_cost(Pricing pricing, int k, int f, int e) noexcept nogil
@cython.locals(best=cython.double, chosen=cython.int, i=cython.int)
cdef (double, int, int) best_program(Pricing pricing, int k, int f, int e, int end, double slope) noexcept nogil
@cython.locals(total=cython.double, e=cython.int)
cdef void touch_costs(Pricing pricing, int k, int f, double slope) noexcept nogil
cdef void _add_up(Tables tables, double[:, ::1] lines, int[:] begin, int[:] end, double[:, ::1] total) noexcept nogil
