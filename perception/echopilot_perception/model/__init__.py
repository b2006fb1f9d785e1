"""The network, and the folder that a trained one lives in. Importing this package does not need torch."""

from echopilot_perception.model.manifest import SHIPPED, Manifest, read_manifest

__all__ = ["SHIPPED", "Manifest", "read_manifest"]
