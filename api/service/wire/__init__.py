"""What is sent: models of the API's own, apart from those that the parts work with.

Each is made from a fact by the names of its fields (`of`), so that a field that is renamed or taken
away inside stops here, in a test, and not at a client. The words of enumerations are the shared
vocabulary of the project; `tests/api/service/wire.json` holds the names and types of everything.
"""
