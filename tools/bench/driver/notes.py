"""What bounds each figure, as profiles have shown it; the bench adds what it measures beside."""

BOUNDS = {}
