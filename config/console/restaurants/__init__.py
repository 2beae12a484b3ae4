"""The restaurants' pages: how each goes, its floor plan and calendar, and the editor of both."""
