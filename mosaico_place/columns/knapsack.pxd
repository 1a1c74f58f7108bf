# How knapsack.py is compiled.

cimport cython
from mosaico_place.compile.arrays.records cimport inf

@cython.locals(
    value=cython.double, most_value=cython.double, bound=cython.double, fits=cython.longlong, steps=cython.longlong,
    j=cython.int
)
cdef double _fill(
    double[::1] weight, double[:, ::1] amount, double[::1] left, long long[::1] limit, long long most,
    long long[::1] best, long long[::1] counts, double[:, ::1] worth, double[::1] size, double[::1] part
) noexcept nogil
@cython.locals(whole=cython.double, total=cython.double, i=cython.int, r=cython.int)
cdef double _fraction(
    double[::1] weight, double[::1] size, long long[::1] limit, int j, double[::1] left, double[::1] part
) noexcept nogil
@cython.locals(each=cython.double)
cdef void _rate(double[::1] weight, double[:, ::1] amount, double[:, ::1] worth) noexcept nogil
@cython.locals(fits=cython.longlong)
cdef long long _how_many(double[:, ::1] amount, int j, double[::1] left, long long most) noexcept nogil
@cython.locals(more=cython.double)
cdef double _what_fits(double[:, ::1] worth, int j, double[::1] left) noexcept nogil
