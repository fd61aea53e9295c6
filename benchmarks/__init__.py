"""How fast the engines are, beside what they should be measured against."""
