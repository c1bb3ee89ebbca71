"""The scorecard beside the transcript, and the agent's own page."""

from tests.support.desk_client import LogIn

ANSWERS = {"understood": "5", "solved": "5", "tone": "4", "next_step": "1"}


async def test_a_review_is_written_beside_the_transcript_and_read_by_the_agent(
    log_in: LogIn, seeded: dict[str, int]
) -> None:
    grace, elena, pavel = await log_in("grace"), await log_in("elena"), await log_in("pavel")
    path = f"/desk/quality/{seeded['maria']}"
    page = (await grace.get(path)).text
    assert "me llegaron solo dos sillas" in page
    assert "Amable y con palabras claras" in page
    answer = await grace.post(path, comment="<b>Muy bien</b>", **ANSWERS)
    assert (answer.status_code, answer.headers["location"]) == (303, path)
    own = (await elena.get("/desk/quality")).text
    assert "96 %" in own
    assert "&lt;b&gt;Muy bien&lt;/b&gt;" in own
    assert "Friendly, in plain words" in own
    assert "Muy bien" not in (await pavel.get("/desk/quality")).text


async def test_what_was_filled_in_is_kept_when_it_is_refused(log_in: LogIn, seeded: dict[str, int]) -> None:
    grace = await log_in("grace")
    answer = await grace.post(f"/desk/quality/{seeded['maria']}", comment="", tone="9")
    assert answer.status_code == 422
    refused = await grace.post(f"/desk/quality/{seeded['lucia']}", comment="Mejor así", tone="4")
    assert (refused.status_code, "no hay a quién evaluar" in refused.text) == (409, True)
    assert "Mejor así</textarea>" in refused.text
    assert 'name="tone" value="4" checked' in refused.text
