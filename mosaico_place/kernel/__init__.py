"""The pricing problem: the cheapest embedding of one chain at given prices and remaining capacities, compiled."""
