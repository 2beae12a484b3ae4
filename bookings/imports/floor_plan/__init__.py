"""Floor plans from files: read strictly, compared with what is there, and applied as the difference."""
