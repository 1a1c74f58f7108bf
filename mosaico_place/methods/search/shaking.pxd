# How shaking.py is compiled.

cimport cython
from libc.math cimport exp
from mosaico_place.compile.arrays.records cimport inf
from mosaico_place.kernel.problem cimport Prices
from mosaico_place.methods.search.ruin cimport Draws, Lists

cdef void keep_prices(Prices prices, double[::1] opening, double[::1] node) noexcept nogil
cdef void restore_prices(Prices prices, double[::1] opening, double[::1] node) noexcept nogil
@cython.locals(pool=cython.int, begin=cython.int)
cdef void shake(Prices prices, Draws draws, int number) noexcept nogil
cdef void price_site(Prices prices, Lists lists) noexcept nogil
