"""The health page: whether assignment works, in one sentence, then in figures."""
