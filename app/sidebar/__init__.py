"""What stands beside every page: photo, model, class in question, toolbar."""
