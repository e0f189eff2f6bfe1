"""The change list of Django's admin over the rows of the portal's lists, as it comes and without its full count."""
