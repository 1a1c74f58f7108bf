# How ruin_and_recreate.py is compiled.

cimport cython
from mosaico_place.kernel.embed cimport FEW
from libc.math cimport exp, log
from mosaico_place.compile.arrays.records cimport inf
from mosaico_place.compile.arrays.records cimport Chain, Component, Tables
from mosaico_place.kernel.problem cimport Pricing, Work
from mosaico_place.methods.search.ruin cimport NUMBERS, Draws, Lists, choose, pick
from mosaico_place.methods.search.shaking cimport keep_prices, price_site, restore_prices, shake
from mosaico_place.solution.updates cimport Standing, bring_back, copy_chain, copy_state, insert_all, remove_all, sum_up

cpdef enum:
    MISSING = 1000000000
    NEWCOMERS = 6
    ONLY_BETTER = -1
    ALL_NUMBERS = 58

cdef enum:
    _IS_BLIND = 46
    _IS_SHAKEN = 47
    _SHAKE = 48
    _IS_BY_WEIGHT = 49
    _ORDER = 50
    _WORSE = 51
    _NEW = 52

cdef double _NOISE
cdef double _RETHINK
cdef double _BLIND
cdef double _BY_WEIGHT
cdef double _FIRST

cdef class Desk:
    cdef readonly Standing standing
    cdef readonly Standing before
    cdef readonly Standing kept
    cdef readonly object compiled
    cdef readonly Work work
    cdef readonly Pricing pricing
    cdef readonly Pricing blind
    cdef readonly Lists lists
    cdef readonly object arrays
    cdef double[::1] now
    cdef double[::1] best
    cdef double[::1] after
    cdef double[::1] spare
    cdef long long[::1] since
    cdef unsigned char[::1] has_changed
    cdef long long[::1] touched
    cdef unsigned char[::1] is_touched
    cdef double[::1] opening
    cdef double[::1] node
    cdef unsigned char[::1] required
    cdef unsigned char[::1] possible
    cdef double[::1] anything
    cdef long long[::1] nobody
    cdef double[::1] cost
    cdef readonly int newcomers
    cdef readonly int max_moves
    cdef readonly bint rethinks
    cdef readonly int far
    cdef readonly int count

@cython.locals(turns=cython.int, found=cython.bint, placed=cython.int)
cpdef take_turns(Desk desk, int level, double heat, Draws draws, long long[::1] wanted, long long[::1] out)
@cython.locals(placed=cython.int, only_better=cython.bint, worse=cython.double, changed=cython.int, came=cython.int)
cdef (int, bint, int) _take_turns(
    Desk desk, int level, double heat, Draws draws, int begin, long long[::1] wanted, long long[::1] out
) noexcept nogil
@cython.locals(begin=cython.int, turns=cython.int, _found=cython.bint, _placed=cython.int)
cpdef take_round(Desk desk, int level, double heat, Draws draws)
cpdef void go_back(Desk desk) noexcept nogil
cpdef void evaluate(Desk desk, double[::1] total) noexcept nogil
@cython.locals(moves=cython.int)
cdef void _add_forbidden(Desk desk, double[::1] total) noexcept nogil
@cython.locals(slack=cython.double)
cpdef bint better(double[::1] after, double[::1] best) noexcept nogil
@cython.locals(slack=cython.double)
cdef bint accepts(Desk desk, int level, double worse, bint only_better) noexcept nogil
cdef void write(double[::1] values, double[::1] into) noexcept nogil
@cython.locals(waiting=cython.int, first=cython.int, leaving=cython.int, count=cython.int)
cdef (int, int) _recreate(
    Desk desk, int level, double worse, Draws draws, long long[::1] wanted, long long[::1] out
) noexcept nogil
@cython.locals(shaken=cython.bint, placed=cython.int)
cdef int _recreate_at(
    Desk desk, Pricing pricing, int first, int leaving, int count, Draws draws
) noexcept nogil
@cython.locals(others=cython.int)
cdef int _add_newcomers(Desk desk, int first, int count, int waiting, Draws draws) noexcept nogil
@cython.locals(count=cython.int)
cdef int _list_waiting(Desk desk) noexcept nogil
cdef bint _among(Lists lists, int first, long long k) noexcept nogil
cdef void _set_spare(Desk desk, int count, int level, double worse) noexcept nogil
@cython.locals(by_weight=cython.bint, own=cython.double, j=cython.int, begin=cython.int, pool=cython.int)
cdef void _set_order(Desk desk, int first, int count, Draws draws) noexcept nogil
cdef void save(Desk desk, int count) noexcept nogil
cdef bint note_kept(Desk desk, int count) noexcept nogil
