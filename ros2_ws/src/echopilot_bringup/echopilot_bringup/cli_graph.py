"""`echopilot graph`: state and restart of the nodes of a graph that runs under supervisor."""

from http.client import HTTPException
from pathlib import Path
from typing import Annotated, Any
from xmlrpc.client import Fault, ServerProxy

import typer

from echopilot_bringup.processes import CONTROL
from echopilot_core import EchoPilotError
from echopilot_lab.cli.shared import one_line_errors, results

graph_app = typer.Typer(help="Nodes of a running demo: their state, and to start one again.", no_args_is_help=True)
Out = Annotated[Path, typer.Option(help="Output folder of the demo, or one of its run folders.")]


@graph_app.command()
@one_line_errors
def status(out: Out = Path("out/demo")) -> None:
    """Every node with its state."""
    for row in _nodes(_supervisor(out)):
        results.print(f"{row['name']:<18} {row['statename']:<9} {row['description']}", highlight=False, soft_wrap=True)


@graph_app.command()
@one_line_errors
def restart(
    node: Annotated[str, typer.Argument(help="A node by its name, as `graph status` lists them.")],
    out: Out = Path("out/demo"),
) -> None:
    """End a node if it still runs, and start it again.

    Recorder, report, page, standard_topics, perception and scorer come back by themselves. For the others it is the
    operator who knows that it is safe; a latched reason of safety stays, and ends by a reset alone (docs/safety.md).
    """
    supervisor = _supervisor(out)
    found = {row["name"]: row["statename"] for row in _nodes(supervisor)}
    if node not in found:
        raise EchoPilotError(f"no node {node!r}; valid: {', '.join(sorted(found))}")
    try:
        if found[node] in ("RUNNING", "STARTING"):
            supervisor.stopProcess(node)
        supervisor.startProcess(node)
    except Fault as error:
        raise EchoPilotError(f"{node} does not start ({error.faultString}); see log/{node}.log in the run") from error
    results.print(f"{node}: started again")


def _nodes(supervisor: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = supervisor.getAllProcessInfo()
    return rows


def _supervisor(out: Path) -> Any:
    """Supervisor of the newest run that answers; raises EchoPilotError when none does."""
    from supervisor.xmlrpc import SupervisorTransport

    notes = [*out.glob(f"*/{CONTROL}"), *out.glob(CONTROL)]
    for path in sorted((path.resolve() for path in notes), key=lambda path: -path.stat().st_mtime):
        transport = SupervisorTransport(None, None, serverurl=f"unix://{path.read_text().strip()}")
        supervisor = ServerProxy("http://127.0.0.1", transport=transport).supervisor
        try:
            supervisor.getState()
        except (OSError, HTTPException, Fault):
            continue
        return supervisor
    raise EchoPilotError(f"no graph runs in {out}; give the output folder of a running demo with --out")
