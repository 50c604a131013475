"""`flode verify`: whether an exported case is as it was exported."""

from __future__ import annotations

import base64
import binascii
import json
import os
from pathlib import Path

import click

from chassis.case import NotGenuine, digest_of, public_key
from chassis.case import verify as verified


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--key", "key_file", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The public key, as /<service>/audit/key.json gives it; else the one of FLODE_LINK_KEY.",
)  # fmt: skip
def verify(file: Path, key_file: Path | None) -> None:
    """Check the signature and every hash of the case in FILE."""
    try:
        key = json.loads(key_file.read_text()) if key_file else public_key(_secret())
        case = verified(file.read_bytes(), key)
    except (NotGenuine, ValueError) as wrong:
        raise click.ClickException(str(wrong)) from None
    click.echo(f"genuine: {len(case['events'])} events of {case['view']}, exported {case['exported_at']}")
    click.echo(f"digest: {digest_of(case)}, as it stands in the PDF of the case")


def _secret() -> bytes:
    try:
        return base64.b64decode(os.environ["FLODE_LINK_KEY"], validate=True)
    except (KeyError, binascii.Error):
        raise click.UsageError("say the public key by --key, or set FLODE_LINK_KEY") from None
