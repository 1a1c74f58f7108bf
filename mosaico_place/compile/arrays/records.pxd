# How records.py is compiled: records as C structs, whose fields are those of the dtypes, and bundles of views.

cdef extern from "math.h":
    double inf "INFINITY"

cpdef enum:
    INNER = 0
    PIN_TAIL = 1
    PIN_HEAD = 2
    FIXED = 3
    TREE = 4
    CHORD = 5
    COPY = 6

cdef struct Option:
    int node
    int use
    int use_end
    int opening
    double carries
    double processing_ns

cdef struct Spot:
    int spot
    int charge
    int charge_end

cdef struct Charge:
    int row
    double price

cdef struct Opening:
    int node
    int group
    int use
    int use_end
    double capacity
    double most

cdef struct Program:
    int node
    int function
    int use
    int use_end
    int opening
    double carries
    double processing_ns

cdef struct Component:
    int unit
    int menu
    int node
    double load
    double processing_ns
    int twins
    double share
    int vanishes
    int ran
    int home
    int locked
    double move_price
    int group
    double join_ns

cdef struct Flow:
    int tail
    int head
    double rate
    int delay
    int touch
    int least
    int copy_of
    int role
    int inside

cdef struct Unit:
    int node
    int parent
    int flow
    int root
    int copy

cdef struct Budget:
    int tail
    int head
    double within_ns
    double target_ns
    int flow
    int flow_end

cdef struct Chain:
    int component
    int component_end
    int flow
    int flow_end
    int unit
    int unit_end
    int budget
    int budget_end
    int apart
    int apart_end
    int line
    int required
    int possible

cdef struct Apart:
    int unit
    int other
    int label
    int together

cdef class Bundle:
    cdef dict _parts

cdef class Net(Bundle):
    cdef int[::1] tail
    cdef int[::1] head
    cdef unsigned char[::1] forwards
    cdef double[::1] hand_over_ns
    cdef int[:, ::1] begins
    cdef int[:, ::1] arcs
    cdef int[:, ::1] ends
    cdef bint leaves

cdef class Tables(Bundle):
    cdef Net net
    cdef int first_arc
    cdef Option[::1] options
    cdef Opening[::1] openings
    cdef Program[::1] programs
    cdef int[:, ::1] menu_start
    cdef int[:, ::1] touch_start
    cdef unsigned char[:, ::1] touchable
    cdef unsigned char[::1] plain
    cdef int[::1] uses_row
    cdef double[::1] uses_amount
    cdef Spot[::1] spots
    cdef Charge[::1] charges
    cdef Chain[::1] chains
    cdef Component[::1] components
    cdef Flow[::1] flows
    cdef Unit[::1] units
    cdef Budget[::1] budgets
    cdef Apart[::1] apart
    cdef int[::1] budget_flows
    cdef unsigned char[:, ::1] mask
    cdef double[:, ::1] delays
    cdef int[:, ::1] label_value

cdef int shifted(int number, int by) noexcept nogil
cpdef void shift(Tables tables, int k, int steps, int steps_end) noexcept
