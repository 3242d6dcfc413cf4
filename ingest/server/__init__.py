"""The job server: one record, readable and drivable in its own shape and in the dialects of five other systems."""
