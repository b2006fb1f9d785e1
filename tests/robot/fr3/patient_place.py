"""Where the probe is over the patient of patient_server.py, as a datagram."""

import struct
from dataclasses import dataclass

import numpy as np

_PLACE = struct.Struct("<qq17d")


@dataclass(frozen=True, eq=False)
class Place:
    """The patient's time and the wall time [ns]; the probe in the patient's base (4, 4); the arm's base in it (3,) [m];
    the pressing force [N]; the film of gel [m].
    """

    clock_ns: int
    wall_ns: int
    T_base_probe: np.ndarray
    offset_m: np.ndarray
    force_n: float
    gel_m: float


def pack_place(place: Place) -> bytes:
    numbers = [*place.T_base_probe[:3].ravel(), *place.offset_m, place.force_n, place.gel_m]
    return _PLACE.pack(place.clock_ns, place.wall_ns, *numbers)


def unpack_place(data: bytes) -> Place:
    clock_ns, wall_ns, *numbers = _PLACE.unpack(data)
    T_base_probe = np.eye(4)
    T_base_probe[:3] = np.reshape(numbers[:12], (3, 4))
    return Place(clock_ns, wall_ns, T_base_probe, np.array(numbers[12:15]), numbers[15], numbers[16])
