"""One folder a lesson; :mod:`fltutor.catalogue` finds them."""
