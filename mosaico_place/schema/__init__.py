"""What is read and written, as pydantic models: their JSON Schemas, and the words for the faults of what is read."""

from mosaico_place.schema.document import InstanceDocument
from mosaico_place.schema.placement import PlacementDocument

__all__ = ["InstanceDocument", "PlacementDocument"]
