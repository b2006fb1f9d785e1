"""Tables of docs/safety.md: compared with the declaration of evidence, or written anew with --write."""

import sys
from pathlib import Path

from echopilot_control.safety.evidence.tables import filled

PAGE = Path(__file__).resolve().parents[1] / "docs" / "safety.md"


def main() -> int:
    """0 when the page shows what the declaration says, or was made to."""
    page = PAGE.read_text(encoding="utf-8")
    anew = filled(page)
    if "--write" in sys.argv[1:]:
        PAGE.write_text(anew, encoding="utf-8")
        return 0
    if page != anew:
        print("docs/safety.md shows other tables than the declaration: run scripts/safety_tables.py --write")
        return 1
    print("the tables of docs/safety.md are those of the declaration")
    return 0


if __name__ == "__main__":
    sys.exit(main())
