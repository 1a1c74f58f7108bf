# How bounding.py is compiled.

cimport cython
from mosaico_place.compile.arrays.records cimport inf
from mosaico_place.compile.arrays.records cimport Chain, Flow, Tables
from mosaico_place.kernel.problem cimport Pricing, Work

cdef double ROUNDING

@cython.locals(best=cython.double)
cdef double lowest(double[:, ::1] table, int row) noexcept nogil
@cython.locals(total=cython.double)
cdef double note_least(Tables tables, int k, Work work) noexcept nogil
cdef void note_goal(Tables tables, int k, int f, int u, Work work) noexcept nogil
@cython.locals(best=cython.double, alone=cython.double, spare=cython.double, least=cython.double, goal=cython.int)
cdef (double, double) note_tree(Tables tables, int k, int u, Work work) noexcept nogil
cdef void allow(Tables tables, int k, int u, double spare, double path, Work work) noexcept nogil
