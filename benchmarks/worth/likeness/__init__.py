"""How like unseen units generated lives are: judges that separate windows of both."""
