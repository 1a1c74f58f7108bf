# How measuring.py is compiled.

cimport cython
from mosaico_place.compile.arrays.records cimport inf
from mosaico_place.compile.arrays.records cimport Bundle, Chain, Component, Flow, Option, Program, Tables
from mosaico_place.kernel.costs cimport flow_user
from mosaico_place.kernel.embed cimport embed
from mosaico_place.kernel.merging cimport merged_before, rest_amount, saved_price
from mosaico_place.kernel.placing cimport followed, programs_of
from mosaico_place.kernel.problem cimport Embeddings, Pricing, State

cpdef enum:
    EVERYONE = -1

cdef class Surcharges(Bundle):
    cdef long long[::1] start
    cdef int[::1] user
    cdef int[::1] opening
    cdef double[::1] amount

cdef class Costs(Bundle):
    cdef double[:, ::1] late
    cdef double[:, ::1] move
    cdef double[:, ::1] link
    cdef double[::1] arc
    cdef double[:, ::1] option
    cdef double[:, ::1] program
    cdef double[::1] resources
    cdef double[:, ::1] reject
    cdef double[:, ::1] opening
    cdef double[::1] active
    cdef double[::1] node
    cdef double[::1] balance
    cdef unsigned char[::1] counting

cdef class Measure:
    cdef readonly object arrays
    cdef readonly int found
    cdef readonly int opened
    cdef double[:, ::1] taken
    cdef long long[::1] rows
    cdef double[::1] served
    cdef double[::1] costs
    cdef long long[::1] openings
    cdef int[::1] serving
    cdef object _compiled

cpdef price_chains(
    Pricing pricing, Surcharges surcharges, long long[::1] chains, Embeddings out, double[::1] lower, double[::1] cost
)
@cython.locals(cutoff=cython.double)
cdef void _price_chains(
    Pricing pricing, Surcharges surcharges, long long[::1] chains, Embeddings out, double[::1] lower, double[::1] cost
) noexcept nogil
cpdef void charge(double[:, ::1] extra, Surcharges surcharges, int k, double factor) noexcept nogil
cpdef void measure(
    Tables tables, State state, Costs costs, int k, Embeddings where, Measure into
) noexcept nogil
cdef void _measure_components(
    Tables tables, Costs costs, int k, Embeddings where, Measure into
) noexcept nogil
cdef void _measure_flow(
    Tables tables, State state, Costs costs, int k, int f, Embeddings where, Measure into
) noexcept nogil
cpdef void forget(Measure into) noexcept nogil
cdef void _add_levels(double[:, ::1] costs, int i, double factor, Measure into) noexcept nogil
cdef void _note_row(Measure into, int line, int row, double amount) noexcept nogil
cdef void _note_use(Tables tables, Measure into, int line, int use, int use_end) noexcept nogil
cdef void _note_opening(Measure into, int o, double load) noexcept nogil
@cython.locals(found=cython.int, count=cython.int)
cpdef int find_servers(
    Tables tables, State state, int k, Embeddings where, int[::1] serving, int[::1] users, int[::1] servers
) noexcept nogil
