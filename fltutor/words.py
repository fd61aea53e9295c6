"""The library's sentences, in the language that a learner chose.

English is the source. A sentence that a user sees is a template with named
placeholders, ``_("{n} clients").format(n=n)``, which :func:`_` looks up in the
catalogue of the chosen language; what is not translated stays English.
"""

from __future__ import annotations

import gettext
from pathlib import Path

#: ``<language>/LC_MESSAGES/fltutor.mo``, one folder a language.
FOLDER = Path(__file__).parent / "translations"
SOURCE = "en"

_chosen: gettext.NullTranslations = gettext.NullTranslations()


def languages() -> tuple[str, ...]:
    """Return the languages there are, English first."""
    found = sorted(path.parents[1].name for path in FOLDER.glob("*/*/fltutor.mo"))
    return (SOURCE, *found)


def use(language: str) -> None:
    """Choose the language of every sentence from now on.

    Raises
    ------
    ValueError
        a language that the course does not have; the message names those it has.
    """
    global _chosen
    if language not in languages():  # in the form of validate, which stands above
        raise ValueError(
            _("Got language={got!r}, need one of {known}. Check the spelling.").format(
                got=language, known=", ".join(map(repr, languages()))
            )
        )
    _chosen = (
        gettext.NullTranslations()
        if language == SOURCE
        else gettext.translation("fltutor", FOLDER, [language])
    )


def _(template: str) -> str:
    """Return a sentence's template in the chosen language.

    Examples
    --------
    >>> _("{n} clients").format(n=3)
    '3 clients'
    """
    return _chosen.gettext(template)
