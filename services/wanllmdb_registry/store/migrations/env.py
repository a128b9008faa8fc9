"""Run migrations on the connection that `migrate` passes."""

from alembic import context

from wanllmdb_registry.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
