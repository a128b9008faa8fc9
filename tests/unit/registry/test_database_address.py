"""Which servers an address of the database names."""

from __future__ import annotations

import pytest

from wanllmdb_registry.store.database_address import DatabaseAddress, DatabaseUrlError


@pytest.mark.parametrize(
    ("address", "hosts"),
    [
        ("postgresql://user:p@host:5433/name", ()),
        ("postgresql:///name", ()),
        ("postgresql://user:p@a:1,b:2/name", (("a", 1), ("b", 2))),
        ("postgresql://a,b:2,c", (("a", 5432), ("b", 2), ("c", 5432))),
        ("postgresql://user@[::1]:1,[fe80::2]/name", (("::1", 1), ("fe80::2", 5432))),
        ("postgresql:///name?host=a,b", (("a", 5432), ("b", 5432))),
        ("postgresql:///name?host=a,b&port=1", (("a", 1), ("b", 1))),
        ("postgresql:///name?host=/run/one,/run/two&port=1,2", (("/run/one", 1), ("/run/two", 2))),
    ],
)
def test_hosts_are_listed_if_there_are_several(
    address: str, hosts: tuple[tuple[str, int], ...]
) -> None:
    assert DatabaseAddress(address).hosts == hosts


def test_asyncpg_gets_one_host_and_the_options_of_the_address() -> None:
    address = DatabaseAddress(
        "postgresql+psycopg://user:p%40,s@a:1,b:2/name?target_session_attrs=read-write&sslmode=require"
    )
    assert address.dsn == "postgresql://user:p%40%2Cs@a:1/name?sslmode=require"
    assert address.hosts == (("a", 1), ("b", 2))
    assert address.url.drivername == "postgresql+asyncpg"


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://user:s3cret@a:port,b/name",
        "postgresql://user:s3cret@a,:2/name",
        "postgresql://user:s3cret@a,b:70000/name",
        "postgresql://user:s3cret@/name?host=a,b&port=1,2,3",
        "postgresql://user:s3cret@/name?host=a,b&port=x",
        "postgresql://user:s3cret@a,b/name?target_session_attrs=any",
        "mysql://user:s3cret@a,b/name",
    ],
)
def test_other_addresses_are_rejected_without_the_password(address: str) -> None:
    with pytest.raises(DatabaseUrlError) as rejected:
        DatabaseAddress(address)
    assert "s3cret" not in str(rejected.value)
