"""What the kernels compute, and each of their parameters with its source.

Example: tachowatt kernels --markdown > docs/kernels.md
"""

from typing import Annotated

import typer

from app.commands.shared.console import out


def kernels(
    markdown: Annotated[bool, typer.Option("--markdown", help="As docs/kernels.md has it")] = False,
) -> None:
    from app.operations import kernel_reference

    if markdown:
        text = kernel_reference.markdown()
        out.print(text, markup=False, highlight=False, end="", soft_wrap=True)
        return
    for package in kernel_reference.PACKAGES:
        out.print(f"{package.__name__}: {package.__doc__}", highlight=False)
