"""The project's documents as pages of the console, so that they are at hand where they are needed."""
