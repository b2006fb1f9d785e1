"""Guarded XML: no document type and no entities, limited depth and number of elements."""

from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from echopilot_core.guarded.bounded import MAX_DEPTH, MAX_XML_BYTES, MAX_XML_ELEMENTS, InputFileError, one_line


def parse_xml(text: str, where: str) -> Element:
    """Root element of an XML text; InputFileError with `where` and the line for anything else than bounded XML."""
    if len(text) > MAX_XML_BYTES:
        raise InputFileError(f"{where}: more than {MAX_XML_BYTES // 10**6} MB of XML")
    builder, parser = TreeBuilder(), expat.ParserCreate("utf-8")
    parser.buffer_text = True
    depth = elements = 0

    def place() -> str:
        return f"{where}: line {parser.CurrentLineNumber}"

    def refuse(*_: object) -> None:
        raise InputFileError(f"{place()}: a document type or an entity; write the document without one")

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth, elements
        depth, elements = depth + 1, elements + 1
        if depth > MAX_DEPTH or elements > MAX_XML_ELEMENTS:
            raise InputFileError(
                f"{place()}: nested more than {MAX_DEPTH} deep, or more than {MAX_XML_ELEMENTS} elements"
            )
        builder.start(tag, attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag)

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(text.encode("utf-8", "surrogatepass"), True)
        return builder.close()
    except InputFileError:
        raise
    except expat.ExpatError as error:
        raise InputFileError(f"{where} is not XML: line {error.lineno}: {expat.ErrorString(error.code)}") from error
    except (AssertionError, ValueError) as error:
        raise InputFileError(f"{where} is not XML: {one_line(error)}") from error
