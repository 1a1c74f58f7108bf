# How quick_check.py is compiled.

cimport cython
from mosaico_place.compile.arrays.records cimport inf
from mosaico_place.compile.arrays.records cimport Chain, Component, Option, Tables
from mosaico_place.kernel.costs cimport bars, holds, more_instances
from mosaico_place.kernel.problem cimport State

cpdef void quick_check(Tables tables, State state, long long[::1] chains, unsigned char[::1] found) noexcept nogil
@cython.locals(more=cython.double)
cdef bint _fits_somewhere(Tables tables, State state, int k, int c) noexcept nogil
