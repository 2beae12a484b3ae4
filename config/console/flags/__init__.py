"""The flags page: which restaurant takes which path and why, what a change would do, and the kill switch."""
