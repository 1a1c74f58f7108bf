# How latency_prices.py is compiled.

cimport cython
from mosaico_place.compile.arrays.records cimport inf
from mosaico_place.compile.arrays.records cimport Budget, Chain, Flow, Tables
from mosaico_place.kernel.problem cimport Pricing, Work
from mosaico_place.kernel.times cimport mark_path

@cython.locals(cost=cython.double)
cdef double _support(Budget budget, double late, double slope) noexcept nogil
@cython.locals(priced=cython.bint)
cdef void first_rates(Pricing pricing, int k) noexcept nogil
cdef void _forget(Work work, int b) noexcept nogil
cdef void _longest_path(Tables tables, int k, int b, Work work) noexcept nogil
@cython.locals(constant=cython.double)
cpdef double set_slopes(Pricing pricing, int k) noexcept nogil
@cython.locals(changed=cython.bint, other=cython.bint)
cdef bint next_rates(Pricing pricing, int k, double cost, double value) noexcept nogil
@cython.locals(wanted=cython.double, time=cython.double, now=cython.double, between=cython.double)
cdef bint _next_rate(Budget budget, double late, double cost, double value, int b, Work work) noexcept nogil
