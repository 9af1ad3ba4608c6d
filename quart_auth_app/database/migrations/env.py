"""Alembic's entry: runs the migrations on the connection, and in the transaction, that it is handed."""

from alembic import context

from quart_auth_app.database.migrations import VERSION_TABLE

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    version_table=VERSION_TABLE,
    target_metadata=context.config.attributes.get("metadata"),
    include_object=context.config.attributes.get("include_object"),
)
context.run_migrations()
