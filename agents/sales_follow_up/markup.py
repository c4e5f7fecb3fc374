"""HTML and SVG as values: whatever stands in them is text, and is escaped when it is written."""

from typing import Final
from xml.etree.ElementTree import Element, tostring

from pipedrive_tools.gate.taint import clean

NAMES: Final = {
    "class_": "class",
    "http_equiv": "http-equiv",
    "view_box": "viewBox",
    "keep": "preserveAspectRatio",
}


def tag(kind: str, /, *inner: "Element | str", **attributes: str) -> Element:
    """One element; a string inside it is text and never markup."""
    made = Element(kind, {NAMES.get(key, key.replace("_", "-")): value for key, value in attributes.items()})
    for each in inner:
        if isinstance(each, Element):
            made.append(each)
        elif len(made):
            made[-1].tail = (made[-1].tail or "") + clean(each)
        else:
            made.text = (made.text or "") + clean(each)
    return made


def written(page: Element) -> str:
    """A whole page."""
    return "<!doctype html>\n" + tostring(page, encoding="unicode", method="html") + "\n"
