"""Create the table of API keys."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("key_id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("role", sa.Integer, nullable=False),
        sa.Column("projects", sa.JSON, nullable=False),
        sa.Column("secret_sha256", sa.LargeBinary, nullable=False),
        sa.Column("creator_key_id", sa.Text, nullable=False),
        sa.Column("request_id", sa.Uuid(as_uuid=False), nullable=False, unique=True),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expire_time", sa.DateTime(timezone=True)),
        sa.Column("revoke_time", sa.DateTime(timezone=True)),
    )
    op.create_index("api_keys_by_time", "api_keys", ["create_time", "key_id"])


def downgrade() -> None:
    op.drop_table("api_keys")
