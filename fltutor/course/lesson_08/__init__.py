"""Lesson 08, server optimisers: its checks, widgets and words."""
