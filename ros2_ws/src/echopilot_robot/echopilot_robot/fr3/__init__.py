"""The Franka Research 3 by its own protocol: libfranka in a process of its own, behind the interface `Arm`."""
