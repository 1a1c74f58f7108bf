# How times.py is compiled.

cimport cython
from mosaico_place.compile.arrays.records cimport inf
from mosaico_place.compile.arrays.records cimport Budget, Chain, Component, Flow, Tables
from mosaico_place.kernel.merging cimport merged_before
from mosaico_place.kernel.placing cimport first_node, followed, programs_of
from mosaico_place.kernel.problem cimport Embeddings, State, Work

@cython.locals(total=cython.double, shared=cython.int, host=cython.int, crossing=cython.int, count=cython.int)
cdef double _flow_ns(Tables tables, State state, int f, Embeddings where, Work work) noexcept nogil
@cython.locals(begin=cython.double, longest=cython.double, f=cython.int, t=cython.int, h=cython.int)
cdef double _budget_ns(Tables tables, int k, int b, Embeddings where, Work work) noexcept nogil
@cython.locals(c=cython.int, f=cython.int)
cdef void mark_path(Tables tables, int k, int b, int[::1] entered, unsigned char[:, ::1] marks) noexcept nogil
@cython.locals(kept=cython.bint, late=cython.double, time=cython.double)
cdef (double, bint) measure_times(Tables tables, State state, int k, Embeddings where, Work work) noexcept nogil
cdef double _processing_ns(Tables tables, int k, int c, Embeddings where) noexcept nogil
@cython.locals(node=cython.int, count=cython.int, longest=cython.double, total=cython.double, join=cython.double, time=cython.double, n=cython.int)
cpdef double parallel_ns(Tables tables, int k, int group, Embeddings where) noexcept nogil
