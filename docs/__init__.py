"""What the README links to, and the script that makes its picture."""
