"""What came of a run as JUnit XML, which continuous integration shows."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from typing import Any, Final

from egov_serang.conformance.scenario import Result

_FORBIDDEN: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def document(suite: str, where: str, results: Sequence[Result[Any]]) -> bytes:
    """The report.

    Args:
        suite: the name of the run, such as `egov conformance complaints`.
        where: the server, by its address.
        results: in the order they came.
    """
    counts = {kind: str(sum(one.outcome == kind for one in results)) for kind in ("failed", "skipped")}
    root = ET.Element(
        "testsuite",
        name=suite,
        tests=str(len(results)),
        failures=counts["failed"],
        errors="0",
        skipped=counts["skipped"],
        time=_seconds(sum(one.seconds for one in results)),
    )
    properties = ET.SubElement(root, "properties")
    ET.SubElement(properties, "property", name="url", value=_text(where))
    for one in results:
        group, _, _ = one.scenario.name.partition(".")
        case = ET.SubElement(
            root, "testcase", classname=f"{suite}.{group}", name=one.scenario.name, time=_seconds(one.seconds)
        )
        if one.outcome == "failed":
            said = f"{one.scenario.section}: {one.scenario.title}"
            ET.SubElement(case, "failure", type="Failed", message=_text(one.detail)).text = _text(
                f"{said}\n{one.detail}"
            )
        elif one.outcome == "skipped":
            ET.SubElement(case, "skipped", message=_text(one.detail))
    ET.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'.encode()


def _seconds(value: float) -> str:
    return f"{value:.3f}"


def _text(value: str) -> str:
    """Without what XML 1.0 cannot hold: a server may say anything."""
    return _FORBIDDEN.sub("\ufffd", value)
