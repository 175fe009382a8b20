"""What tests of telemetry look at: a provider that keeps the spans that ended, and the spans it kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import DEFAULT_ON, Sampler


class Spans:
    """A tracer provider of the SDK and what it exported, in the order in which spans began."""

    def __init__(self, sampler: Sampler = DEFAULT_ON) -> None:
        self._exporter = InMemorySpanExporter()
        self.provider = TracerProvider(sampler=sampler)
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))

    @property
    def all(self) -> list[ReadableSpan]:
        return sorted(self._exporter.get_finished_spans(), key=lambda span: span.start_time or 0)

    @property
    def only(self) -> ReadableSpan:
        (span,) = self.all
        return span

    def clear(self) -> None:
        self._exporter.clear()

    def tree(self) -> list[tuple[str, str | None]]:
        """Each span's name with its parent's."""
        names = {span.context.span_id: span.name for span in self.all}
        return [(span.name, names[span.parent.span_id] if span.parent else None) for span in self.all]


def events(span: ReadableSpan) -> list[tuple[str, dict[str, Any]]]:
    return [(event.name, dict(event.attributes or {})) for event in span.events]


def said(spans: Sequence[ReadableSpan]) -> str:
    """All that is exported of spans: as JSON, and once more as Python shows it, so that no escaping hides a word."""
    parts: list[object] = []
    for span in spans:
        parts += [span.to_json(), span.name, span.attributes, span.status.description, span.resource.attributes]
        parts += [(event.name, event.attributes) for event in span.events]
        parts += [span.context.trace_state, span.links, span.instrumentation_scope]
    return "\n".join(map(str, parts))
