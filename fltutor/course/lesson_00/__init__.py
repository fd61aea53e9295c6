"""Lesson 00, start here: its checks, widgets and words."""
