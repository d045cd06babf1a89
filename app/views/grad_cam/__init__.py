"""Grad-CAM: where each module and branch looks."""
