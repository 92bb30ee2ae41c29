"""The databases on which races are run: as it is, slowed down, and with one protection missing each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.concurrency import racing
from tests.stock.conftest import make_outlet, shop

__all__ = ["make_outlet", "shop"]


@pytest.fixture(scope="session")
def slowed_database() -> Iterator[str]:
    with racing.scratch_database("slowed", racing.with_naps(racing.functions()), racing.NAPS) as name:
        yield name


@pytest.fixture(scope="session")
def unlocked_database() -> Iterator[str]:
    script = racing.with_naps(racing.without_locks(racing.functions()))
    # One reversal of an operation is kept by a key as well; without it the lock's own part shows.
    keys = "DROP INDEX operation_reversed_once;"
    with racing.scratch_database("unlocked", script, racing.NAPS, keys) as name:
        yield name


@pytest.fixture(params=["as it is", "slowed down"])
def locks_on(request: pytest.FixtureRequest) -> Iterator[None]:
    """The product as it is; and with the pauses of the twins, so that the locks are all that sets those apart."""
    if request.param == "as it is":
        yield
    else:
        with racing.on_database(request.getfixturevalue("slowed_database")):
            yield


@pytest.fixture
def locks_off(unlocked_database: str) -> Iterator[None]:
    """The product without its row locks."""
    with racing.on_database(unlocked_database):
        yield


@pytest.fixture(scope="session")
def chainless_database() -> Iterator[str]:
    script = racing.without_locks(racing.functions())
    chain = """
      ALTER TABLE stock_batch DROP CONSTRAINT batch_head;
      ALTER TABLE stock_movement DROP CONSTRAINT movement_prev, DROP CONSTRAINT movement_link,
        DROP CONSTRAINT stock_movement_pkey;
    """
    with racing.scratch_database("chainless", script, racing.NAPS, chain) as name:
        yield name


@pytest.fixture
def locks_and_chain_off(chainless_database: str) -> Iterator[None]:
    """The product as the guide sketched it: without locks, and without keys that tie a line to the one before."""
    with racing.on_database(chainless_database):
        yield


@pytest.fixture(scope="session")
def unordered_database() -> Iterator[str]:
    script = racing.changed(
        racing.functions(),
        r"ORDER BY i\.variation_id, u\.batch_id, u\.line FOR NO KEY UPDATE OF i",
        "ORDER BY u.line FOR NO KEY UPDATE OF i",
    )
    # A pause between one lock and the next.
    script = racing.changed(script, r"= 'fifo' AS fifo\n", "= 'fifo' AS fifo, pg_sleep(0.02)::text AS nap\n")
    with racing.scratch_database("unordered", script, racing.IMPATIENT) as name:
        yield name


@pytest.fixture
def order_off(unordered_database: str) -> Iterator[None]:
    """The product with locks that are taken in the order of the customer's basket."""
    with racing.on_database(unordered_database):
        yield


@pytest.fixture(scope="session")
def keyless_database() -> Iterator[str]:
    script = racing.changed(racing.functions(), r"ON CONFLICT \(tenant_id, reference_id\) DO NOTHING", "")
    script = racing.changed(
        script,
        r"(FUNCTION lk\.deduct\(.*?PERFORM lk\.same_tenant\(p_tenant\);\n)",
        r"""\1
  IF EXISTS (SELECT FROM stock_operation o WHERE o.tenant_id = p_tenant AND o.reference_id = p_reference) THEN
    RETURN lk.replayed(p_tenant, p_reference, p_fingerprint);
  END IF;
  PERFORM pg_sleep(0.02);
""",
    )
    key = "ALTER TABLE stock_operation DROP CONSTRAINT operation_reference;"
    with racing.scratch_database("keyless", script, key) as name:
        yield name


@pytest.fixture
def key_off(keyless_database: str) -> Iterator[None]:
    """The product if it looked whether a reference was used, instead of letting a unique key decide."""
    with racing.on_database(keyless_database):
        yield


@pytest.fixture(scope="session")
def keyless_takes_database() -> Iterator[str]:
    keys = """
      ALTER TABLE stocktakes_stocktake DROP CONSTRAINT stocktake_reference;
      ALTER TABLE stocktakes_stocktakeobservation DROP CONSTRAINT observation_client_id;
    """
    with racing.scratch_database("keyless_takes", keys) as name:
        yield name


@pytest.fixture
def take_keys_off(keyless_takes_database: str) -> Iterator[None]:
    """Stock takes without the keys on their references and on the numbers of what was seen."""
    with racing.on_database(keyless_takes_database):
        yield
