"""What somebody wrote in HTML, as the text a person reads: scripts, images and layout gone, lines and links kept."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import nh3

ALLOWED = {
    "a", "blockquote", "br", "div", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "td", "th", "tr",
    "ul",
}  # fmt: skip
_CELLS = {"td", "th"}
_LINES = ALLOWED - {"a"} - _CELLS
_TAGS = "a|b|br|div|em|h[1-6]|html|i|img|li|ol|p|script|span|strong|table|ul"
_LOOKS_LIKE_HTML = re.compile(rf"</?(?:{_TAGS})\b[^<>]*>", re.IGNORECASE)


def is_html(text: str) -> bool:
    """Whether a text whose format nobody told looks like HTML; "a < b" does not."""
    return _LOOKS_LIKE_HTML.search(text) is not None


SHOWN = ALLOWED | {
    "b", "code", "del", "em", "i", "ins", "s", "strong", "sub", "sup", "table", "tbody", "td", "th", "thead", "u",
}  # fmt: skip
"""What is kept of markup. Nothing that is fetched, runs, or looks like a part of the page around it."""
_SAYS_MORE = re.compile(r"<(?!/|br>|div>|p>|span>)")


def clean(html: str) -> str:
    """HTML that nobody vouches for, as it may be shown: nothing is fetched, nothing runs, no styles, and links say
    nothing of where they were followed from. A heading is bold: the page's own headings are its outline."""
    kept = nh3.clean(
        html, tags=SHOWN, attributes={"a": {"href"}}, url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )  # fmt: skip
    return re.sub(r"</h[1-6]>", "</strong></p>", re.sub(r"<h[1-6]>", "<p><strong>", kept)).strip()


def says_more_than_text(html: str) -> bool:
    """Whether cleaned HTML has more in it than lines of text, which are the same without it."""
    return _SAYS_MORE.search(html) is not None


def plain(html: str) -> str:
    """The text of HTML that nobody vouches for. Nothing is fetched; what is kept is text and will be escaped again."""
    reader = _Reader()
    reader.feed(nh3.clean(html, tags=ALLOWED, attributes={"a": {"href"}}, url_schemes={"http", "https", "mailto"}))
    reader.close()
    lines = [" ".join(line.split()) for line in "".join(reader.written).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.written: list[str] = []
        self._link: str | None = None
        self._link_from = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self._link, self._link_from = dict(attrs).get("href"), len(self.written)
        elif tag in _CELLS:
            self.written.append("" if self.written[-1:] == ["\n"] else " | ")
        elif tag in _LINES:
            self.written.append("\n- " if tag == "li" else "\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "blockquote"):
            self.written.append("\n")
        if tag == "a" and self._link:
            said = "".join(self.written[self._link_from :]).strip()
            if self._link.removeprefix("mailto:") != said:
                self.written.append(f" ({self._link})")
            self._link = None

    def handle_data(self, data: str) -> None:
        self.written.append(re.sub(r"\s+", " ", data))
