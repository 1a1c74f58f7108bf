"""What the user may write: pydantic models of the files, their JSON Schemas, and the words for their faults."""

from mosaico_place.schema.document import InstanceDocument, instance_json_schema
from mosaico_place.schema.placement import PlacementDocument

__all__ = ["InstanceDocument", "PlacementDocument", "instance_json_schema"]
