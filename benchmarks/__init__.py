"""Baselines and measurements; nothing in the package needs them."""
