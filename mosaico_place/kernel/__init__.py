"""The cheapest embedding of one chain at given prices and remaining capacities, and what is built on it."""
