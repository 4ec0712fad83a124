"""What was guessed about a file: stated in the answer, with the option that sets it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Guess:
    """One guess.

    about   : what was open: encoding, columns, decimal, thousands, date, clock, fuse
    column  : the column or columns, '' = the whole file
    found   : what was taken
    because : what it rests on
    option  : the option that sets it, '' = none is needed
    """

    about: str
    column: str
    found: str
    because: str
    option: str = ""

    def as_answer(self) -> dict[str, str]:
        """Return the guess as the answer states it."""
        return {
            "about": self.about,
            "column": self.column,
            "found": self.found,
            "because": self.because,
            "option": self.option,
        }

    def sentence(self) -> str:
        """Return the guess as one note."""
        where = f" of {self.column}" if self.column else ""
        set_with = f"; {self.option} sets it" if self.option else ""
        return f"{self.about}{where}: {self.found}, because {self.because}{set_with}"
