"""Commands to a scanner in the form that Plus and 3D Slicer use: XML in STRING messages, answered by name.

A command travels as a STRING of the device CMD_n, its answer as one of ACK_n (PlusLib, PlusServer commands).
"""

import math
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, tostring

from echopilot_core import EchoPilotError, ImagingParameters
from echopilot_core.guarded.xml_input import parse_xml

COMMAND, ANSWER = "CMD_", "ACK_"
SET = "SetUsParameter"
DEPTH, FOCUS, RANGE, TGC = "DepthMm", "FocusDepthPercent", "DynRangeDb", "TimeGainCompensation"
SETTABLE = "depth, focus, dynamic_range, tgc"


@dataclass(frozen=True)
class Answer:
    """What the scanner answered to a command."""

    succeeded: bool
    message: str


def setting_command(asked: ImagingParameters, depth_m: float) -> str:
    """Command for the settings that are asked for; the focus is told as a share of the depth, `depth_m` in force.

    Raises EchoPilotError for settings that have no parameter there: Plus counts gain in percent and knows no presets.
    """
    if asked.preset or not math.isnan(asked.gain_db) or asked.compounding or not math.isnan(asked.persistence):
        raise EchoPilotError(
            f"OpenIGTLink has no parameter for preset, gain in dB, compounding, persistence; valid: {SETTABLE}"
        )
    depth_m = depth_m if math.isnan(asked.depth_m) else asked.depth_m
    values: dict[str, str] = {}
    if not math.isnan(asked.depth_m):
        values[DEPTH] = f"{1e3 * depth_m:.10g}"
    if not math.isnan(asked.focus_m):
        if math.isnan(depth_m) or asked.focus_m > depth_m:
            raise EchoPilotError(f"focus {1e3 * asked.focus_m:.4g} mm lies below the depth of {1e3 * depth_m:.4g} mm")
        values[FOCUS] = f"{100.0 * asked.focus_m / depth_m:.10g}"
    if not math.isnan(asked.dynamic_range_db):
        values[RANGE] = f"{asked.dynamic_range_db:.10g}"
    if asked.tgc_db:
        values[TGC] = " ".join(f"{gain:.10g}" for gain in asked.tgc_db)
    command = Element("Command", {"Name": SET})
    for name, value in values.items():
        SubElement(command, "Parameter", {"Name": name, "Value": value})
    return tostring(command, encoding="unicode")


def read_setting_command(text: str, depth_m: float) -> ImagingParameters:
    """Settings that a command asks for, `depth_m` being in force; EchoPilotError for any other command."""
    command = parse_xml(text, "command")
    if command.tag != "Command" or command.get("Name") != SET:
        raise EchoPilotError(f"command {command.get('Name', command.tag)!a} is not known; valid: {SET}")
    values = {p.get("Name", ""): p.get("Value", "") for p in command.iter("Parameter")}
    if unknown := sorted(set(values) - {DEPTH, FOCUS, RANGE, TGC}):
        raise EchoPilotError(f"parameter {unknown[0]!a} is not known; valid: {DEPTH}, {FOCUS}, {RANGE}, {TGC}")
    try:
        if DEPTH in values:
            depth_m = 1e-3 * float(values[DEPTH])
        return ImagingParameters(
            depth_m=depth_m if DEPTH in values else math.nan,
            focus_m=0.01 * float(values[FOCUS]) * depth_m if FOCUS in values else math.nan,
            dynamic_range_db=float(values.get(RANGE, "nan")),
            tgc_db=tuple(float(word) for word in values.get(TGC, "").split()),
        )
    except ValueError as error:
        raise EchoPilotError(f"a parameter of the command is no number: {error}") from error


def answer_text(answer: Answer) -> str:
    """Text of an answer."""
    status = "SUCCESS" if answer.succeeded else "FAIL"
    return tostring(Element("CommandReply", {"Status": status, "Message": answer.message}), encoding="unicode")


def read_answer(text: str) -> Answer:
    """The answer in a text; EchoPilotError where it is none."""
    reply = parse_xml(text, "answer")
    if reply.tag != "CommandReply":
        raise EchoPilotError(f"{reply.tag!a} is no answer to a command")
    return Answer(reply.get("Status") == "SUCCESS", reply.get("Message", ""))
