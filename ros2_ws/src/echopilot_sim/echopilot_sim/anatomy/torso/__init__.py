"""The torso: breathing skin, relief, ribs, body wall, compression and lateral position."""
