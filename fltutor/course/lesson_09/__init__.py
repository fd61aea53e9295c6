"""Lesson 09, who shows up, and when: its checks, widgets and words."""
