"""Letters of a page that no installed font can draw, found before boxes are printed in their place."""

import html
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

FONTS_HINT = (
    "install a font that has them (Debian, Ubuntu: apt install fonts-noto-core fonts-noto-cjk fonts-noto-color-emoji) "
    "and run `echopilot report` again"
)
_STYLE = re.compile(r"<style>.*?</style>", re.S)
_DATA = re.compile(r"data:[a-z/+]+;base64,[A-Za-z0-9+/=]*")
_DECLARATION = "int pango_layout_get_unknown_glyphs_count(PangoLayout *layout);"


def undrawable(text: str) -> tuple[str, ...]:
    """Characters of a text that no installed font has, in ascending order. Raises OSError without Pango."""
    return tuple(sorted(c for c in set(text) if not c.isascii() and not _drawn(c)))


def with_codes(page: str) -> tuple[str, tuple[str, ...]]:
    """A page whose undrawable letters are written as their code points, and these letters.

    Images and style stay as they are. Raises OSError without Pango.
    """
    plain = html.unescape(_DATA.sub("", _STYLE.sub("", page)))
    missing = undrawable(plain)
    return page.translate({ord(c): f"[{code_point(c)}]" for c in missing}), missing


def remark(missing: Iterable[str]) -> str:
    """One line on letters that the PDF shows as code points; empty without any."""
    named = [f"{c} ({code_point(c)})" for c in missing]
    if not named:
        return ""
    shown = ", ".join(named[:8]) + (f" and {len(named) - 8} more" if len(named) > 8 else "")
    return f"PDF: no installed font draws {shown}; their codes stand there instead; {FONTS_HINT}"


def code_point(character: str) -> str:
    """U+5F20 for one character."""
    return f"U+{ord(character):04X}"


@lru_cache(maxsize=4096)
def _drawn(character: str) -> bool:
    pango, layout = _layout()
    data = character.encode("utf-8", "surrogatepass")
    pango.pango_layout_set_text(layout, data, len(data))
    return bool(pango.pango_layout_get_unknown_glyphs_count(layout) == 0)


@lru_cache(maxsize=1)
def _layout() -> tuple[Any, Any]:
    """One Pango layout over the fonts that WeasyPrint draws with."""
    from weasyprint.text.ffi import ffi, pango, pangoft2

    ffi.cdef(_DECLARATION, override=True)
    fonts = pangoft2.pango_ft2_font_map_new()
    context = pango.pango_font_map_create_context(ffi.cast("PangoFontMap *", fonts))
    return pango, pango.pango_layout_new(context)
