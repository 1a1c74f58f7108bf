# How dijkstra.py is compiled.

cimport cython
from mosaico_place.compile.arrays.records cimport inf

from mosaico_place.compile.arrays.records cimport Net

cpdef enum:
    STAY = -1
    NOWHERE = -2

cdef class Labels:
    cdef readonly object arrays
    cdef object _size
    cdef double[::1] weight
    cdef double[::1] touch
    cdef double[::1] dist
    cdef double[::1] front
    cdef int[::1] nodes
    cdef int[::1] place

cpdef void spread(
    Net net, double[:, ::1] starts, int start, bint forth, double slope, Labels labels, int[:, ::1] lasts, int last
) noexcept nogil
cdef void _first_step(Net net, int side, int n, double label, Labels labels, int[:, ::1] lasts, int last) noexcept nogil
@cython.locals(nearer=cython.bint, j=cython.int, n=cython.int, m=cython.int, a=cython.int, at=cython.int, size=cython.int, nowhere=cython.int, label=cython.double, cost=cython.double)
cdef void _nearest_first(Net net, int side, Labels labels, int[:, ::1] lasts, int last) noexcept nogil
@cython.locals(n=cython.int, a=cython.int, size=cython.int)
cpdef int trace(Net net, int[:, ::1] lasts, int last, int node, bint forth, int[:, ::1] path, int row) noexcept nogil
