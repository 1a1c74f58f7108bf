"""The body of ``watch``: requests in, answers out, a JSON document on every line."""

from mosaico_place.watching.desk import Desk
from mosaico_place.watching.serving import Limits, serve, side_car

__all__ = ["Desk", "Limits", "serve", "side_car"]
