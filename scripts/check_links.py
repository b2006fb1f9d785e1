"""Check that every relative link of the Markdown files leads to a file, and to a heading where it names one."""

import re
import sys
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parents[1]
LINK = re.compile(r"!?\[[^\]]*\]\(<?([^)>\s]+)>?(?:\s+\"[^\"]*\")?\)")
HEADING = re.compile(r"^#+\s+(.*?)\s*#*$", re.MULTILINE)
FENCE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
SKIPPED_FOLDERS = {".venv", ".venv-numpy1", ".git", "build", "install", "log", "out"}


def anchors(markdown: str) -> set[str]:
    """Anchors of the headings, as web forges make them: lower case, punctuation dropped, spaces to hyphens."""
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in HEADING.findall(markdown)}


def broken_links(page: Path) -> list[str]:
    """Targets of `page` that lead nowhere; links to other sites are not followed."""
    broken = []
    for target in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = unquote(target).partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.exists() or (anchor and file.suffix == ".md" and anchor not in anchors(file.read_text())):
            broken.append(target)
    return broken


def main() -> int:
    """Print every broken link; 1 when there is one."""
    pages = [p for p in sorted(ROOT.rglob("*.md")) if not SKIPPED_FOLDERS & set(p.relative_to(ROOT).parts)]
    found = [f"{page.relative_to(ROOT)}: broken link {target}" for page in pages for target in broken_links(page)]
    print("\n".join(found) or f"links of {len(pages)} pages lead somewhere")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
