"""What every widget is made of; ipywidgets is imported in this package alone.

The widgets themselves live in the folders of their lessons, `fltutor/course/`.
"""
