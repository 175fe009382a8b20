"""What users call. A method checks its arguments and asks its wire for the call."""
