"""Rollups: counts of what happened by minute, hour and day, filled by the workers' upkeep."""

from observability.rollups.fill import Progress as Progress
from observability.rollups.fill import drop_narrow as drop_narrow
from observability.rollups.fill import forget as forget
from observability.rollups.fill import progress as progress
from observability.rollups.fill import roll_up as roll_up
