"""A problem as arrays for compiled code: capacities, options, chains, what they cost, and where they can stand."""
