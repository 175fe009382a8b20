"""Shows service methods in the reference as they are called, not as they are written.

A service method is written once and bound to the mode of its client: `-> Call[Complaint]` gives a `Complaint`, and a
flow's `step` is nobody's argument. Read by mkdocstrings (`extensions` in mkdocs.yml).
"""

from __future__ import annotations

from typing import Any

import griffe


class ServiceMethods(griffe.Extension):
    """Drops what the descriptor supplies: the wrapper of the result, `step`, `async`."""

    def on_function_instance(self, *, func: griffe.Function, **_: Any) -> None:
        """Rewrite a function that is bound; leave any other."""
        bound = {str(decorator.value) for decorator in func.decorators} & {"operation", "paginated", "flow"}
        if not bound:
            return
        func.decorators.clear()
        func.labels.discard("async")
        if "flow" in bound:
            func.parameters = griffe.Parameters(*(given for given in func.parameters if given.name != "step"))
        elif isinstance(func.returns, griffe.ExprSubscript):
            result = func.returns.slice
            func.returns = result if "operation" in bound else f"Pager[{result}]"
