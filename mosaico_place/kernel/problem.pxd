# How problem.py is compiled.

from mosaico_place.compile.arrays.dijkstra cimport Labels
from mosaico_place.compile.arrays.records cimport Bundle, Chain, Tables

cpdef enum:
    LONGEST = 64

cdef class State(Bundle):
    cdef double[:, ::1] free
    cdef double[::1] load
    cdef int[::1] users
    cdef double[::1] opened
    cdef int[::1] program
    cdef int[::1] hosted

cdef class Embeddings(Bundle):
    cdef int[::1] option
    cdef int[::1] length
    cdef int[:, ::1] path
    cdef unsigned char[::1] placed
    cdef double[::1] late_ns

cdef class Prices(Bundle):
    cdef double[:, ::1] option
    cdef double[:, ::1] program
    cdef double[:, ::1] toll
    cdef double[::1] opening
    cdef double[::1] load
    cdef double[:, ::1] extra
    cdef double[:, ::1] row
    cdef double resources
    cdef double[::1] arc
    cdef double[::1] node
    cdef double[::1] reject
    cdef double[::1] late
    cdef double[::1] link
    cdef double[::1] move

cdef class Work:
    cdef Tables _tables
    cdef readonly Embeddings draft
    cdef Labels labels
    cdef double[::1] slope
    cdef double[::1] pay
    cdef double[:, ::1] total
    cdef double[::1] least
    cdef int[::1] goal
    cdef double[:, ::1] ahead
    cdef int[:, ::1] lasts
    cdef unsigned char[:, ::1] blocked
    cdef int[::1] at
    cdef int[::1] stands
    cdef int[::1] settled
    cdef double[::1] paid
    cdef int[::1] stack
    cdef int count
    cdef unsigned char[:, :, ::1] ruled
    cdef double cutoff
    cdef double found
    cdef double open
    cdef int left
    cdef bint first
    cdef double[:, ::1] start
    cdef int[:, ::1] last
    cdef int[:, ::1] piece
    cdef int[::1] serving
    cdef double[::1] delay
    cdef double[::1] begun
    cdef double[::1] finished
    cdef int[::1] entered
    cdef double[::1] time
    cdef unsigned char[:, ::1] took
    cdef double[::1] rate
    cdef unsigned char[:, ::1] longest
    cdef double[:, ::1] low
    cdef double[:, ::1] high

cdef class Pricing:
    cdef readonly Tables tables
    cdef readonly State state
    cdef readonly Prices prices
    cdef readonly Work work

cdef void write_embedding(Tables tables, int k, Embeddings draft, double late, Embeddings out) noexcept nogil
