"""Files that are whole or not there: writing, locks, the cache, downloads, names, CSV."""
