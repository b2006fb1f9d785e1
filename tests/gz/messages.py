"""Three messages of gz.msgs10 as real protocol buffers, built from their public definitions."""

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

KINDS = {"double": 1, "int64": 3, "int32": 5, "string": 9}
FIELDS = {
    "Time": ("int64 sec", "int32 nsec"),
    "Header.Map": ("string key", "repeated string value"),
    "Header": ("Time stamp", "repeated Header.Map data"),
    "Vector3d": ("Header header", "double x", "double y", "double z"),
    "Wrench": ("Header header", "Vector3d force", "Vector3d torque", "Vector3d force_offset"),
    "Double": ("Header header", "double data"),
    "Int32": ("Header header", "int32 data"),
}


def modules() -> dict[str, dict[str, Any]]:
    """The modules wrench_pb2, double_pb2 and int32_pb2 by their full names."""
    file = descriptor_pb2.FileDescriptorProto(name="gz_msgs_of_the_tests.proto", package="gz.msgs", syntax="proto3")
    made: dict[str, Any] = {}
    for name, fields in FIELDS.items():
        outer, _, inner = name.rpartition(".")
        kept = made.setdefault(outer, file.message_type.add(name=outer)).nested_type.add() if outer else None
        message = kept if kept is not None else made.get(name) or file.message_type.add()
        message.name = inner
        made[name] = message
        for number, text in enumerate(fields, 1):
            *repeated, kind, field = text.split()
            added = message.field.add(name=field, number=number, label=3 if repeated else 1)
            if kind in KINDS:
                added.type = KINDS[kind]
            else:
                added.type, added.type_name = 11, f".gz.msgs.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    kinds = {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"gz.msgs.{name}"))
        for name in ("Wrench", "Double", "Int32")
    }
    return {f"gz.msgs10.{name.lower()}_pb2": {name: kind} for name, kind in kinds.items()}
