"""Networks and the model folder. Importing this package does not need torch."""

from echopilot_perception.model.manifest import SHIPPED, Manifest, read_manifest

__all__ = ["SHIPPED", "Manifest", "read_manifest"]
