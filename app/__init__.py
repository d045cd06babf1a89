"""The picture frame: pages around the library. No tensor math in here."""
