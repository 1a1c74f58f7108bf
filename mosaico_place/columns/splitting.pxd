# How splitting.py is compiled.

cimport cython
from mosaico_place.compile.arrays.records cimport inf, Chain, Tables
from mosaico_place.kernel.embed cimport embed
from mosaico_place.kernel.problem cimport Embeddings, Pricing, write_embedding

cdef class Parts:
    cdef readonly int most
    cdef double[::1] bounds
    cdef int[::1] depth
    cdef int[:, ::1] at
    cdef int[::1] here
    cdef int[::1] turn
    cdef int[::1] size
    cdef unsigned char[:, ::1] allowed

@cython.locals(reject=cython.double, closed=cython.double, bound=cython.double, one=cython.double, found=cython.double, least=cython.double, parts=cython.int, tried=cython.int, free=cython.int, deep=cython.int, i=cython.int, u=cython.int)
cpdef (double, double) split(
    Pricing pricing, int k, double lower, double cost, Parts parts_of, Embeddings trial, Embeddings out
) noexcept nogil
@cython.locals(free=cython.int, nodes=cython.int, d=cython.int)
cdef int _prepare(Tables tables, int k, Parts parts_of) noexcept nogil
@cython.locals(least=cython.int)
cdef int _least_part(Parts parts_of, int parts) noexcept nogil
cdef void _keep_to(Tables tables, int u, int node) noexcept nogil
