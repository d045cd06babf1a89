"""What pages ask for: photos, models, traces, explanations, what the URL says. Draws nothing."""
