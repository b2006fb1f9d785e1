"""Names and arguments of the classes of gz.sim8 that the patient system may use.

Read from the public bindings: gazebosim/gz-sim, branch gz-sim8 at b81e26da, python/src/gz/sim/{Link,Model,World}.cc.
"link: a b, a b c" means link(a, b) and link(a, b, c); an argument that ends in = has a default.
"""

LINK = """
add_world_force: ecm force, ecm force position
add_world_wrench: ecm force torque, ecm force torque offset
axis_aligned_box: ecm
collision_by_name: ecm name
collision_count: ecm
collisions: ecm
compute_axis_aligned_box: ecm
enable_acceleration_checks: ecm enable=
enable_bounding_box_checks: ecm enable=
enable_velocity_checks: ecm enable=
entity:
is_canonical: ecm
name: ecm
parent_model: ecm
reset_entity: new_entity
sensor_by_name: ecm name
sensor_count: ecm
sensors: ecm
set_angular_velocity: ecm velocity
set_linear_velocity: ecm velocity
valid: ecm
visual_by_name: ecm name
visual_count: ecm
visuals: ecm
wind_mode: ecm
world_angular_acceleration: ecm
world_angular_velocity: ecm
world_axis_aligned_box: ecm
world_inertia_matrix: ecm
world_inertial: ecm
world_inertial_pose: ecm
world_kinetic_energy: ecm
world_linear_acceleration: ecm
world_linear_velocity: ecm, ecm offset
world_pose: ecm
"""

MODEL = """
canonical_link: ecm
entity:
joint_by_name: ecm name
joint_count: ecm
joints: ecm
link_by_name: ecm name
link_count: ecm
links: ecm
models: ecm
name: ecm
self_collide: ecm
set_world_pose_cmd: ecm pose
source_file_path: ecm
static: ecm
valid: ecm
wind_mode: ecm
"""

WORLD = """
actor_by_name: ecm name
actor_count: ecm
actors: ecm
atmosphere: ecm
entity:
gravity: ecm
light_by_name: ecm name
light_count: ecm
lights: ecm
magnetic_field: ecm
model_by_name: ecm name
model_count: ecm
models: ecm
name: ecm
set_spherical_coordinates: ecm spherical_coordinates
spherical_coordinates: ecm
valid: ecm
"""

CLASSES = {"Link": LINK, "Model": MODEL, "World": WORLD}

UPDATE_INFO = ("sim_time", "real_time", "dt", "paused", "iterations")  # read and written; times are timedelta


def overloads(table: str) -> dict[str, list[tuple[str, ...]]]:
    """Names of the arguments of each overload, by the name of the method."""
    rows = [row.partition(":") for row in table.strip().splitlines()]
    return {name: [tuple(one.split()) for one in arguments.split(",")] for name, _, arguments in rows}
