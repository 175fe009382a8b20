"""Comparing what was sent about a person with what the register holds."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import SequenceMatcher
from typing import Final

from pydantic import JsonValue

from egov_serang.models.identity import AttributeOutcome, AttributeResult, VerificationOutcome

ATTRIBUTES: Final = ("full_name", "birth_date", "birth_place", "sex", "address", "mother_name")


def compare(
    sent: Mapping[str, str], held: Mapping[str, str], matching: Mapping[str, JsonValue]
) -> dict[str, AttributeResult]:
    """The verdict on each attribute: exact after folding case and spaces, or by score where `matching` says so."""
    return {name: _verdict(value, held.get(name), matching.get(name)) for name, value in sent.items()}


def outcome_of(results: Mapping[str, AttributeResult]) -> VerificationOutcome:
    """`match` or `no_match` when all compared attributes agree on it, else `partial`; nothing compared is a match."""
    verdicts = {result.result for result in results.values()} & {AttributeOutcome.MATCH, AttributeOutcome.NO_MATCH}
    if verdicts == {AttributeOutcome.NO_MATCH}:
        return VerificationOutcome.NO_MATCH
    return VerificationOutcome.PARTIAL if len(verdicts) > 1 else VerificationOutcome.MATCH


def _verdict(sent: str, held: str | None, rule: JsonValue) -> AttributeResult:
    if held is None:
        return AttributeResult(result=AttributeOutcome.NOT_AVAILABLE)
    one, other = _folded(sent), _folded(held)
    wanted = rule.get("score") if isinstance(rule, dict) else None
    if not isinstance(wanted, int | float):
        return AttributeResult(result=AttributeOutcome.MATCH if one == other else AttributeOutcome.NO_MATCH)
    score = round(SequenceMatcher(None, one, other, autojunk=False).ratio() * 100)
    verdict = AttributeOutcome.MATCH if score >= wanted else AttributeOutcome.NO_MATCH
    return AttributeResult(result=verdict, score=score)


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())
