"""A state machine as a table: rows of state, action, next state and the scope that may do it."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass

from egov_serang.sandbox.problems import Problem


@dataclass(frozen=True, slots=True)
class Rule:
    """In `state`, a caller with `scope` may do `action`, which leads to `to`. `scope=None`: the system alone."""

    state: str
    action: str
    to: str
    scope: str | None


class StateMachine:
    """Decides transitions by the table it is given."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = tuple(rules)
        self._by_key = {(rule.state, rule.action): rule for rule in self.rules}

    def allowed_actions(self, state: str, scopes: Container[str]) -> list[str]:
        """What a caller with these scopes may do now."""
        return [r.action for r in self.rules if r.state == state and r.scope is not None and r.scope in scopes]

    def next_state(self, state: str, action: str, scopes: Container[str]) -> str:
        """Where the action leads.

        Raises:
            Problem: invalid_transition, with the allowed actions, when the table has no such row for this caller.
        """
        return self.rule(state, action, scopes).to

    def rule(self, state: str, action: str, scopes: Container[str]) -> Rule:
        """The row that lets this caller do the action.

        Raises:
            Problem: as `next_state`.
        """
        rule = self._by_key.get((state, action))
        if rule is None or rule.scope is None or rule.scope not in scopes:
            raise Problem(
                "invalid_transition",
                "The action is not possible in this state for this caller.",
                allowed_actions=self.allowed_actions(state, scopes),
            )
        return rule
