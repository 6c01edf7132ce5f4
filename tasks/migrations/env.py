"""Alembic's environment: runs the migrations on the connection that `upgrade` hands over.

Migrations are frozen: each states the tables as they were when it was written and imports nothing
of the project, so that a later change of the code cannot change what an old store becomes.
"""

from alembic import context

context.configure(connection=context.config.attributes["connection"], render_as_batch=True)
context.run_migrations()
