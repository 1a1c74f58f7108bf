# How pruning.py is compiled.

cimport cython
from mosaico_place.compile.arrays.records cimport inf
from mosaico_place.compile.arrays.dijkstra cimport Labels, spread
from mosaico_place.compile.arrays.records cimport Tables

cdef class Passing:
    cdef readonly object masks
    cdef double[::1] room
    cdef double[:, ::1] start
    cdef int[:, ::1] last
    cdef Labels labels
    cdef unsigned char[:, ::1] mask
    cdef double[:, ::1] least
    cdef double[:, ::1] early
    cdef double[:, ::1] late
    cdef double[:, ::1] nothing

cpdef void keep_reachable(Tables tables, int k, Passing passing) noexcept nogil
cdef void _agree(Tables tables, int k, Passing passing) noexcept nogil
cdef void _as_units(Tables tables, int k, Passing passing) noexcept nogil
cdef void _keep_budget(Tables tables, int b, int first, Passing passing) noexcept nogil
cdef void _keep_later(double[:, ::1] times, int i, Labels labels) noexcept nogil
cdef void _keep_within(double within_ns, int i, Passing passing) noexcept nogil
@cython.locals(tail=cython.int, head=cython.int)
cdef void _keep_flow(Tables tables, int f, Passing passing) noexcept nogil
cdef void _keep_ends(Tables tables, int f, int begin, int end, bint forth, Passing passing) noexcept nogil
cdef void _least_processing(Tables tables, int c, int i, Passing passing) noexcept nogil
cdef void _pass_on(
    Tables tables, int f, double[:, ::1] times, int i, double[:, ::1] least, int j, bint forth, Passing passing
) noexcept nogil
@cython.locals(total=cython.double, least=cython.double, e=cython.int, end=cython.int)
cdef double least_touch_ns(Tables tables, int table, int n) noexcept nogil
