"""Evidence bundles: written for one phase, checked anywhere, imported as production's entrance ticket."""
