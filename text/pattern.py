"""Patterns that users type to find something: words, each of which may be a regular expression."""

import re


def pattern_of(word: str) -> re.Pattern[str]:
    """Return a word as a regular expression, whatever the case; one that is none, such as `a(`, as it is typed."""
    try:
        return re.compile(word, re.IGNORECASE)
    except re.error:
        return re.compile(re.escape(word), re.IGNORECASE)


def matches(text: str, words: str) -> bool:
    """Return whether a text has every one of the words, which are separated by spaces."""
    return all(pattern_of(word).search(text) for word in words.split())
