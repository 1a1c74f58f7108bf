# How ruin.py is compiled.

cimport cython
from libc.math cimport exp
from mosaico_place.compile.arrays.records cimport Chain, Tables
from mosaico_place.compile.arrays.records cimport Component, inf
from mosaico_place.kernel.problem cimport Pricing
from mosaico_place.solution.updates cimport Standing

cpdef enum:
    MOST = 8
    MOST_OF_A_NODE = 40
    KIND = 0
    SIZE = 1
    WHO = 2
    UNIT = 3
    NODE = 4
    NOISE = 5
    PICKS = 6
    NUMBERS = 46

cdef enum:
    _WAITING = 0
    _NODE = 1
    _WHOLE = 2
    _ANYWHERE = 3
    _SITE = 4
    _DEAREST = 5

cdef double[:, ::1] _UP_TO
cdef double _CLOSED

cdef class Draws:
    cdef readonly int turns
    cdef int turn
    cdef double[:, ::1] numbers
    cdef double[::1] noise

cdef class Lists:
    cdef readonly object arrays
    cdef long long[::1] changed
    cdef long long[::1] order
    cdef long long[::1] waiting
    cdef long long[::1] marked
    cdef double[::1] size
    cdef int site
    cdef bint opens

@cython.locals(kind=cython.int, sites=cython.bint, row=cython.int, n=cython.int, count=cython.int)
cdef (int, int) choose(
    Standing standing, Pricing pricing, Lists lists, int waiting, int level, Draws draws
) noexcept nogil
@cython.locals(free=cython.int, nth=cython.int, n=cython.int)
cpdef int leave_around(Standing standing, Lists lists, int k, int most, Draws draws, int start) noexcept nogil
@cython.locals(size=cython.int, j=cython.int)
cdef int pick(Lists lists, int count, int most, Draws draws, int number, int start) noexcept nogil
@cython.locals(count=cython.int, nth=cython.int)
cdef int _any_site(Standing standing, double number, bint hosting) noexcept nogil
@cython.locals(count=cython.int)
cdef int _count_sites(Standing standing, bint hosting) noexcept nogil
@cython.locals(count=cython.int, nth=cython.int, site=cython.int, pool=cython.int, begin=cython.int, gain=cython.double)
cdef int _open_site(Standing standing, Pricing pricing, Lists lists, Draws draws) noexcept nogil
@cython.locals(total=cython.double, best=cython.double, now=cython.double)
cdef double _gain(Standing standing, Pricing pricing, int k, int n) noexcept nogil
cdef int _some_on(Standing standing, Lists lists, int n, int most, Draws draws, int start) noexcept nogil
cdef int _size(double number, int most) noexcept nogil
@cython.locals(count=cython.int)
cdef int _list_on(Standing standing, Lists lists, int n) noexcept nogil
@cython.locals(count=cython.int)
cdef int _list_placed(Standing standing, Lists lists) noexcept nogil
@cython.locals(count=cython.int, nth=cython.int)
cdef int _any_node(Tables tables, int u, double number) noexcept nogil
@cython.locals(count=cython.int, begin=cython.int, pool=cython.int)
cdef int _dearest(Standing standing, Lists lists, int at, Draws draws) noexcept nogil
@cython.locals(best=cython.int)
cdef int _largest(Lists lists, int count, int most) noexcept nogil
