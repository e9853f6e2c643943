from __future__ import annotations

import pytest

from rag.answering.mentions import MedicineNames
from rag.answering.understand import Understanding
from rag.assembly import vocabulary
from rag.library import Library


@pytest.fixture(scope="session")
def names(library: Library) -> MedicineNames:
    return MedicineNames(library.medicines, vocabulary(library))


@pytest.fixture(scope="session")
def understanding(names: MedicineNames) -> Understanding:
    return Understanding(names)
