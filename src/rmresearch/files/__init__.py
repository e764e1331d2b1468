"""Files that appear whole or not at all, locks that name their holder, manifests that verify."""

from __future__ import annotations

from rmresearch.files.atomic import (
    TEMPORARY,
    create_bytes,
    sha256,
    sha256_text,
    to_json,
    to_lines,
    write_bytes,
    write_json,
    write_text,
)
from rmresearch.files.documents import parse_toml
from rmresearch.files.locks import lock
from rmresearch.files.manifest import (
    MANIFEST,
    Manifest,
    check_out,
    open_out,
    read_manifest,
    verify,
    write_manifest,
)

__all__ = [
    "MANIFEST",
    "TEMPORARY",
    "Manifest",
    "check_out",
    "create_bytes",
    "lock",
    "open_out",
    "parse_toml",
    "read_manifest",
    "sha256",
    "sha256_text",
    "to_json",
    "to_lines",
    "verify",
    "write_bytes",
    "write_json",
    "write_manifest",
    "write_text",
]
