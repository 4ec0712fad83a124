"""What the kernels compute, and each of their parameters with its source.

Examples:

  tachowatt kernels --markdown > docs/kernels.md

  tachowatt kernels --pictures docs/images/kernels
"""

from pathlib import Path
from typing import Annotated

import typer

from app.commands.shared.console import out


def kernels(
    markdown: Annotated[bool, typer.Option("--markdown", help="As docs/kernels.md has it")] = False,
    pictures: Annotated[
        Path | None, typer.Option("--pictures", help="Folder for pictures of features, as PNG")
    ] = None,
) -> None:
    from app.analysis import kernel_pictures
    from app.operations import kernel_reference

    if pictures is not None:
        for path in kernel_pictures.write(pictures):
            out.print(str(path), markup=False, highlight=False)
        return
    if markdown:
        text = kernel_reference.markdown(kernel_pictures.PICTURES)
        out.print(text, markup=False, highlight=False, end="", soft_wrap=True)
        return
    for package in kernel_reference.PACKAGES:
        out.print(f"{package.__name__}: {package.__doc__}", highlight=False)
