"""Figures from results: pictures, SVG and plotly figures. Nothing here knows about pages."""
