"""A signer in a process of its own: holds the key, reads messages in hex from standard input, answers signatures."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import cast

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

key = load_pem_private_key(Path(sys.argv[1]).read_bytes(), None)
for line in sys.stdin:
    message = bytes.fromhex(line)
    if isinstance(key, Ed25519PrivateKey):
        signature = key.sign(message)
    else:
        signature = cast(EllipticCurvePrivateKey, key).sign(message, ECDSA(SHA256()))
    print(signature.hex(), flush=True)
