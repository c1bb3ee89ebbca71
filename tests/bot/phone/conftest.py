"""One contact centre with a telephone for all tests of this folder; every test places calls of its own."""

from collections.abc import AsyncIterator

import pytest

from crm_core.embedded import EmbeddedPostgres
from tests.support.phone import TOKEN_ENVIRONMENT, CarrierDouble, PhoneCentre, phone_centre
from tests.support.postgres import migrated_database


@pytest.fixture(scope="session")
async def whole_centre(
    postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[PhoneCentre]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in TOKEN_ENVIRONMENT.items():
            patch.setenv(name, value)
        url = migrated_database(postgres, "phone")
        async with phone_centre(tmp_path_factory.mktemp("phone"), url) as centre:
            yield centre


@pytest.fixture
def centre(whole_centre: PhoneCentre) -> PhoneCentre:
    whole_centre.carrier.calls.clear()
    whole_centre.carrier.status, whole_centre.carrier.paused = 201, "paused"
    return whole_centre


@pytest.fixture
def carrier(centre: PhoneCentre) -> CarrierDouble:
    return centre.carrier
