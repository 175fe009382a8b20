"""What every command that reaches a gateway shares: four options, a client, an output, one way to fail."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, wraps
from typing import Annotated, Any, Concatenate, Final, ParamSpec, get_args

import typer

from egov_serang import Client, Config, EgovError
from egov_serang.cli import inputs
from egov_serang.cli.errors import ExitCode, close_output, exit_code, report, spoken
from egov_serang.cli.output import Output
from egov_serang.types import Language

P = ParamSpec("P")

_PANEL: Final = "Shared options"


@dataclass(frozen=True)
class Session:
    """The shared options of one command.

    Attributes:
        profile: as `--profile` names it.
        deadline: seconds for each whole call.
        language: of messages and answers.
        as_json: JSON instead of tables.
    """

    profile: str | None
    deadline: float | None
    language: Language | None
    as_json: bool

    @property
    def explicit(self) -> dict[str, Any]:
        """The settings the command line gave, for `Config.load`."""
        given = {"deadline": self.deadline, "language": self.language}
        return {name: value for name, value in given.items() if value is not None}

    @cached_property
    def out(self) -> Output:
        """Where results go."""
        return Output(as_json=self.as_json)

    def client(self) -> Client:
        """A client of the profile in effect; use it in a `with` block."""
        return Client(Config.load(self.profile, **self.explicit))


_SHARED: Final[dict[str, tuple[Any, Any]]] = {
    "profile": (
        Annotated[
            str | None,
            typer.Option("--profile", help="Profile of the configuration file.", rich_help_panel=_PANEL),
        ],
        None,
    ),
    "deadline": (
        Annotated[
            float | None,
            typer.Option(
                "--deadline", min=0.001, help="Seconds for a whole call, repetitions included.", rich_help_panel=_PANEL
            ),
        ],
        None,
    ),
    "language": (
        Annotated[
            Language | None,
            typer.Option("--language", help="Of messages and answers; messages follow LANG.", rich_help_panel=_PANEL),
        ],
        None,
    ),
    "as_json": (
        Annotated[
            bool,
            typer.Option("--json", help="JSON for scripts: a document, or lines for a list.", rich_help_panel=_PANEL),
        ],
        False,
    ),
}


def command(
    app: typer.Typer, name: str | None = None
) -> Callable[[Callable[Concatenate[Session, P], None]], Callable[Concatenate[Session, P], None]]:
    """Make a function a command: its first parameter becomes the shared options, its errors exit codes.

    Args:
        app: the group.
        name: of the command; the function's own by default.
    """

    def register(function: Callable[Concatenate[Session, P], None]) -> Callable[Concatenate[Session, P], None]:
        signature = inspect.signature(function, eval_str=True)
        own = list(signature.parameters.values())[1:]
        shared = [
            inspect.Parameter(key, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
            for key, (kind, default) in _SHARED.items()
        ]
        keyword = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own]
        written = [parameter.name for parameter in own if _is_written(parameter)]

        body: Callable[..., None] = function

        @wraps(function)
        def run(**given: Any) -> None:
            session = Session(**{key: given.pop(key) for key in _SHARED})
            inputs.no_numbers({name: given[name] for name in written})
            _carry_out(session, lambda: body(session, **given))

        vars(run)["__signature__"] = signature.replace(parameters=[*keyword, *shared])
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in [*keyword, *shared]}
        app.command(name)(run)
        return function

    return register


def _is_written(parameter: inspect.Parameter) -> bool:
    """Whether people write its value; file names and keys are made by machines, and may have any digits."""
    infos = get_args(parameter.annotation)[1:]
    return parameter.name != "idempotency_key" and all(getattr(info, "metavar", None) != "FILE" for info in infos)


def _carry_out(session: Session, work: Callable[[], None]) -> None:
    language = spoken(session.language)
    try:
        try:
            work()
        finally:
            sys.stdout.flush()
    except EgovError as error:
        report(error, language)
        code = exit_code(error)
    except BrokenPipeError:
        close_output()
        code = ExitCode.OK  # the reader had enough: `egov ... | head -1` is no failure
    except KeyboardInterrupt:
        typer.echo("\nDihentikan." if language == "id" else "\nInterrupted.", err=True)
        code = ExitCode.INTERRUPTED
    else:
        return
    raise typer.Exit(int(code))
