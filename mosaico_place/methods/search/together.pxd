# How together.py is compiled.

cimport cython
from mosaico_place.kernel.embed cimport FEW
from mosaico_place.kernel.problem cimport Embeddings, write_embedding
from mosaico_place.methods.search.ruin cimport Lists
from mosaico_place.methods.search.ruin_and_recreate cimport Desk, accepts, evaluate, note_kept, save
from mosaico_place.solution.updates cimport (
    Standing,
    bring_back,
    insert_all,
    keeps_time,
    put,
    remove_all,
)

cpdef void adopt(Desk desk, Desk other, int level) noexcept nogil
@cython.locals(count=cython.int)
cdef int _list_new(Desk desk, Desk other) noexcept nogil
@cython.locals(same=cython.bint)
cdef bint _stands_alike(Standing one, Standing other, int k) noexcept nogil
@cython.locals(in_time=cython.bint)
cdef void _stand_as(Desk desk, Desk other, int k) noexcept nogil
@cython.locals(count=cython.int)
cpdef void follow(Desk desk, Desk leader) noexcept nogil
cpdef void agree(Desk desk) noexcept nogil
