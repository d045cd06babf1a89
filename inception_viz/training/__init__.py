"""Train GoogLeNet on folders of pictures, and fit auxiliary heads to a trained trunk."""
