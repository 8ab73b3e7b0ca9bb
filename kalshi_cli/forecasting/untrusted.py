"""Text that others wrote, made fit to stand inside a prompt.

Titles, rules and search results are data. A model is told so, and the text can neither close the
block that it stands in nor hide characters from whoever reads the prompt on record.
"""

import unicodedata

KEPT = frozenset("\n\t")
LONGEST = 4_000
"""Characters of one block."""
CUT = " [cut]"
HARMLESS = {ord("<"): "\u2039", ord(">"): "\u203a"}


def cleaned(text: str, longest: int = LONGEST) -> str:
    """The text without control, format and private characters, at most `longest` characters.

    Angle brackets become their typographic kin, so that no text looks like a delimiter; compatible
    forms are folded first (NFKC), since some of them are brackets too.
    """
    harmless = _visible(unicodedata.normalize("NFKC", text)).translate(HARMLESS).strip()
    if len(harmless) <= longest:
        return harmless
    return harmless[: max(0, longest - len(CUT))] + CUT


def _visible(text: str) -> str:
    """The text without characters of category C, but for those that are kept."""
    if text.replace("\n", "").replace("\t", "").isprintable():
        return text  # most are, and to look at each character takes long
    return "".join(
        character
        for character in text
        if character in KEPT or unicodedata.category(character)[0] != "C"
    )


def block(name: str, text: str, longest: int = LONGEST) -> str:
    """A text between delimiters that it cannot contain."""
    return f"<{name}>\n{cleaned(text, longest)}\n</{name}>"
