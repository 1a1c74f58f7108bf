"""A placement in arrays that changes: chains come and go, the instance changes under it, and all can be undone."""
