"""How staff sign in: password and second step, limits on guessing and on sessions, and who may help."""
