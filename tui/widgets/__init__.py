"""One widget a file; what it draws is a pure function beside it."""
