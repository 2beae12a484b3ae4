"""The rollout: phases that set flags, sign-offs that bind to evidence, and a chain of records of it all."""
