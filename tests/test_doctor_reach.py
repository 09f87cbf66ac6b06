from __future__ import annotations

from pathlib import Path

from bot.app import open_app
from bot.core.store.executor import open_store
from bot.doctor.reach import media_of
from bot.playground.town import Town
from bot.settings import Settings
from tests.conftest import MASTER_KEY
from tests.harness import open_house
from tests.test_doctor import Capture, examined

PHONES = {
    "TWILIO_ACCOUNT_SID": "AC" + 32 * "0",
    "TWILIO_AUTH_TOKEN": "of-another-account",
    "TWILIO_FROM_NUMBER": "+12065550199",
    "TWILIO_API_URL": "http://127.0.0.1:1",
}


async def test_what_could_tell_nobody_is_named_beside_the_one_who_serves(
    database_url: str, capsys: Capture
) -> None:
    settings = {"IMBOT_DATABASE_URL": database_url, "IMBOT_MASTER_KEY": MASTER_KEY}
    store = await open_store(database_url, MASTER_KEY)
    async with open_house(store) as house:
        ana = await house.has_person("ana", "SMS")
        await house.has_escalation_plan("team", ana)
        mute = await examined(capsys, settings)
        heard = await examined(capsys, settings, **PHONES)
        for number in range(30):
            await house.has_contact(f"person-{number}")
        many = await examined(capsys, settings, **PHONES)
    await store.close()

    assert "Contact ana: None of the contact channels" in mute.words
    assert "no settings for SMS" in mute.words
    assert "Escalation plan team: Nobody it engages can be reached: ana." in mute.words
    assert "-> Give them stages, activated contact channels" in mute.words
    assert heard.states["reachability"] == "ok"
    assert many.text.count("Its plan has no stages.") == 20
    assert "And 10 more." in many.words


async def test_the_doctor_knows_the_media_that_serve_would_have(tmp_path: Path) -> None:
    bare = {"IMBOT_DATABASE_URL": f"sqlite:///{tmp_path / 'imbot.db'}"}
    async with Town() as town:
        full = Settings.model_validate({**bare, **town.settings, "IMBOT_PORT": "0"})
        async with open_app(full, only="engine") as app:
            assert media_of(full) == frozenset(app.channels) - {"http", "chime"}
    assert media_of(Settings.model_validate(bare)) == frozenset()
