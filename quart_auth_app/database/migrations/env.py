"""Alembic's entry point: runs the migrations on the given connection, in its transaction."""

from alembic import context

from quart_auth_app.database.migrations import VERSION_TABLE

attributes = context.config.attributes
context.configure(
    connection=attributes["connection"],
    version_table=attributes.get("version_table", VERSION_TABLE),
    target_metadata=attributes.get("metadata"),
    include_object=attributes.get("include_object"),
    render_item=attributes.get("render_item"),
    process_revision_directives=attributes.get("process_revision_directives"),
    on_version_apply=attributes.get("on_version_apply"),
    render_as_batch=True,  # SQLite has no other way to change a column
)
context.run_migrations()
