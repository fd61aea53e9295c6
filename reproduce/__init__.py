"""Paper results beside this library's, outside the lessons: ``make reproduce``."""
