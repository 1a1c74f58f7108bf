# How updates.py is compiled.

cimport cython
from mosaico_place.compile.arrays.records cimport inf
from mosaico_place.compile.arrays.records cimport Bundle, Chain, Tables
from mosaico_place.kernel.embed cimport MANY, SOME, find
from mosaico_place.kernel.measuring cimport Costs, Measure, forget, measure
from mosaico_place.kernel.placing cimport first_node, place, remove_chain
from mosaico_place.kernel.problem cimport Embeddings, Pricing, State, Work
from mosaico_place.kernel.times cimport measure_times

cdef class Standing(Bundle):
    cdef readonly Tables tables
    cdef readonly State state
    cdef readonly Embeddings embeddings
    cdef readonly Costs costs
    cdef readonly Measure measure
    cdef double[:, ::1] chain_costs
    cdef unsigned char[:, ::1] here
    cdef double[:, ::1] capacity
    cdef double[::1] amount

@cython.locals(placed=cython.int)
cpdef int insert_all(
    Standing standing, Pricing pricing, long long[::1] chains, int count, double[::1] cutoff, double[::1] spare,
    int most
) noexcept nogil
@cython.locals(tries=cython.int, cost=cython.double, stands=cython.bint)
cdef bint _insert(Standing standing, Pricing pricing, int k, double cutoff, int most) noexcept nogil
cpdef bint put(Standing standing, Pricing pricing, int k) noexcept nogil
cdef void _note(Standing standing, int k) noexcept nogil
cdef void _mark(Standing standing, int k, bint now) noexcept nogil
cpdef void remove_all(Standing standing, Pricing pricing, long long[::1] chains, int begin, int end) noexcept nogil
@cython.locals(late=cython.double, kept=cython.bint)
cpdef bint keeps_time(Standing standing, int k, Work work) noexcept nogil
@cython.locals(largest=cython.double, hosting=cython.double, used=cython.double)
cpdef void sum_up(Standing standing, double[::1] total) noexcept nogil
cdef void copy_state(State state, State into) noexcept nogil
cdef void copy_chain(Standing standing, int k, Standing into) noexcept nogil
cpdef void bring_back(Standing kept, long long[::1] chains, int count, Standing standing) noexcept nogil
cpdef void copy_all(Standing standing, Standing into) noexcept nogil
