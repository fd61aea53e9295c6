"""Lesson 06, measuring honestly: its checks, widgets and words."""
