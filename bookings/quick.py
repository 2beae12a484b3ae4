"""Commits that wait for no disk, for what may be lost if the database server crashes within a moment."""

#: A CTE for a statement whose commit need not wait. It counts only where the statement takes its row, so the
#: part that writes has to name `quick` among its tables. A later commit that does wait brings this one to
#: disk as well, and after a crash nothing is there that was written after something lost.
QUICK = "quick AS (SELECT set_config('synchronous_commit', 'off', true))"
