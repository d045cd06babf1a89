"""Architecture lab: edit the table, see what it costs, rebuild the network."""
