"""Reading Signature-Input and Signature as our profile writes them: one signature, canonical, bounded.

Whatever else a stranger sends is refused, not repaired. The patterns have no part that could match in two ways, so they
take time linear in what they read, and nothing over 16 KiB is read at all.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from egov_serang.errors import SignatureInvalid

LONGEST: Final = 16 * 1024

_ITEM: Final = r'"@?[a-z0-9-]+"(?:;[a-z]+(?:="[A-Za-z0-9_.*-]*")?)*'
_TEXT: Final = r'"[\x20\x21\x23-\x5b\x5d-\x7e]*"'
_HEAD: Final = rf"(?P<label>[a-z*][a-z0-9_.*-]*)=(?P<params>\((?P<items>(?:{_ITEM}(?: {_ITEM})*)?)\)"
_INPUT: Final = re.compile(_HEAD + rf"(?P<rest>(?:;[a-z]+=(?:[0-9]{{1,15}}|{_TEXT}))*))")
_USUAL: Final = re.compile(
    _HEAD + r";created=([0-9]{10});expires=([0-9]{10})"
    rf";nonce=({_TEXT});keyid=({_TEXT});alg=({_TEXT});tag=({_TEXT}))"
)
"""The parameters in the order in which `MessageSigner` writes them, read in half the time; any other order will do."""
_PARAMETER: Final = re.compile(r';([a-z]+)=(?:([0-9]{1,15})|"([^"]*)")')
_SIGNATURE: Final = re.compile(r"(?P<label>[a-z*][a-z0-9_.*-]*)=:(?P<value>[A-Za-z0-9+/]+={0,2}):")


class Input(NamedTuple):
    """One signature's input.

    Attributes:
        label: its name.
        components: serialised identifiers, in order.
        parameters: whole numbers and texts, by name.
        params: all of it as it stands in the field; the last line of the signature base.
    """

    label: str
    components: tuple[str, ...]
    parameters: Mapping[str, int | str]
    params: str


def read_input(field: str | None) -> Input:
    """Read Signature-Input.

    Raises:
        SignatureInvalid: absent, too long, more than one signature, or not canonical.
    """
    text = bounded(field, "Signature-Input")
    usual = _USUAL.fullmatch(text)
    if usual is not None:
        label, params, items, created, expires, nonce, keyid, algorithm, tag = usual.groups()
        known: dict[str, int | str] = {
            "created": int(created),
            "expires": int(expires),
            "nonce": nonce[1:-1],
            "keyid": keyid[1:-1],
            "alg": algorithm[1:-1],
            "tag": tag[1:-1],
        }
        return Input(label, tuple(items.split(" ")) if items else (), known, params)
    found = _INPUT.fullmatch(text)
    if found is None:
        raise SignatureInvalid(
            "Signature-Input is not one canonical signature of this profile", code="signature_malformed"
        )
    label, params, items, rest = found.groups()
    pairs = _PARAMETER.findall(rest)
    parameters: dict[str, int | str] = {name: int(number) if number else text for name, number, text in pairs}
    if len(parameters) != len(pairs):
        raise SignatureInvalid("Signature-Input names a parameter twice", code="signature_malformed")
    return Input(label, tuple(items.split(" ")) if items else (), parameters, params)


def read_signature(field: str | None, label: str) -> bytes:
    """Read Signature, which must hold this label's and nothing else.

    Raises:
        SignatureInvalid: absent, too long, another label's, or not canonical base64.
    """
    found = _SIGNATURE.fullmatch(bounded(field, "Signature"))
    if found is None or found["label"] != label:
        raise SignatureInvalid(f"Signature does not hold one value labelled {label}", code="signature_malformed")
    try:
        signature = binascii.a2b_base64(found["value"], strict_mode=True)
    except binascii.Error:
        signature = b""
    # Two texts for the same bytes would let a replay look like something new.
    if binascii.b2a_base64(signature, newline=False).decode() != found["value"]:
        raise SignatureInvalid("Signature is not canonical base64", code="signature_malformed")
    return signature


def bounded(field: str | None, name: str) -> str:
    """A field that is there and short enough to be read.

    Raises:
        SignatureInvalid: absent (`signature_missing`) or over 16 KiB (`signature_malformed`).
    """
    if field is None:
        raise SignatureInvalid(f"the message has no {name}", code="signature_missing")
    if len(field) > LONGEST:
        raise SignatureInvalid(f"{name} is longer than {LONGEST} characters", code="signature_malformed")
    return field
