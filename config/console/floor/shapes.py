"""What the picture of a floor is made of: plain values, for the template to write down."""

from dataclasses import dataclass

from config.console.floor.evening import Seated


@dataclass(frozen=True, kw_only=True, slots=True)
class Lane:
    """A table's name and where its row begins."""

    number: str
    seats: int
    y: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ZoneHead:
    name: str
    y: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """A booking at one table, or at several that stand in neighbouring rows.

    A ghost `takes` the tables that its form sends.
    """

    pk: int
    x: str
    width: str
    y: int
    height: int
    tone: str
    icon: str
    party: int
    label: str
    title: str
    selected: bool = False
    buffer_x: str = ""
    buffer_width: str = ""
    over_x: str = ""
    over_width: str = ""
    takes: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """The chosen booking, and where it could sit: tables and what their form sends, the best first."""

    booking: Seated
    seats: tuple[tuple[tuple[int, ...], str], ...]
    verb: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Blocked:
    x: str
    width: str
    y: int
    label: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Tick:
    x: str
    label: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Plot:
    height: int
    lane_height: int
    zones: tuple[ZoneHead, ...]
    lanes: tuple[Lane, ...]
    ticks: tuple[Tick, ...]
    halves: tuple[str, ...]
    blocks: tuple[Blocked, ...]
    bars: tuple[Bar, ...]
    ghost: tuple[Bar, ...]
    now_x: str
    now_label: str
