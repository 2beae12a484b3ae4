"""The audit: who did what and when, before and after, over every log that people leave behind."""
