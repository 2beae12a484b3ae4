"""Flags pinned by the environment: a set variable decides in its process, whatever the database says."""

from dataclasses import dataclass

from django.conf import settings

from assignments.flags.errors import PinnedError

#: The variable that pins each flag.
VARIABLES = {
    "v3": "FEATURE_ASSIGNMENT_PIPELINE_V3",
    "shadow": "FEATURE_ASSIGNMENT_PIPELINE_V3_SHADOW",
    "max_parallel": "FEATURE_ASSIGNMENT_PIPELINE_V3_MAX_PARALLEL",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Pins:
    """What the environment says of each flag; None leaves it to the database."""

    v3: bool | None = None
    shadow: bool | None = None
    max_parallel: int | None = None

    def as_dict(self) -> dict[str, bool | int]:
        """The pinned flags and their values."""
        values = {"v3": self.v3, "shadow": self.shadow, "max_parallel": self.max_parallel}
        return {flag: value for flag, value in values.items() if value is not None}


def pins() -> Pins:
    """The pins of this process."""
    return Pins(**{flag: getattr(settings, variable) for flag, variable in VARIABLES.items()})


def refuse_pinned(flag: str) -> None:
    """Raise PinnedError if the environment of this process pins the flag."""
    value = pins().as_dict().get(flag)
    if value is not None:
        raise PinnedError(
            f"{flag} is pinned to {_written(value)} by the environment variable {VARIABLES[flag]}. "
            "Unset it and restart every process to change the flag here. The kill switch works regardless."
        )


def _written(value: bool | int) -> str:  # noqa: FBT001 - shown, no option
    return str(value).lower()
