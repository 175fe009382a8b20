"""Reading Signature-Input and Signature as our profile writes them: one signature, canonical, bounded.

Whatever else a stranger sends is refused, not repaired. The patterns have no part that could match in two ways, so they
take time linear in what they read, and nothing over 16 KiB is read at all.
"""

from __future__ import annotations

import binascii
import re
from typing import Final, NamedTuple

from egov_serang.errors import SignatureInvalid

LONGEST: Final = 16 * 1024

_ITEM: Final = r'"@?[a-z0-9-]+"(?:;[a-z]+(?:="[A-Za-z0-9_.*-]*")?)*'
_CHARACTERS: Final = r"[\x20\x21\x23-\x5b\x5d-\x7e]"
_TEXT: Final = rf'"{_CHARACTERS}*"'
_HEAD: Final = rf"(?P<label>[a-z*][a-z0-9_.*-]*)=(?P<params>\((?P<items>(?:{_ITEM}(?: {_ITEM})*)?)\)"
_INPUT: Final = re.compile(_HEAD + rf"(?P<rest>(?:;[a-z]+=(?:[0-9]{{1,15}}|{_TEXT}))*))")
_USUAL: Final = re.compile(
    _HEAD + r";created=([0-9]{10});expires=([0-9]{10})"
    rf';nonce="({_CHARACTERS}*)";keyid="({_CHARACTERS}*)";alg="({_CHARACTERS}*)";tag="({_CHARACTERS}*)")'
)
"""The parameters in the order in which `MessageSigner` writes them, read in half the time; any other order will do."""
_PARAMETERS: Final = ("created", "expires", "nonce", "keyid", "alg", "tag")
_NONCE: Final = range(22, 65)
"""128 bits are 22 characters of base64url and 32 of hexadecimal."""
_PARAMETER: Final = re.compile(r';([a-z]+)=(?:([0-9]{1,15})|"([^"]*)")')


class Input(NamedTuple):
    """One signature's input.

    Attributes:
        label: its name.
        components: serialised identifiers, in order.
        created: seconds since the epoch.
        expires: seconds since the epoch.
        nonce: 22 to 64 characters.
        keyid: the key.
        algorithm: RFC 9421 name.
        tag: of the application.
        params: all of it as it stands in the field; the last line of the signature base.
    """

    label: str
    components: tuple[str, ...]
    created: int
    expires: int
    nonce: str
    keyid: str
    algorithm: str
    tag: str
    params: str


def read_input(field: str | None) -> Input:
    """Read Signature-Input.

    Raises:
        SignatureInvalid: absent, too long, more than one signature, not canonical, or without exactly the parameters
            of the profile, each once and of its kind.
    """
    text = bounded(field, "Signature-Input")
    usual = _USUAL.fullmatch(text)
    if usual is not None and len(usual[6]) in _NONCE:
        label, params, items, created, expires, nonce, keyid, algorithm, tag = usual.groups()
        return Input(label, _listed(items), int(created), int(expires), nonce, keyid, algorithm, tag, params)
    found = _INPUT.fullmatch(text)
    if found is None:
        raise SignatureInvalid(
            "Signature-Input is not one canonical signature of this profile", code="signature_malformed"
        )
    label, params, items, rest = found.groups()
    pairs = _PARAMETER.findall(rest)
    given: dict[str, int | str] = {name: int(number) if number else text for name, number, text in pairs}
    if len(given) != len(pairs):
        raise SignatureInvalid("Signature-Input names a parameter twice", code="signature_malformed")
    match given:
        case {
            "created": int(begin),
            "expires": int(end),
            "nonce": str(once),
            "keyid": str(key),
            "alg": str(scheme),
            "tag": str(application),
            **others,
        } if not others and len(once) in _NONCE:
            return Input(label, _listed(items), begin, end, once, key, scheme, application, params)
        case _:
            raise SignatureInvalid(
                f"its parameters must be {', '.join(sorted(_PARAMETERS))}, each of its kind", code="parameters"
            )


def _listed(items: str) -> tuple[str, ...]:
    return tuple(items.split(" ")) if items else ()


def read_signature(field: str | None, label: str) -> bytes:
    """Read Signature, which must hold this label's and nothing else.

    Raises:
        SignatureInvalid: absent, too long, another label's, or not canonical base64.
    """
    text = bounded(field, "Signature")
    start = f"{label}=:"
    if not text.startswith(start):
        raise SignatureInvalid(f"Signature does not hold one value labelled {label}", code="signature_malformed")
    try:
        signature = binascii.a2b_base64(text[len(start) : -1], strict_mode=True)
    except ValueError:
        signature = b""
    # Two texts for the same bytes would let a replay look like something new.
    if f"{start}{binascii.b2a_base64(signature, newline=False).decode()}:" != text or not signature:
        raise SignatureInvalid("Signature is not one value in canonical base64", code="signature_malformed")
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
