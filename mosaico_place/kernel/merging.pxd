# How merging.py is compiled.

cimport cython
from mosaico_place.compile.arrays.records cimport Option, Spot, Tables
from mosaico_place.kernel.problem cimport Embeddings, State

cdef bint _runs_with(Tables tables, int c, int other, Embeddings where) noexcept nogil
@cython.locals(other=cython.int)
cdef bint merged_before(Tables tables, int k, int c, Embeddings where) noexcept nogil
@cython.locals(most=cython.double)
cdef double _shared_amount(Tables tables, int k, int c, Embeddings where, int row) noexcept nogil
cdef double rest_amount(Tables tables, int k, int c, Embeddings where, int i) noexcept nogil
@cython.locals(most=cython.double, saved=cython.double)
cdef double saved_price(Tables tables, int k, int c, Embeddings where) noexcept nogil
cdef void take_rest(Tables tables, State state, int k, int c, Embeddings where, int sign) noexcept nogil
@cython.locals(rest=cython.double)
cdef bint rest_holds(Tables tables, State state, int k, int c, Embeddings where, double more) noexcept nogil
