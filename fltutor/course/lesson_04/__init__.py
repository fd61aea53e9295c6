"""Lesson 04, splitting data: its checks, widgets and words."""
