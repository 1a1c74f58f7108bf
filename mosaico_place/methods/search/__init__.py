"""The ``heuristic`` method: prices from a dual ascent, then ruin and recreate guided by them."""
