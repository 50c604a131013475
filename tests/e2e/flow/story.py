"""One request's way through the whole flow, told once and looked at by many tests.

Each chapter (`tickets`, `directive`, `ranks`, `work`, `cab`) does its steps and writes down what was answered and what
was shown right after, by a sentence; tests judge what was written down. So a test may be run alone, and sees what the
reader saw then, whatever happened later.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.e2e.installation import Installation


@dataclass
class Story:
    """What was answered and what was shown, so far."""

    here: Installation
    ids: dict[str, str] = field(default_factory=dict)
    """Of what the story is about: "project", "danish project", "round" …"""
    said: dict[str, httpx.Response] = field(default_factory=dict)
    shown: dict[str, Any] = field(default_factory=dict)

    def tried(self, sentence: str, who: str, method: str, path: str, content: object = None, **more: str) -> None:
        """Ask for something, and write down the answer, whatever it is."""
        self.said[sentence] = self.here.ask(who, method, path, content, **more)

    def done(self, sentence: str, who: str, path: str, content: object = None, **more: str) -> httpx.Response:
        """Ask for something that must succeed, and write down the answer."""
        self.said[sentence] = self.here.post(who, path, content, **more)
        return self.said[sentence]

    def done_by_put(self, sentence: str, who: str, path: str, content: object) -> httpx.Response:
        """The same for what is put in its place."""
        self.said[sentence] = self.here.put(who, path, content)
        return self.said[sentence]

    def saw(self, sentence: str, who: str, path: str) -> Any:
        """Read what is shown after the last write to the same service, and write it down."""
        self.shown[sentence] = self.here.get(who, path)
        return self.shown[sentence]

    def refused(self, sentence: str, status: int, rule: str | None) -> dict[str, Any]:
        """A refusal must be a problem in plain words that names its rule; returns it."""
        answer = self.said[sentence]
        assert answer.status_code == status, f"{sentence}: {answer.status_code} {answer.text}"
        assert answer.headers["content-type"].startswith("application/problem+json")
        problem: dict[str, Any] = answer.json()
        assert problem["status"] == status
        sentences = [problem["detail"], *(each["detail"] for each in problem.get("errors", ()))]
        assert all(each.endswith((".", "?")) for each in sentences), sentences
        rules = {problem.get("rule"), *(each.get("rule") for each in problem.get("errors", ()))}
        assert rule in rules, problem
        return problem
