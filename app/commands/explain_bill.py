"""Compute a bill, and explain why it differs from last year's, as JSON.

The file (YAML or JSON) has `now` and, to be explained, `before`: start and end (the day after the
last), tariff with its versions in time, readings with status and source, and `gross` where the
billing system has billed. Amounts are computed exactly; shares add up to the difference to the
cent. What was billed otherwise than computed is a share of its own. docs/billing.md has an example.

Example:

  tachowatt explain-bill bill.yaml
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from app.commands.shared.console import print_json
from runtime.errors import Usage

BillFile = Annotated[Path, typer.Argument(help="YAML or JSON", show_default=False)]


def explain_bill(file: BillFile) -> None:
    import yaml
    from pydantic import ValidationError

    from app.analysis.bill import BillFileIn, answer

    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
        given = BillFileIn.model_validate(found)
        shown: dict[str, Any] = answer(given)
    except OSError as error:
        raise Usage(f"{file}: {error.strerror or error}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Usage(f"{file}: is no YAML or JSON: {error}") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise Usage(f"{file}: {where}: {first['msg']}") from None
    except ValueError as error:
        raise Usage(f"{file}: {error}") from None
    print_json(shown)
