"""What is measured, scored, groomed and planned: the loop from what shipped to what is built next."""
