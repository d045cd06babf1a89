"""Where weights come from: one file a source; ``registry`` lists them."""
