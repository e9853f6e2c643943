"""English wins every doubt; other languages are told apart."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.safety.language import detect


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("es", "¿El kratom sirve para la depresión?"),
        ("es", "puedo tomar kratom"),
        ("es", "quiero morirme"),
        ("fr", "Est-ce que le kratom est dangereux pour le foie ?"),
        ("de", "kann ich kratom mit sertralin nehmen"),
        ("pt", "posso misturar kratom com álcool"),
        ("it", "Il kratom fa male al fegato?"),
        ("nl", "Is kratom verslavend en wat zijn de bijwerkingen?"),
        ("ms", "Adakah daun ketum selamat untuk orang yang murung?"),
        ("id", "Apakah kratom aman diminum bersama obat antidepresan?"),
        ("th", "ใบกระท่อมช่วยเรื่องซึมเศร้าได้ไหม"),
        ("ru", "кратом помогает от депрессии?"),
        ("ar", "هل القرطوم خطير؟"),
        ("ja", "クラトムは安全ですか"),
        ("zh", "卡痛能治疗抑郁症吗"),
        ("ko", "크라톰은 안전한가요"),
        ("es", "hola"),
        ("fr", "merci"),
    ],
)
def test_other_languages_are_told_apart(code, text):
    assert detect(text) == code


@pytest.mark.parametrize(
    "text",
    [
        "kratom", "zoloft", "sertralina", "lol", "k", "7oh??", "", "😀", "1234", "pls halp me",
        "wat iz kratum gud 4 deprsion", "kratom n zoloft ok?", "hola can i take kratom with zoloft",
        "my amigo takes kratom todo el dia, is that bad", "aint feelin gud ngl", "suboxone v kratom",
        "maeng da red bali", "is kratom haram or halal in islam?", "what does 'gracias' mean",
        "dis shit got me trippin fr fr no cap", "Mitragyna speciosa korth",
    ],
)  # fmt: skip
def test_english_slang_and_names_stay_english(text):
    assert detect(text) == "en"


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300))
def test_any_text_has_a_language(text):
    assert 2 <= len(detect(text)) <= 3


def test_the_detector_is_built_on_first_need_only():
    code = "import sys; from rag.safety.language import detect; detect('is it safe'); sys.exit('lingua' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
