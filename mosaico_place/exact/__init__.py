"""The whole problem as one mixed-integer program: Pyomo for the formulation, HiGHS for the proof."""
