"""PostgreSQL: tables, migrations, the write transaction and the reads."""
