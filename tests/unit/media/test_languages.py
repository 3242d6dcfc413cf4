"""The short cut around langcodes says what langcodes says."""

from __future__ import annotations

import subprocess
import sys

from langcodes import standardize_tag

from ingest.media.languages import OWN_NAMES, SHORT_TAGS
from ingest.media.plan.track_names import own_name


def test_every_tag_is_standard_and_has_the_name_that_the_library_gives() -> None:
    assert {tag: standardize_tag(tag) for tag in OWN_NAMES} == {tag: tag for tag in OWN_NAMES}
    assert {tag: own_name(tag) for tag in OWN_NAMES} == OWN_NAMES


def test_every_code_becomes_the_tag_that_the_library_gives() -> None:
    assert {code: standardize_tag(code) for code in SHORT_TAGS} == SHORT_TAGS
    assert set(SHORT_TAGS.values()) <= set(OWN_NAMES)


def test_a_daily_language_does_not_load_the_library() -> None:
    code = (
        "import sys; from ingest.media.plan.track_names import label\n"
        "from ingest.media.video_facts import language_tag\n"
        "print([label(language_tag(t), 'Audio') for t in ('eng', 'pt-BR')], 'langcodes' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "['English', 'Português (Brasil)'] False\n"
