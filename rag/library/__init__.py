"""Reads and validates `corpus/` into records: all that the assistant knows.

    library = load_library(Path("corpus"))
    library.passages["schimmel-2020-liver#1"].text

`load_library` refuses a corpus with any problem, so that the rest of the program
never meets a citation of a passage that is not there.
"""

from rag.library.checks import check_corpus
from rag.library.library import Library, load_library
from rag.library.messages import Messages

__all__ = ["Library", "Messages", "check_corpus", "load_library"]
