"""The jars of Apache Kafka, fetched once by Maven into a cache that git ignores."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
CACHE = HERE.parents[1] / ".cache" / "kafka-libs"


class Missing(Exception):
    """A program that must be on this machine is not; the text says what to install."""


def program(name: str, package: str) -> str:
    """Return the path of a program, or raise `Missing` with the Debian package that holds it."""
    found = shutil.which(name)
    if found is None:
        raise Missing(f"{name} is not installed. On Debian and Ubuntu: apt-get install {package}")
    return found


def libraries(pom: Path = HERE / "pom.xml", cache: Path = CACHE) -> Path:
    """Return the folder of jars that `pom` asks for, fetched from Maven Central when not yet there.

    The folder is named for the pom's content, so raising a version fetches anew and a half-finished download is
    never mistaken for a whole one.
    """
    folder = cache / hashlib.sha256(pom.read_bytes()).hexdigest()[:12]
    if folder.is_dir():
        return folder
    maven = program("mvn", "maven")
    cache.mkdir(parents=True, exist_ok=True)
    arriving = Path(tempfile.mkdtemp(dir=cache, prefix="arriving-"))
    try:
        _copy_dependencies(maven, pom, arriving)
        arriving.chmod(0o755)
        arriving.rename(folder)
    finally:
        shutil.rmtree(arriving, ignore_errors=True)
    return folder


def _copy_dependencies(maven: str, pom: Path, into: Path) -> None:
    goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={into}"]
    done = subprocess.run(
        [maven, "--batch-mode", "--quiet", f"--file={pom}", *goal],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    if done.returncode != 0:
        raise Missing(f"Maven could not fetch the jars of Apache Kafka:\n{done.stdout}{done.stderr}")
